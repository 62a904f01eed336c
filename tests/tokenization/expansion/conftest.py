"""A small made-up corpus of shards, a small base trained here, and Mistral's first tokenizer expanded."""

import io
import random
import signal
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from corpus.command_line import run
from corpus.schema import SHARD_COLUMNS
from tokenization.expand import main
from tokenization.expand_config import ExpandConfig

Row = tuple[str, str, str, str, str]  # id, text, language, domain, dialect

STEMS = """
كتاب مدينة شركة جامعة طبيب مهندس سوق بحر طريق قطار مطار مصنع حديقة مدرسة مكتبة باحث طالب عامل ساكن زائر معلم مشروع
برنامج مؤتمر تقرير خطة نتيجة سعر طاقة ماء زراعة صناعة تجارة سياحة رياضة صحة تعليم بيئة تقنية اقتصاد يوم شهر سنة صباح
""".split()
PARTICLES = "في من على إلى عن مع هذا هذه التي الذي كان قد بعد قبل كل أن لا ما هو هي بين حتى ثم أو لم".split()
EGYPTIAN = "ازاي عايز كده دلوقتي النهارده بتاع ايه فين علشان برضه".split()
ENGLISH = (
    "the of and a city reads quickly while engineers build bridges under grey skies every morning".split()
)
CODE = "def area(width, height):\n    # two  spaces\n\treturn width * height  # px\n"


def arabic_sentence(chance: random.Random, extra: Sequence[str] = ()) -> str:
    words = []
    for _ in range(chance.randrange(6, 16)):
        kind = chance.random()
        if kind < 0.35:
            words.append(chance.choice(PARTICLES))
        elif extra and kind < 0.5:
            words.append(chance.choice(extra))
        else:
            prefix = chance.choice(("", "", "ال", "ال", "وال", "بال", "لل", "و"))
            words.append(prefix + chance.choice(STEMS) + chance.choice(("", "", "", "ها", "نا", "هم")))
    if chance.random() < 0.2:
        words.insert(1, "مُدَرِّسٌ")
    return " ".join(words) + chance.choice((".", "،", "؟", " ٢٠٢٤.", "!"))


def document(chance: random.Random, language: str, extra: Sequence[str] = ()) -> str:
    lines = []
    for _ in range(chance.randrange(3, 8)):
        english = " ".join(chance.choice(ENGLISH) for _ in range(9)) + "."
        lines.append(english if language == "en" or chance.random() < 0.1 else arabic_sentence(chance, extra))
    return "\n".join(lines)


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    documents = pl.DataFrame(
        rows,
        schema=dict.fromkeys(("id", "text", "language", "domain", "dialect"), pl.String),
        orient="row",
    ).with_columns(
        source=pl.col("id").str.split("/").list.first(),
        characters=pl.col("text").str.len_chars().cast(pl.Int64),
        words=pl.col("text").str.count_matches(r"\S+").cast(pl.Int64),
        kind=pl.lit("natural"),
    )
    return documents.select(
        pl.col(name).cast(kind) if name in documents.columns else pl.lit(None, kind).alias(name)
        for name, kind in SHARD_COLUMNS.items()
    )


def write_shards(directory: Path, frames: dict[str, pl.DataFrame]) -> Path:
    (directory / "shards").mkdir(parents=True)
    for name, documents in frames.items():
        documents.write_parquet(directory / "shards" / f"{name}-00000.parquet")
    return directory


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = random.Random(3)
    news = [(f"news/{i}", document(chance, "ar"), "ar", "news", "") for i in range(300)]
    forum = [(f"forum/{i}", document(chance, "ar", EGYPTIAN), "ar", "web", "arz") for i in range(80)]
    prose = [(f"prose/{i}", document(chance, "en") + "\n" + CODE, "en", "web", "") for i in range(60)]
    return write_shards(
        tmp_path_factory.mktemp("corpus"), {"forum": frame(forum), "news": frame(news), "prose": frame(prose)}
    )


@pytest.fixture(scope="session")
def shards_of() -> Callable[[Path, Sequence[Row]], Path]:
    """Write rows as the only shard of a corpus; returns its directory."""
    return lambda directory, rows: write_shards(directory, {"made_up": frame(rows)})


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of some hundred pieces, trained here on English and code; it knows no Arabic at all."""
    from sentencepiece import SentencePieceTrainer

    chance = random.Random(5)
    lines = [line for _ in range(200) for line in (*document(chance, "en").split("\n"), *CODE.split("\n"))]
    path = tmp_path_factory.mktemp("base") / "small.model"
    with path.open("wb") as file:
        SentencePieceTrainer.train(
            sentence_iterator=iter(line for line in lines if line),
            model_writer=file,
            model_type="bpe",
            vocab_size=420,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            byte_fallback=True,
            minloglevel=2,
        )
    return path


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Expander:
    """Runs `python -m tokenization.expand`, in this process to spare the imports."""

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus

    def __call__(self, output: Path, code: int = 0, **settings: object) -> Outcome:
        given = {"corpus": self.corpus, "output_dir": output, "pieces": 200} | settings
        arguments = [f"--{name.replace('__', '.')}={value}" for name, value in given.items()]
        printed, said = io.StringIO(), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        with redirect_stdout(printed), redirect_stderr(said), pytest.raises(SystemExit) as ended:
            run(main, ExpandConfig, "tokenization.expand", arguments)
        signal.signal(signal.SIGTERM, handler)
        assert ended.value.code == code, said.getvalue() + printed.getvalue()
        return Outcome(code, printed.getvalue(), said.getvalue())


@pytest.fixture(scope="session")
def expand(corpus_dir: Path) -> Expander:
    return Expander(corpus_dir)


@pytest.fixture(scope="session")
def expanded_dir(expand: Expander, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("expanded") / "out"
    expand(output, series="[50, 120]")
    return output
