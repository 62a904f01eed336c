"""Losses against values by hand, a float64 twin and TRL's trainer; and what may not reach a gradient."""

import math
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment.direct_preference.batches import PairSamples, collate_pairs
from alignment.direct_preference.losses import AT_START, Answers, pair_losses, token_divergence
from alignment.direct_preference.measures import SUMS, described, sums_by_language
from alignment.direct_preference.scoring import label_log_probabilities
from alignment.preferences.encoding import EncodedPairs
from nemo_recipes.engine.batches import NOT_COUNTED

NATS = st.floats(-200, 0, allow_nan=False, width=32)


def answers(policy: list[float], reference: list[float], tokens: list[int] | None = None) -> Answers:
    given_tokens = tokens or [1] * len(policy)
    return Answers(
        torch.tensor(policy).double(), torch.tensor(reference).double(), torch.tensor(given_tokens)
    )


def twin(
    chosen: float,
    rejected: float,
    tokens: tuple[int, int],
    beta: float,
    kind: str,
    smoothing: float,
    means: bool,
) -> float:
    """The formulas as the papers write them, one pair at a time, in Python's floats."""
    if means or kind == "ipo":
        chosen, rejected = chosen / tokens[0], rejected / tokens[1]
    d = chosen - rejected
    if kind == "ipo":
        return (d - 1 / (2 * beta)) ** 2

    def minus_log_sigmoid(x: float) -> float:
        return math.log1p(math.exp(-abs(x))) + max(-x, 0)

    return (1 - smoothing) * minus_log_sigmoid(beta * d) + smoothing * minus_log_sigmoid(-beta * d)


def test_a_pair_by_hand() -> None:
    """Log-ratios ln 2 and -ln 2, beta 1: d = ln 4, sigmoid(d) = 4/5, so the loss is ln(5/4); swapped it is ln 5.

    With 2 and 1 tokens and lengths normalized d = ln(2)/2 + ln 2 = ln(2 sqrt 2); IPO with beta 1/2 is (d - 1)^2.
    """
    chosen = answers([-1.0 + math.log(2)], [-1.0], [2])
    rejected = answers([-2.0 - math.log(2)], [-2.0], [1])
    assert pair_losses(chosen, rejected, beta=1.0).item() == pytest.approx(math.log(5 / 4), rel=1e-7)
    assert pair_losses(rejected, chosen, beta=1.0).item() == pytest.approx(math.log(5), rel=1e-7)
    smoothed = pair_losses(chosen, rejected, beta=1.0, label_smoothing=0.25).item()
    assert smoothed == pytest.approx(0.75 * math.log(5 / 4) + 0.25 * math.log(5), rel=1e-7)
    root = 2 * math.sqrt(2)
    normalized = pair_losses(chosen, rejected, beta=1.0, length_normalized=True).item()
    assert normalized == pytest.approx(math.log(1 + 1 / root), rel=1e-6)
    ipo = pair_losses(chosen, rejected, beta=0.5, kind="ipo").item()
    assert ipo == pytest.approx((math.log(root) - 1) ** 2, rel=1e-6)


@given(st.tuples(NATS, NATS, NATS, NATS), st.floats(0.01, 5), st.sampled_from(["sigmoid", "ipo"]), st.booleans(),
       st.floats(0, 0.49), st.tuples(st.integers(1, 50), st.integers(1, 50)))  # fmt: skip
def test_losses_equal_their_float64_twin(
    nats: tuple[float, float, float, float],
    beta: float,
    kind: Any,
    means: bool,
    smoothing: float,
    tokens: tuple[int, int],
) -> None:
    smoothing = smoothing if kind == "sigmoid" else 0.0
    chosen, rejected = answers([nats[0]], [nats[1]], [tokens[0]]), answers([nats[2]], [nats[3]], [tokens[1]])
    found = pair_losses(
        chosen, rejected, beta=beta, kind=kind, label_smoothing=smoothing, length_normalized=means
    ).item()
    expected = twin(nats[0] - nats[1], nats[2] - nats[3], tokens, beta, kind, smoothing, means)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(NATS, NATS), min_size=1, max_size=4), st.floats(0.01, 5))
def test_where_the_policy_is_the_reference_the_loss_is_ln_2(
    nats: list[tuple[float, float]], beta: float
) -> None:
    chosen, rejected = ([side[i] for side in nats] for i in (0, 1))
    losses = pair_losses(answers(chosen, chosen), answers(rejected, rejected), beta=beta)
    assert losses.tolist() == pytest.approx([AT_START] * len(nats), rel=1e-12)


