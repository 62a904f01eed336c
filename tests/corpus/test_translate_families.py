"""Models of many languages, each family by its own tokenizer and a tiny network, and quality models, all by path.

A network learns some sentences by heart in two target languages: which it writes hangs on what it is told alone.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from corpus.errors import CorpusError
from corpus.schema import SHARD_COLUMNS
from corpus.translate.checks import quality_scores
from corpus.translate.settings import Checks, Generation, PairRules, Translate
from corpus.translate.translating import back_translator, translate
from corpus.translate.translators import Seq2SeqTranslator

LEARNED = {
    "The market opens every morning.": "تفتح السوق كل صباح.",
    "The train is late today.": "القطار متأخر اليوم.",
    "Children play in the garden.": "يلعب الأطفال في الحديقة.",
    "Water is life.": "الماء حياة.",
}
OTHER = {sentence: " ".join(reversed(text.split())) for sentence, text in LEARNED.items()}
"""What the same sentences are in the second target language."""
PIECES = sorted({f"▁{word}" for text in [*LEARNED, *LEARNED.values()] for word in text.split()})
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
SHAPE: dict[str, Any] = {
    "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "d_model": 32, "max_position_embeddings": 64, "dropout": 0.0,
    "attention_dropout": 0.0, "activation_dropout": 0.0, "encoder_layerdrop": 0.0, "decoder_layerdrop": 0.0,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "scale_embedding": True,
}  # fmt: skip


def nllb(directory: Path) -> tuple[Any, Any]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    learned = Tokenizer(models.BPE(unk_token="<unk>"))
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    learned.train_from_iterator(
        [*LEARNED, *LEARNED.values()],
        trainers.BpeTrainer(special_tokens=SPECIALS, vocab_size=400, show_progress=False),
    )
    content = json.loads(learned.to_str())["model"]
    merges = [tuple(each) for each in content["merges"]]
    tokenizer = NllbTokenizer(vocab=content["vocab"], merges=merges)
    return tokenizer, M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(tokenizer), **SHAPE))


def m2m100(directory: Path) -> tuple[Any, Any]:
    import sentencepiece
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    (directory / "text").write_text("\n".join([*LEARNED, *LEARNED.values()]), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(directory / "text"), model_prefix=str(directory / "pieces"), vocab_size=80, model_type="word",
        minloglevel=2, use_all_vocab=True, hard_vocab_limit=False,
    )  # fmt: skip
    (directory / "text").unlink()
    words = {word: number for number, word in enumerate([*SPECIALS, *PIECES])}
    (directory / "words.json").write_text(json.dumps(words), encoding="utf-8")
    tokenizer = M2M100Tokenizer(str(directory / "words.json"), str(directory / "pieces.model"))
    # Languages stand behind the words and eight that only the made-up words of the real ones have.
    config = M2M100Config(vocab_size=len(words) + 120, **SHAPE)
    return tokenizer, M2M100ForConditionalGeneration(config)


PUBLISHED = {"normalize_before": True, "normalize_embedding": True, "add_final_layer_norm": True}
"""What mBART's published configs say beyond what transformers keeps, and CTranslate2 reads."""


def mbart50(directory: Path) -> tuple[Any, Any]:
    from transformers import MBart50Tokenizer, MBartConfig, MBartForConditionalGeneration

    scored = [*((name, 0.0) for name in ("<unk>", "<s>", "</s>")), *((piece, -1.0) for piece in PIECES)]
    tokenizer = MBart50Tokenizer(vocab=scored)
    config = MBartConfig(vocab_size=len(tokenizer), decoder_start_token_id=2, **PUBLISHED, **SHAPE)
    return tokenizer, MBartForConditionalGeneration(config)


def mbart(directory: Path) -> tuple[Any, Any]:
    from transformers import MBartConfig, MBartForConditionalGeneration, MBartTokenizer

    scored = [*((name, 0.0) for name in SPECIALS), *((piece, -1.0) for piece in PIECES)]
    codes = [(code, 0.0) for code in ("ar_AR", "en_XX", "it_IT")]
    tokenizer = MBartTokenizer(vocab=[*scored, *codes, ("<mask>", 0.0)])
    start = tokenizer.convert_tokens_to_ids(
        "en_XX"
    )  # of some other target: the language that is asked for counts
    config = MBartConfig(vocab_size=len(tokenizer), decoder_start_token_id=start, **PUBLISHED, **SHAPE)
    return tokenizer, MBartForConditionalGeneration(config)


class Family(NamedTuple):
    """`codes`: the model's names of English and two target languages, the first of them Arabic."""

    make: Callable[[Path], tuple[Any, Any]]
    codes: tuple[str, str, str]


FAMILIES = {
    "nllb": Family(nllb, ("eng_Latn", "arb_Arab", "arz_Arab")),
    "m2m100": Family(m2m100, ("en", "ar", "fa")),
    "mbart50": Family(mbart50, ("en_XX", "ar_AR", "fa_IR")),
    "mbart": Family(mbart, ("en_XX", "ar_AR", "it_IT")),
}


