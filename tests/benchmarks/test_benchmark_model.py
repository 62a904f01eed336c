"""Log-likelihoods item by item: shared prefixes against bare lm-eval, its own task code, and plain transformers."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_benchmarks import MCQ, make_model

from benchmarks.answering import Ways, ask
from benchmarks.errors import BenchmarkError
from benchmarks.model import open_model
from benchmarks.model.grouping import Branching, branchings, groups
from benchmarks.prompts import wording
from benchmarks.scoring.summary import credit_by
from benchmarks.tasks import load
from benchmarks.tasks.suites import TASKS

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def opened(tiny_model, tmp_path_factory):
    settings = {"batch_size": 4, "device": "cpu", "dtype": "float32"}
    responses = tmp_path_factory.mktemp("responses")
    return {
        shares: open_model(tiny_model, responses, share_prefixes=shares, **settings)
        for shares in (True, False)
    }


def independent(directory, context, continuation):
    """One text, one forward call, nothing shared: log p(continuation | context), cut where lm-eval cuts it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(directory),
        AutoTokenizer.from_pretrained(directory),
    )
    whole = tokenizer(context + continuation, return_tensors="pt").input_ids
    start = len(tokenizer(context).input_ids)
    with torch.no_grad():
        found = torch.log_softmax(model(whole).logits[0].double(), dim=-1)
    return sum(float(found[place - 1, whole[0, place]]) for place in range(start, whole.shape[1]))


def requests(pairs):
    from lm_eval.api.instance import Instance

    return [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=0, metadata=("t", n, 1))
        for n, pair in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "name", ["mmlu_en", "mmlu_ar", "acva", "winogrande", "hellaswag", "boolq", "belebele_arb"]
)
def test_items_agree_with_an_independent_scorer_and_with_bare_lm_eval(opened, tiny_model, planted, name):
    from dataclasses import replace

    from benchmarks import prompts
    from benchmarks.answering import examples_for

    found = load(TASKS[name], str(planted[name]))
    task = replace(TASKS[name], shots=2 if len(found.dev) > 1 else 0)
    words = wording(task.language)
    shared = ask(opened[True].lm, task, found.test, found.dev, words)
    plain = ask(opened[False].lm, task, found.test, found.dev, words)
    assert opened[True].lm.shares is True
    for column in ("letters", "continuation"):
        for left, right in zip(shared[column], plain[column], strict=True):
            assert left.to_list() == pytest.approx(right.to_list(), abs=1e-4)
    item = found.test[0]
    examples = examples_for(item, found.dev, task.shots)
    for column, asked in (
        ("letters", prompts.letters(item, examples, words)),
        ("continuation", prompts.continuations(item, examples, words, task.style)),
    ):
        expected = [
            independent(tiny_model, *pair) for pair in zip(asked.contexts, asked.continuations, strict=True)
        ]
        assert shared[column][0].to_list() == pytest.approx(expected, abs=1e-3)


def lm_eval_samples(lm, tmp_path, config, rows, **further):
    """What lm-eval's own task code and evaluator say of the same rows."""
    import json

    from lm_eval import evaluator
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager

    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    task = ConfigurableTask(
        config={
            "task": "planted",
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(path)}},
            "test_split": "test",
            "output_type": "multiple_choice",
            "metric_list": [{"metric": name} for name in ("acc", "acc_norm", "acc_bytes")],
            **config,
        }
    )
    manager = TaskManager(include_defaults=False)  # indexing lm-eval's own tasks takes long
    results = evaluator.simple_evaluate(
        lm,
        tasks=[task],
        log_samples=True,
        task_manager=manager,
        bootstrap_iters=0,
        verbosity="ERROR",
        **further,
    )
    return sorted(results["samples"]["planted"], key=lambda sample: sample["doc_id"])