def test_swapped_answers_turn_the_sign_of_the_gradient() -> None:
    """Chosen and rejected pull with the same force in opposite directions, sigmoid(-beta d) times beta."""
    policy = torch.tensor([-3.0, -4.0], dtype=torch.float64, requires_grad=True)
    reference, ones = torch.tensor([-3.5, -3.5]).double(), torch.ones(1)
    one, other = (Answers(policy[i : i + 1], reference[i : i + 1], ones) for i in (0, 1))
    (forward,) = torch.autograd.grad(pair_losses(one, other, beta=0.1).sum(), policy)
    (backward,) = torch.autograd.grad(pair_losses(other, one, beta=0.1).sum(), policy)
    force = 0.1 / (1 + math.exp(0.1 * 1.0))
    assert forward.tolist() == pytest.approx([-force, force], rel=1e-9)
    assert backward[0] > 0 > backward[1]
    assert backward.sum().item() == pytest.approx(0, abs=1e-12)


@given(NATS, NATS)
def test_divergence_of_a_token_is_never_below_zero_and_zero_where_equal(one: float, other: float) -> None:
    policy, reference = torch.tensor([one, one]).double(), torch.tensor([other, one]).double()
    found = token_divergence(policy, reference)
    assert found[0] >= 0
    assert found[1] == 0


def test_divergence_averages_to_the_true_one_over_the_references_own_draws() -> None:
    """Sum over all tokens of p_ref (r - 1 - ln r) is KL(p_ref || p), exactly."""
    reference = torch.tensor([0.5, 0.3, 0.2]).double()
    policy = torch.tensor([0.2, 0.3, 0.5]).double()
    expected = (reference * (reference / policy).log()).sum()
    assert torch.allclose((reference * token_divergence(policy.log(), reference.log())).sum(), expected)


def test_figures_by_language_add_up_over_micro_batches() -> None:
    chosen, rejected = (
        answers([-1, -2, -9], [-2, -2, -5], [2, 2, 4]),
        answers([-3, -2, -5], [-3, -2, -5], [1, 2, 3]),
    )
    losses, far = pair_losses(chosen, rejected, beta=0.5), torch.tensor([0.3, 0.0, 0.6])
    languages = torch.tensor([1, 0, 1])
    whole = sums_by_language(losses, chosen, rejected, far, languages, beta=0.5, num_languages=2)

    def of(side: Answers, i: int) -> Answers:
        return Answers(*(values[i : i + 1] for values in vars(side).values()))

    parts = torch.zeros_like(whole)
    for i in range(3):
        one = slice(i, i + 1)
        parts += sums_by_language(
            losses[one], of(chosen, i), of(rejected, i), far[one], languages[one], beta=0.5, num_languages=2
        )
    assert torch.allclose(whole, parts)
    figures = described(whole.tolist(), ["ar", "en"])
    assert figures["ar"]["accuracy"] == 0.5
    assert figures["en"] == pytest.approx(
        {"pairs": 2, "loss": losses[[0, 2]].mean().item(), "accuracy": 0.5, "margin": (0.5 - 2) / 2,
         "chosen_reward": (0.5 - 2) / 2, "rejected_reward": 0, "kl": 0.9 / 10, "chosen_nats_per_token": 10 / 6,
         "rejected_nats_per_token": 8 / 4}
    )  # fmt: skip
    assert figures["all"]["pairs"] == 3
    assert len(SUMS) == whole.shape[1]


def random_pairs(seed: int = 1, number: int = 5) -> EncodedPairs:
    """Pairs of random ids: prompts of 3 to 8 tokens, answers of 1 to 6."""
    import polars as pl

    from alignment.chat_template.encoding import EncodedConversations

    drawn = np.random.default_rng(seed)
    prompts = [drawn.integers(5, 300, drawn.integers(3, 9)) for _ in range(number)]
    sides = []
    for _ in range(2):
        tails = [drawn.integers(5, 300, drawn.integers(1, 7)) for _ in range(number)]
        ids = [np.concatenate([p, t]) for p, t in zip(prompts, tails, strict=True)]
        learned = [np.arange(len(i)) >= len(p) for i, p in zip(ids, prompts, strict=True)]
        sides.append(
            EncodedConversations(
                np.concatenate(ids).astype(np.int32), np.concatenate(learned), np.array([len(i) for i in ids])
            )
        )
    frame = pl.DataFrame(
        {"language": ["ar", "en"] * number, "source": "f", "line": range(2 * number), "prompt": ""}
    )
    return EncodedPairs(frame.head(number), *sides)


def batch_of(pairs: EncodedPairs, micro_batch: int) -> dict[str, Any]:
    samples = PairSamples(pairs, np.arange(len(pairs)), None, ["ar", "en"], seed=0, length=len(pairs))
    return collate_pairs([samples.pair(number) for number in range(len(pairs))], micro_batch)


