"""From the settings of a run to its token files and weights, made first where they are missing."""

from dataclasses import dataclass
from pathlib import Path

from nemo_recipes.data.settings import Data, Tokens
from nemo_recipes.data.token_directory import TokenDirectory, check_no_leak, open_token_directory
from nemo_recipes.data.weights import read_plan, weights_of
from nemo_recipes.errors import PretrainingError


@dataclass(frozen=True, kw_only=True)
class PreparedData:
    """Token files that were checked, the share of each part, and the plan that says so."""

    directory: TokenDirectory
    weights: dict[str, float]
    plan: Path


def prepare(data: Data, output_dir: Path, checkpoint: str = "", tokens: str = "") -> PreparedData:
    """Make the token files unless they are there, and see that they can be trained on.

    In a distributed run the first rank calls this before the others do: one at a time may write. `checkpoint` lends its
    tokenizer where the settings name none, and `tokens` replaces the settings' token files (those of a growing
    vocabulary).

    Raises:
        PretrainingError: Something is missing, of another corpus or tokenizer, or validation texts are trained on.
        CorpusError: The corpus is not finished.
    """
    place = Path(tokens or data.tokens or output_dir / "tokens")
    if not (place / "manifest.json").is_file():
        _encode(data, place, data.tokenizer or checkpoint)
    directory = open_token_directory(place)
    check_no_leak(directory)
    plan = plan_path(data)
    weights = weights_of(read_plan(plan), directory, data.replay_share, data.replay_language)
    return PreparedData(directory=directory, weights=weights, plan=plan)


def plan_path(data: Data) -> Path:
    """The plan that the settings mean.

    Raises:
        PretrainingError: They name none, and no corpus that could have one.
    """
    if data.plan:
        return Path(data.plan)
    if not data.corpus:
        raise PretrainingError("data.plan is empty, and so is data.corpus, where one could be: name the plan")
    return Path(data.corpus, "mixture.yaml")


def _encode(data: Data, place: Path, tokenizer: str) -> None:
    if not data.corpus or not tokenizer:
        lacking = "data.tokenizer" if data.corpus else "data.corpus"
        raise PretrainingError(
            f"{place}: no token files here, and {lacking} is empty: name it, and they are made"
        )
    from nemo_recipes.data.token_files import encode

    encode(
        Tokens(
            corpus=data.corpus,
            tokenizer=tokenizer,
            output_dir=str(place),
            validation_share=data.validation_share,
            begin_of_document=data.begin_of_document,
            end_piece=data.end_piece,
            workers=data.workers,
        )
    )
