"""The templates that come with Daad, and the control pieces that each one needs."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Template:
    """A chat template.

    Attributes:
        name: How settings call it.
        markers: Control pieces that it writes besides begin and end of text, each one id of its own.
        end_of_turn: The control piece that ends an answer; empty for the tokenizer's end of text.
    """

    name: str
    markers: tuple[str, ...]
    end_of_turn: str = ""

    @property
    def source(self) -> str:
        """The Jinja text."""
        return files(__name__).joinpath(f"{self.name}.jinja").read_text(encoding="utf-8")


TEMPLATES = {
    template.name: template
    for template in (
        Template(
            name="llama2-like",
            markers=("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL]", "[/TOOL]"),
        ),
        Template(name="chatml", markers=("<|im_start|>", "<|im_end|>"), end_of_turn="<|im_end|>"),
    )
}