@pytest.mark.filterwarnings("default")
def test_items_agree_with_lm_evals_own_task_code(opened, planted, tmp_path, monkeypatch):
    """The templates are those of lm-eval's arc_easy.yaml and of its mmlu, whose heading names the subject."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = [{"question": question, "choices": choices, "gold": gold} for question, choices, gold in MCQ]
    arc = {
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{gold}}",
    }
    samples = lm_eval_samples(opened[False].lm, tmp_path, arc, rows)
    found = load(TASKS["arc_easy"], str(planted["arc_easy"]))
    ours = ask(opened[True].lm, TASKS["arc_easy"], found.test, (), wording("en"))
    for number, sample in enumerate(samples):
        scores = [answer[0] for answer in sample["filtered_resps"]]
        assert ours["continuation"][number].to_list() == pytest.approx(scores, abs=1e-4)
        for rule, metric in (
            ("continuation", "acc"),
            ("per_character", "acc_norm"),
            ("per_byte", "acc_bytes"),
        ):
            assert credit_by(ours, rule)[number] == sample[metric]
    mmlu = {
        "description": "The following are multiple choice questions (with answers) about basic facts.\n\n",
        "doc_to_text": "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\n"
        "D. {{choices[3]}}\nAnswer:",
        "doc_to_choice": ["A", "B", "C", "D"],
        "doc_to_target": "gold",
    }
    samples = lm_eval_samples(opened[False].lm, tmp_path, mmlu, rows)
    found = load(TASKS["mmlu_en"], str(planted["mmlu_en"]))
    ours = ask(opened[True].lm, TASKS["mmlu_en"], found.test, (), wording("en"))
    for number, sample in enumerate(samples):
        scores = [answer[0] for answer in sample["filtered_resps"]]
        assert ours["letters"][number].to_list() == pytest.approx(scores, abs=1e-4)
        assert credit_by(ours, "letters")[number] == sample["acc"]


TEMPLATE = "{% for turn in messages %}<{{ turn.role }}>{{ turn.content }}</{{ turn.role }}>\n{% endfor %}<assistant>\n"


@pytest.mark.filterwarnings("default")
def test_a_chat_template_is_applied_as_lm_eval_applies_it(opened, planted, tmp_path, monkeypatch):
    """The question is a user's turn, and the choice, without its space, is what the assistant says first."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for each in opened.values():
        monkeypatch.setattr(each.lm.tokenizer, "chat_template", TEMPLATE, raising=False)
    rows = [{"question": question, "choices": choices, "gold": gold} for question, choices, gold in MCQ]
    arc = {
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{gold}}",
    }
    samples = lm_eval_samples(opened[False].lm, tmp_path, arc, rows, apply_chat_template=True)
    assert samples[0]["arguments"][0][0].endswith("Answer:</user>\n<assistant>")
    found = load(TASKS["arc_easy"], str(planted["arc_easy"]))

    def template(turn):
        return opened[True].lm.apply_chat_template([{"role": "user", "content": turn}])

    ours = ask(opened[True].lm, TASKS["arc_easy"], found.test, (), wording("en"), Ways(template=template))
    plain = ask(opened[True].lm, TASKS["arc_easy"], found.test, (), wording("en"))
    for number, sample in enumerate(samples):
        scores = [answer[0] for answer in sample["filtered_resps"]]
        assert ours["continuation"][number].to_list() == pytest.approx(scores, abs=1e-4)
        assert ours["letters"][number].to_list() != pytest.approx(
            plain["letters"][number].to_list(), abs=1e-2
        )


def test_shared_prefixes_are_read_once(opened):
    """Eight questions after 300 bytes of examples: bare lm-eval reads the examples for each choice of each."""
    rng = random.Random(0)
    examples = "".join(rng.choices("abcdefgh ", k=300)).strip()
    pairs = [
        (f"{examples}\n\nQ{n}: {'xyz' * n}\nAnswer:", f" {choice}")
        for n in range(8)
        for choice in ("yes", "no", "maybe")
    ]
    lm = opened[True].lm
    before = lm.tokens_read
    shared = lm.loglikelihood(requests(pairs))
    read = lm.tokens_read - before
    plain = opened[False].lm.loglikelihood(requests(pairs))
    assert [one[0] for one in shared] == pytest.approx([one[0] for one in plain], abs=1e-4)
    assert [one[1] for one in shared] == [one[1] for one in plain]
    bare = sum(len(lm.tok_encode(context + rest)) - 1 for context, rest in pairs)
    assert bare / read > 8


def test_contexts_too_long_for_the_model_are_cut_as_lm_eval_cuts_them(opened):
    pairs = [("w" * 2000, " yes"), ("w" * 2000, " no"), ("short", " yes")]
    shared, plain = (opened[shares].lm.loglikelihood(requests(pairs)) for shares in (True, False))
    assert [one[0] for one in shared] == pytest.approx([one[0] for one in plain], abs=1e-4)


def test_equal_requests_and_continuations_that_open_alike(opened):
    pairs = [("a", " the"), ("a", " then"), ("a", " the"), ("b", " t"), ("b", " ")]
    shared, plain = (opened[shares].lm.loglikelihood(requests(pairs)) for shares in (True, False))
    assert [one[0] for one in shared] == pytest.approx([one[0] for one in plain], abs=1e-4)


