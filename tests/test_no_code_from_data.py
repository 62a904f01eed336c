"""Nothing that is read can run: the source is searched for what would, and a planted pickle stays shut."""

import ast
import os
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corpus.errors import DaadError

ROOT = Path(__file__).parent.parent
ROOMS = (
    "corpus",
    "tokenization",
    "nemo_recipes",
    "alignment",
    "benchmarks",
    "experiments",
    "demo",
    "requirements",
)

FORBIDDEN: dict[str, str] = {
    "eval": "runs text", "exec": "runs text", "compile": "makes code of text", "os.system": "asks a shell",
    "os.popen": "asks a shell", "marshal.loads": "makes code of bytes", "marshal.load": "makes code of bytes",
    "pickle.load": "unpickles", "pickle.loads": "unpickles", "pickle.Unpickler": "unpickles",
    "cloudpickle.load": "unpickles", "cloudpickle.loads": "unpickles", "dill.load": "unpickles",
    "dill.loads": "unpickles", "joblib.load": "unpickles", "shelve.open": "unpickles", "pd.read_pickle": "unpickles",
    "yaml.load": "makes objects", "yaml.unsafe_load": "makes objects", "yaml.full_load": "makes objects",
    "torch.hub.load": "runs a stranger's code", "tarfile.open": "unpacks paths", "shutil.unpack_archive":
    "unpacks paths", "extractall": "unpacks paths", "tempfile.mktemp": "is raced",
}  # fmt: skip

ALLOWED = {("corpus/scale/daft_engine.py", "pickle.loads")}
"""Tasks and answers that the build's own processes hand each other in memory; nothing of it is ever a file."""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each call in a file, with what is called, as `torch.load`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def faults(path: Path, name: str) -> Iterator[str]:
    """What a file does that could run data."""
    for called, call in calls(path):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        where = f"{name}:{call.lineno}: {called}"
        short = called.rpartition(".")[2]
        if (called in FORBIDDEN or short == "extractall") and (name, called) not in ALLOWED:
            yield f"{where} {FORBIDDEN[called if called in FORBIDDEN else short]}"
        if called in {"torch.load", "load_state_dict_from_url"} and given.get("weights_only") != "True":
            yield f"{where} without weights_only=True"
        if given.get("trust_remote_code", "False") != "False":
            yield f"{where} runs code of a model or dataset"
        if given.get("shell", "False") != "False":
            yield f"{where} asks a shell"
        if given.get("allow_pickle", "False") != "False":
            yield f"{where} unpickles arrays"
        if given.get("use_safetensors") == "False" or given.get("weights_only") == "False":
            yield f"{where} unpickles weights"
        if called in {"jinja2.Environment", "jinja2.Template"}:
            yield f"{where} renders templates outside the sandbox"


@pytest.mark.parametrize("room", ROOMS)
def test_no_source_runs_data(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    found = [fault for file in files for fault in faults(file, file.relative_to(ROOT).as_posix())]
    assert not found, "\n".join(found)


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    lines = [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
        "subprocess.run(command, shell=True)",
        "archive.extractall()",
        "yaml.load(text)",
        "pickle.loads(data)",
        "eval(text)",
    ]
    (tmp_path / "bad.py").write_text("\n".join(lines))
    found = [fault.split(":")[1] for fault in faults(tmp_path / "bad.py", "bad.py")]
    assert set(found) == {str(number) for number in range(1, len(lines) + 1)}
    (tmp_path / "good.py").write_text("torch.load(path, weights_only=True)\nmodel.eval()\nre.compile(text)\n")
    assert not list(faults(tmp_path / "good.py", "good.py"))


class Planted:
    """Makes a directory when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.made),)


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Path]:
    """A model directory whose weights are a pickle that runs; in the end it must not have run."""
    from transformers import LlamaConfig

    directory = tmp_path / "model"
    directory.mkdir()
    small = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    LlamaConfig(vocab_size=8, **small).save_pretrained(directory)
    made = tmp_path / "ran"
    content = pickle.dumps(Planted(made))
    for name in ("pytorch_model.bin", "model.pt", "optimizer.pt", "training_args.bin", "consolidated.00.pth"):
        (directory / name).write_bytes(content)
    yield directory
    assert not made.exists(), "the planted pickle ran"
    pickle.loads(content)
    assert made.is_dir()  # it would have


def expansion(directory: Path) -> None:
    from tokenization.embeddings.checkpoint import read_checkpoint

    read_checkpoint(directory)


def training(directory: Path) -> None:
    from nemo_recipes.engine.model import check_weights

    check_weights(SimpleNamespace(checkpoint=str(directory)))


def training_itself(directory: Path) -> None:
    from nemo_recipes.engine.model import make_model

    model = SimpleNamespace(checkpoint=str(directory), attention="auto", shape=None)
    make_model(model, SimpleNamespace(seed=0, gradient_checkpointing=False))


def sampling(directory: Path) -> None:
    from alignment.mining.sampling import open_model

    open_model(str(directory), "cpu")


def scoring(directory: Path) -> None:
    from benchmarks.model.opening import open_model

    open_model(
        directory, directory / "kept", batch_size=1, device="cpu", dtype="float32", share_prefixes=False
    )


def translating(directory: Path) -> None:
    from corpus.translate.settings import Generation
    from corpus.translate.translators import Seq2SeqTranslator

    Seq2SeqTranslator(str(directory), Generation(), "en", "ar", directory / "kept")


def checking_translations(directory: Path) -> None:
    from corpus.translate.checks import quality_scores

    quality_scores(str(directory), ["a"], ["b"], "cpu")


def embedding(directory: Path) -> None:
    from corpus.clean_pairs.scoring import EmbeddingScorer

    EmbeddingScorer(str(directory), batch_size=1, device="cpu")


@pytest.mark.parametrize(
    "load",
    [
        expansion, training, training_itself, sampling, scoring, translating, checking_translations, embedding,
    ],
)  # fmt: skip
def test_a_planted_pickle_stays_shut(load: Callable[[Path], None], planted: Path) -> None:
    """Whoever opens the directory refuses it; no pickle in it is ever run."""
    with pytest.raises((DaadError, OSError)):
        load(planted)


def test_kept_responses_are_no_pickles(tmp_path: Path) -> None:
    """lm-eval's own cache would run what stands in a database that came with the output directory."""
    from benchmarks.model.opening import _with_responses

    path = tmp_path / "responses.sqlite"
    model = SimpleNamespace(set_cache_hook=lambda hook: None)
    cached = _with_responses(model, path)
    for kept in ((-1.5, True), "جواب", -2.25):
        cached.dbdict["key"] = kept
        assert cached.dbdict["key"] == kept
    cached.dbdict.close()
    with sqlite3.connect(path) as database:
        database.execute("update unnamed set value = ?", (pickle.dumps(Planted(tmp_path / "ran")),))
    reopened = _with_responses(model, path)
    with pytest.raises(DaadError, match=r"responses\.sqlite: a kept response is damaged"):
        reopened.dbdict["key"]
    reopened.dbdict.close()
    assert not (tmp_path / "ran").exists()