@pytest.mark.usefixtures("one_thread")
def test_pairs_passed_together_score_as_each_answer_alone(tiny_model: Any) -> None:
    """One padded batch of both sides against plain transformers, a sequence at a time, over the whole vocabulary."""
    pairs = random_pairs()
    batch = batch_of(pairs, 5)
    together = label_log_probabilities(tiny_model, batch["tokens_ABS"][0], batch["labels_ABS"][0]).sum(dim=1)
    order = sorted(range(5), key=lambda n: pairs.lengths()[n])
    for row, (side, number) in enumerate((s, n) for s in (pairs.chosen, pairs.rejected) for n in order):
        ids, learned = side[number]
        with torch.no_grad():
            logits = tiny_model(input_ids=torch.from_numpy(ids.astype(np.int64))[None]).logits[0].double()
        nats = (
            logits.log_softmax(-1)[:-1]
            .gather(1, torch.from_numpy(ids[1:].astype(np.int64))[:, None])
            .squeeze(1)
        )
        assert together[row].item() == pytest.approx(nats[learned[1:]].sum().item(), abs=2e-4)


def test_prompts_and_padding_get_no_gradient_at_the_head(tiny_model: Any) -> None:
    """Whatever stands there, the loss does not look at it: its logits are not even made."""
    batch = batch_of(random_pairs(), 5)
    tokens, labels = batch["tokens_ABS"][0], batch["labels_ABS"][0]
    seen: dict[str, torch.Tensor] = {}

    def keep(_module: Any, _given: Any, hidden: torch.Tensor) -> None:
        hidden.retain_grad()
        seen["hidden"] = hidden

    handle = tiny_model.model.norm.register_forward_hook(keep)
    scores = label_log_probabilities(tiny_model, tokens, labels)
    handle.remove()
    chosen, rejected = scores.sum(dim=1).chunk(2)
    nothing = torch.zeros(len(chosen))
    pair_losses(
        Answers(chosen, nothing, nothing), Answers(rejected, nothing, nothing), beta=0.1
    ).sum().backward()
    counted = labels != NOT_COUNTED
    gradient = seen["hidden"].grad
    assert gradient is not None
    assert torch.all(gradient[~counted] == 0)
    assert torch.all(gradient[counted].abs().sum(dim=-1) > 0)
    assert torch.all(scores[~counted] == 0)


TRL = {  # ours: theirs
    "sigmoid": ({}, {"loss_type": ["sigmoid"]}),
    "ipo": ({"kind": "ipo"}, {"loss_type": ["ipo"]}),
    "normalized": ({"length_normalized": True}, {"loss_type": ["sigmoid_norm"]}),
    "smoothed": ({"label_smoothing": 0.2}, {"loss_type": ["aot"], "label_smoothing": 0.2}),
    "with SFT": ({}, {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5]}),
}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TRL)
def test_losses_equal_trls_on_the_same_batch(name: str, tiny_model: Any, base_model_dir: Path) -> None:
    """TRL's own _compute_loss on the same model, reference and padded batch; aot with one pair is smoothed DPO."""
    from transformers import AutoModelForCausalLM
    from trl import DPOTrainer
    from trl.trainer.utils import add_fused_lm_head

    ours, theirs = TRL[name]
    number = 1 if name == "smoothed" else 5
    batch = batch_of(random_pairs(number=number), number)
    tokens, labels = batch["tokens_ABS"][0], batch["labels_ABS"][0]
    reference = AutoModelForCausalLM.from_pretrained(base_model_dir).eval()
    with torch.no_grad():
        for parameter in tiny_model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)

    policy = label_log_probabilities(tiny_model, tokens, labels)
    against = label_log_probabilities(reference, tokens, labels).detach()
    counts = (labels != NOT_COUNTED).sum(dim=1).chunk(2)
    sides = [
        Answers(p, r, n)
        for p, r, n in zip(policy.sum(dim=1).chunk(2), against.sum(dim=1).chunk(2), counts, strict=True)
    ]
    loss = pair_losses(*sides, beta=0.3, **ours).mean()
    if name == "with SFT":
        loss = loss - 0.5 * sides[0].policy_B.sum() / counts[0].sum()

    ids = torch.cat([tokens, torch.zeros_like(tokens[:, :1])], dim=1)
    ids[:, 1:] = torch.where(labels == NOT_COUNTED, ids[:, 1:], labels)
    mask = torch.cat([torch.zeros(len(ids), 1), (labels != NOT_COUNTED).float()], dim=1).long()
    trainer = SimpleNamespace(
        model=tiny_model,
        ref_model=reference,
        accelerator=SimpleNamespace(device=torch.device("cpu"), gather_for_metrics=lambda t: t, gather=lambda t: t),
        aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=False, f_divergence_type="reverse_kl", beta=0.3,
        loss_types=theirs["loss_type"], loss_weights=theirs.get("loss_weights", [1.0]),
        label_smoothing=theirs.get("label_smoothing", 0.0), use_weighting=False,
        args=SimpleNamespace(gradient_checkpointing_kwargs=None),
        _total_train_tokens=0,
        _tp_size=1,
        _metrics={mode: defaultdict(list) for mode in ("train", "eval")},
    )  # fmt: skip
    add_fused_lm_head(tiny_model, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
    add_fused_lm_head(reference)
    expected = DPOTrainer._compute_loss(
        trainer,
        tiny_model,
        {"input_ids": ids, "attention_mask": torch.ones_like(ids), "completion_mask": mask},
        False,
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