def test_a_model_whose_mask_goes_unheard_is_answered_by_bare_lm_eval(
    tiny_model, tmp_path, opened, monkeypatch
):
    from benchmarks.model import prefix_sharing

    found = open_model(tiny_model, tmp_path, batch_size=4, device="cpu", dtype="float32", share_prefixes=True)
    original = prefix_sharing.pack

    def without_mask(*arguments):
        packed = original(*arguments)
        return type(packed)(packed.ids_BQ, packed.positions_BQ, None, packed.read)

    monkeypatch.setattr(prefix_sharing, "pack", without_mask)
    pairs = [("a question", " yes, yes"), ("a question", " no, no"), ("another", " yes")]
    answers = found.lm.loglikelihood(requests(pairs))
    assert found.lm.shares is False
    expected = opened[False].lm.loglikelihood(requests(pairs))
    assert [one[0] for one in answers] == pytest.approx([one[0] for one in expected], abs=1e-4)


def windowed(tiny_model, directory, window):
    """The same weights as a Mistral, whose layers see so many tokens back; its config names no kinds of layers."""
    import json
    import shutil

    shutil.copytree(tiny_model, directory)
    path = directory / "config.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told |= {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": window}
    path.write_text(json.dumps(told), encoding="utf-8")
    return open_model(
        directory, directory / "kept", batch_size=4, device="cpu", dtype="float32", share_prefixes=True
    )


def test_a_model_that_looks_back_over_a_window_shares_no_prefix(tiny_model, tmp_path, monkeypatch):
    """A mask of our own knows no window, and a cache keeps no more of a prefix than the window; one as wide as the
    model's context cuts nothing."""
    pairs = [(f"{'many words ' * 6}{n}", f" {choice}") for n in range(3) for choice in ("yes, yes", "no, no")]
    narrow = windowed(tiny_model, tmp_path / "narrow", 32).lm
    answers = narrow.loglikelihood(requests(pairs))
    assert narrow.shares is False
    seen_all = windowed(tiny_model, tmp_path / "wide", 1024).lm
    different = seen_all.loglikelihood(requests(pairs))
    assert seen_all.shares is True
    assert abs(answers[0][0] - different[0][0]) > 1e-3  # the window counts
    # Even where the config is not asked, the longest of the requests gives a window away.
    unasked = windowed(tiny_model, tmp_path / "unasked", 32).lm
    monkeypatch.setattr(unasked, "_can_share", lambda: True)
    short = [("a", " yes, yes, yes"), ("b", " yes")]
    assert [one[0] for one in unasked.loglikelihood(requests([*short, *pairs]))[2:]] == pytest.approx(
        [one[0] for one in answers], abs=1e-4
    )
    assert unasked.shares is False


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 2), min_size=1, max_size=9).map(tuple),
            st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_groups_hold_every_request_once_and_share_what_they_say(pairs, least):
    found = groups(branchings(pairs), least)
    seen = []
    for group in found:
        prefixes = {member.context[: group.shared] for member in group.members}
        assert len(prefixes) == 1
        assert group.shared == 0 or (group.shared >= least and len(group.members) > 1)
        for member in group.members:
            assert len(member.context) > group.shared
            for branch, numbers in zip(member.branches, member.requests, strict=True):
                assert all(pairs[number] == (member.context, branch) for number in numbers)
                seen += numbers
    assert sorted(seen) == list(range(len(pairs)))


def test_few_shot_prefixes_are_found():
    """Two subjects of three questions each: two groups with the subject's own prefix."""
    members = [
        Branching((subject,) * 40 + (question, 7, 8), ((1,),), ((0,),))
        for subject in (5, 6)
        for question in (1, 2, 3)
    ]
    assert [(group.shared, len(group.members)) for group in groups(members)] == [(40, 3), (40, 3)]


def test_the_digest_tells_models_apart(tmp_path):
    from benchmarks.model.opening import check_directory

    first, second = make_model(tmp_path / "a", seed=1), make_model(tmp_path / "b", seed=2)
    assert check_directory(first) == check_directory(first) != check_directory(second)
    assert np.unique([check_directory(make_model(tmp_path / name, seed=1)) for name in "cd"]).size == 1


@pytest.mark.parametrize(
    "template", ["{{" + "{" * 300, "{{ 1 / 0 }}", "{{ messages[7].content }}{{ nobody.at.home }}"]
)
def test_a_chat_template_that_fails_is_one_line(opened, template, monkeypatch):
    monkeypatch.setattr(opened[False].lm.tokenizer, "chat_template", template)
    with pytest.raises(
        BenchmarkError, match=r"chat template refuses the turns user assistant .*: mend it"
    ) as told:
        opened[False].in_chat([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    assert "\n" not in str(told.value)