def language_token(tokenizer: Any, code: str) -> int:
    """The number of a language's token, which M2M100 writes __en__."""
    numbers = tokenizer.convert_tokens_to_ids([f"__{code}__", code])
    return next(each for each in numbers if each != tokenizer.unk_token_id)


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Family]:
    """A directory as Hugging Face saves it, of a model that learned LEARNED and OTHER by heart."""
    import torch

    family = FAMILIES[request.param]
    directory = tmp_path_factory.mktemp(request.param)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a network this small only waits for more
    torch.manual_seed(1)
    tokenizer, network = family.make(directory)
    batches, wanted = [], []
    for code, texts in zip(family.codes[1:], (LEARNED, OTHER), strict=True):
        tokenizer.src_lang, tokenizer.tgt_lang = family.codes[0], code
        inputs = tokenizer(list(texts), text_target=list(texts.values()), padding=True, return_tensors="pt")
        labels = inputs["labels"]
        labels[labels == tokenizer.pad_token_id] = -100
        batches.append(inputs)
        # Which language it is cannot be foretold from the source, so that to learn it would only disturb.
        wanted.append(labels.masked_fill(labels == language_token(tokenizer, code), -100).flatten())
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(400):
        logits = torch.cat([network(**batch).logits.flatten(0, 1) for batch in batches])
        loss = torch.nn.functional.cross_entropy(logits, torch.cat(wanted))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss.item() < 0.02:
            break
    assert loss.item() < 0.02, "the network did not learn its sentences: nothing can be said of translators"
    torch.set_num_threads(threads)
    network.eval()
    network.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory, family


def translations(directory: Path, generation: Generation, sentences: Sequence[str], kept: Path) -> list[str]:
    translator = Seq2SeqTranslator(str(directory), generation, "en", "ar", kept)
    found = {
        number: text
        for numbers, texts in translator.batches(sentences)
        for number, text in zip(numbers, texts, strict=True)
    }
    return [found[number] for number in range(len(sentences))]


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_each_family_translates_into_the_language_it_is_told(
    engine: Any, model: tuple[Path, Family], tmp_path: Path
) -> None:
    pytest.importorskip(engine)
    directory, family = model
    sentences = [*LEARNED, *list(LEARNED)[:2]]
    if (engine, family.make) == ("ctranslate2", m2m100):
        with pytest.raises(
            CorpusError, match=r"CTranslate2 \S+ cannot convert it .*: use generation.engine trans"
        ):
            translations(directory, Generation(engine=engine), sentences, tmp_path)
        return
    assert translations(directory, Generation(engine=engine), sentences, tmp_path) == [
        LEARNED[each] for each in sentences
    ]
    other = Generation(target_code=family.codes[2], batch_tokens=1, engine=engine)
    assert translations(directory, other, sentences, tmp_path) == [OTHER[each] for each in sentences]
    told = Seq2SeqTranslator(str(directory), other, "en", "ar", tmp_path)
    ids = told._tokenizer(["Water is life."])["input_ids"][0]
    assert language_token(told._tokenizer, family.codes[0]) in (
        ids[0],
        ids[-1],
    )  # the first mBART's is the last
    written = told._tokenizer.convert_ids_to_tokens(list(told._first.values()))
    assert written in ([family.codes[2]], [f"__{family.codes[2]}__"])
    beams = Generation(beams=3, engine=engine, source_code=family.codes[0], target_code=family.codes[1])
    assert translations(directory, beams, sentences[:2], tmp_path) == [
        LEARNED[each] for each in sentences[:2]
    ]
    with pytest.raises(CorpusError, match="the model knows no xx: set"):
        Seq2SeqTranslator(str(directory), Generation(target_code="xx"), "en", "ar", tmp_path)


