"""What a user can set of translation. Standard library only, but for the endpoint's settings: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from corpus.clean_pairs.settings import PairRules
from corpus.endpoint.settings import EndpointSettings

_NAMES = {"ar": "Modern Standard Arabic", "en": "English"}


def default_rules() -> PairRules:
    """Rules on a sentence and its translation: all numbers are kept, and hardly a word is left in the old language.

    Chosen on half of two thousand sentences of news that people translated, with planted damage, and tried on the
    other half: `benchmarks/translation_checks.py`. Counts of words say nothing that counts of characters do not.
    """
    return PairRules(minimum_numbers=1.0, maximum_character_ratio=2.0, maximum_word_ratio=0.0)


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What a translated sentence must be like, and how many of a document may not be.

    Attributes:
        rules: Rules on a sentence and its translation: lengths, scripts, language, copied words, numbers, addresses.
        maximum_repeats: A word or phrase that comes more often than this without a break is a loop.
        round_trip: Directory of a model that translates back; the chrF of the way there and back is kept by sentence.
        minimum_round_trip: Least chrF, 0 to 100, of a sentence that was translated back.
        quality_model: Directory of a Hugging Face classifier with one output that reads the sentence and its
            translation (quality estimation).
        minimum_quality: Least output of the quality model.
        maximum_failed: A document is dropped where more than this share of its characters is in failed sentences.
    """

    rules: PairRules = field(default_factory=default_rules)
    maximum_repeats: int = 3
    round_trip: str = ""
    minimum_round_trip: float = 0.0
    quality_model: str = ""
    minimum_quality: float = 0.0
    maximum_failed: float = 0.3

    def __post_init__(self) -> None:
        if self.maximum_repeats < 1:
            raise ValueError(f"maximum_repeats must be at least 1, got {self.maximum_repeats}")
        if not 0 <= self.maximum_failed <= 1:
            raise ValueError(f"maximum_failed must be from 0 to 1, got {self.maximum_failed}")
        if not 0 <= self.minimum_round_trip <= 100:
            raise ValueError(f"minimum_round_trip must be from 0 to 100, got {self.minimum_round_trip}")


@dataclass(frozen=True, kw_only=True)
class Generation:
    """How a model in a directory translates.

    Attributes:
        source_code: The model's code of the language translated from (eng_Latn, en, ...); empty to find it.
        target_code: The model's code of the language translated into (arb_Arab, ar, ...); empty to find it.
        prefix: What is put before each sentence, such as >>ara<< for Marian models with several languages.
        beams: Width of the beam; 1 is greedy.
        batch_tokens: Tokens of a batch, padding with them.
        longest: Most tokens of a sentence and of its translation; one that is longer has none, and fails its checks.
        length_factor: A translation has at most so many times the tokens of its sentence, and 16 more.
        device: Where the model runs: cpu, cuda, cuda:1, ...
        dtype: Precision of the weights; int8 is for ctranslate2 alone, and the fastest on processors.
        engine: What runs the model: transformers, or ctranslate2, which is faster and needs daad[translation]. It
            converts the weights once and keeps them in the output directory.
    """

    source_code: str = ""
    target_code: str = ""
    prefix: str = ""
    beams: int = 1
    batch_tokens: int = 4096
    longest: int = 512
    length_factor: float = 2.0
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16", "int8"] = "float32"
    engine: Literal["transformers", "ctranslate2"] = "transformers"

    def __post_init__(self) -> None:
        for name in ("beams", "batch_tokens", "longest"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.length_factor <= 0:
            raise ValueError(f"length_factor must be above 0, got {self.length_factor}")
        if self.dtype == "int8" and self.engine != "ctranslate2":
            raise ValueError("dtype int8 goes with engine ctranslate2")


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Translate the documents of a corpus from English into Arabic (or back), sentence by sentence.

    Attributes:
        corpus: Directory of a finished corpus.
        output_dir: Directory of the translated corpus.
        translator: Directory of a Hugging Face sequence-to-sequence model (Marian, NLLB, M2M, ...); empty to ask the
            endpoint.
        endpoint: A model behind an OpenAI-compatible address, such as vLLM's.
        instruction: What the endpoint is told before each sentence; empty for a line that names the target language.
        source_language: Language of the documents that are translated, en or ar.
        target_language: Language that they are translated into, ar or en.
        sources: Names of the sources that are translated; empty for all.
        generation: How a model in a directory translates.
        checks: What translations must be like.
        max_documents: Quick trial: only the first so many documents of each shard; 0 for all.
        watts: Power of a busy core, for the estimate of energy where the machine does not tell.
        examples: Documents that the report shows.
    """

    corpus: str
    output_dir: str
    translator: str = ""
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    instruction: str = ""
    source_language: Literal["en", "ar"] = "en"
    target_language: Literal["ar", "en"] = "ar"
    sources: list[str] = field(default_factory=list)
    generation: Generation = field(default_factory=Generation)
    checks: Checks = field(default_factory=Checks)
    max_documents: int = 0
    watts: float = 15.0
    examples: int = 12

    def __post_init__(self) -> None:
        for name in ("corpus", "output_dir"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name a directory")
        if bool(self.translator) == bool(self.endpoint.url):
            raise ValueError("give either translator, the directory of a model, or endpoint.url")
        if self.source_language == self.target_language:
            raise ValueError(
                f"target_language must be another than source_language, got {self.target_language} twice"
            )
        for name in ("max_documents", "examples", "watts"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")

    @property
    def told(self) -> str:
        """What the endpoint is told before each sentence."""
        return self.instruction or (
            f"Translate the user's text into {_NAMES[self.target_language]}. Answer with the translation only."
        )

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what is made."""
        settings = asdict(self)
        for name in ("output_dir", "corpus", "endpoint", "watts", "examples"):
            del settings[name]
        return settings | {"endpoint": {"url": self.endpoint.url, "model": self.endpoint.model}}