def test_codes_and_precision_are_part_of_the_version(model: tuple[Path, Family], tmp_path: Path) -> None:
    directory, family = model
    settings = [Generation(), Generation(target_code=family.codes[2]), Generation(dtype="bfloat16")]
    versions = [Seq2SeqTranslator(str(directory), each, "en", "ar", tmp_path).version for each in settings]
    assert len(set(versions)) == 3


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A document whose sentences are wrapped at a width, and one of a sentence."""
    directory = tmp_path / "corpus"
    (directory / "shards").mkdir(parents=True)
    wrapped = "The market opens every morning. The train is late\ntoday. Children play in the garden. Water is\nlife."
    texts = [f"Notes\n-----\n\n{wrapped}\n\n    x = call(1)\n", "Water is life."]
    rows = [
        {"id": f"web/{number}", "text": text, "language": "en", "source": "web", "kind": "natural"}
        for number, text in enumerate(texts)
    ]
    pl.DataFrame(rows, schema=SHARD_COLUMNS).write_parquet(directory / "shards/web-00000.parquet")
    listed = [{"path": "shards/web-00000.parquet", "source": "web"}]
    (directory / "manifest.json").write_text(
        json.dumps({"config": {"sources": [{"name": "web"}]}, "shards": listed})
    )
    return directory


LENIENT = Checks(rules=PairRules(identify_language=False), maximum_failed=1)


def test_documents_end_to_end(model: tuple[Path, Family], corpus: Path, tmp_path: Path) -> None:
    settings = Translate(
        corpus=str(corpus), output_dir=str(tmp_path / "out"), translator=str(model[0]), checks=LENIENT
    )
    manifest = translate(settings)
    made = pl.read_parquet(tmp_path / "out/shards/web.translated-00000.parquet")
    body = " ".join(LEARNED.values())
    assert made["text"][0].endswith(f"\n-----\n\n{body}\n\n    x = call(1)\n")
    assert made["text"][1] == LEARNED["Water is life."]
    assert manifest["run"]["translated"] == 5  # the heading and four sentences, of which one comes twice


@pytest.mark.parametrize("model", ["mbart"], indirect=True)
def test_the_way_back_has_the_codes_changed_about(model: tuple[Path, Family], tmp_path: Path) -> None:
    directory, (_, (english, _, other)) = model
    settings = Translate(
        corpus="c", output_dir="o", translator=str(directory), checks=Checks(round_trip=str(directory)),
        generation=Generation(source_code=english, target_code=other, prefix=">>xx<< "),
    )  # fmt: skip
    back = back_translator(settings)
    assert isinstance(back, Seq2SeqTranslator)
    assert back._tokenizer.src_lang == other
    assert list(back._first.values()) == [back._tokenizer.convert_tokens_to_ids(english)]
    assert back._generation.prefix == ""


@pytest.fixture(scope="module")
def judge_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier with one output that reads two texts."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    directory = tmp_path_factory.mktemp("judge")
    names = ["[PAD]", "[UNK]", *(piece.removeprefix("▁") for piece in PIECES)]
    tokenizer = Tokenizer(models.WordLevel({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        directory
    )
    torch.manual_seed(2)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(names), num_labels=1, initializer_range=0.8, **shape)
    BertForSequenceClassification(config).save_pretrained(directory)
    return directory


def test_a_quality_model_is_asked_for_both_sides_together(judge_model: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    sources, targets = list(LEARNED) * 9, list(LEARNED.values()) * 9  # more than a batch
    scores = quality_scores(str(judge_model), sources, targets, "cpu")
    tokenizer = AutoTokenizer.from_pretrained(judge_model)
    network = AutoModelForSequenceClassification.from_pretrained(judge_model).eval()
    with torch.no_grad():
        alone = [
            float(network(**tokenizer(*each, return_tensors="pt")).logits)
            for each in zip(sources[:4], targets[:4], strict=True)
        ]
    assert scores == pytest.approx(alone * 9, abs=1e-4)
    assert len({round(each, 3) for each in alone}) == 4
    assert quality_scores(str(judge_model), sources[:2], targets[2:4], "cpu") != pytest.approx(
        alone[:2], abs=1e-3
    )


@pytest.mark.parametrize("model", ["mbart"], indirect=True)
def test_sentences_below_the_quality_that_is_asked_fail(
    model: tuple[Path, Family], judge_model: Path, corpus: Path, tmp_path: Path
) -> None:
    scores = dict(
        zip(
            LEARNED,
            quality_scores(str(judge_model), list(LEARNED), list(LEARNED.values()), "cpu"),
            strict=True,
        )
    )
    least = sorted(scores.values())[1] + 1e-3  # two of the four sentences are worse
    checks = Checks(
        rules=LENIENT.rules, maximum_failed=1, quality_model=str(judge_model), minimum_quality=least
    )
    settings = Translate(
        corpus=str(corpus), output_dir=str(tmp_path / "out"), translator=str(model[0]), checks=checks
    )
    translate(settings)
    sentences = pl.read_parquet(tmp_path / "out/sentences/web.translated-00000.parquet")
    told = sentences.filter(pl.col("en").is_in(list(LEARNED)))
    assert told["quality"].to_list() == pytest.approx([scores[each] for each in told["en"]], abs=1e-4)
    assert (told["reason"] == "quality").fill_null(value=False).to_list() == [
        scores[each] < least for each in told["en"]
    ]
    made = pl.read_parquet(tmp_path / "out/shards/web.translated-00000.parquet")
    assert made["quality"][1] == pytest.approx(scores["Water is life."], abs=1e-4)


def test_a_classifier_of_several_outputs_is_no_quality_model(judge_model: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification

    config = AutoConfig.from_pretrained(judge_model)
    config.num_labels = 2
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(judge_model).save_pretrained(tmp_path)
    with pytest.raises(CorpusError, match="has 2 outputs: a quality model has one"):
        quality_scores(str(tmp_path), ["a"], ["b"], "cpu")
