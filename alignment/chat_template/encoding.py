"""Conversations to token ids and a mask of what is learned: answers, and the control piece that ends each of them.

The template is rendered once for each order of roles, with placeholders where texts go. What it writes itself is cut
at control pieces, which go in by id; between them stand sections, in which the texts of the turns replace the
placeholders, and which are encoded as text whatever they spell. For texts that spell no control piece the result is
that of `tokenizer.apply_chat_template`, token for token, as long as the template writes contents as they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from alignment.errors import AlignmentError
from corpus.errors import cause_of

Messages = Sequence[Mapping[str, str]]

_BATCH = 2048
"""Conversations that are encoded at a time."""

_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


@dataclass(frozen=True)
class Section:
    """Text between two control pieces of a template.

    Attributes:
        parts: Literal text, and numbers of the turns whose contents stand there.
        answer: Number of the part at which an answer begins; None where there is none.
    """

    parts: tuple[str | int, ...]
    answer: int | None


@dataclass(frozen=True)
class Control:
    """A control piece of a template, by its id, and whether it ends an answer."""

    id: int
    ends_answer: bool


Skeleton = tuple[Section | Control, ...]


@dataclass(frozen=True)
class EncodedConversations:
    """Token ids of conversations one after another (int32), which are learned (bool), and how many each one has."""

    ids: NDArray[np.int32]
    learned: NDArray[np.bool_]
    lengths: NDArray[np.int64]

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where each conversation ends."""
        return np.cumsum(self.lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Ids and mask of one conversation."""
        end = int(self.ends[number])
        place = slice(end - int(self.lengths[number]), end)
        return self.ids[place], self.learned[place]


def encode_conversation(tokenizer: Any, messages: Messages) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Ids (int32) of a conversation and a mask of the same length of those that are learned.

    `tokenizer` is what `load_chat_tokenizer` gave.

    Raises:
        AlignmentError: The template refuses the order of roles.
    """
    return encode_conversations(tokenizer, [messages])[0]


def encode_prompt(tokenizer: Any, messages: Messages) -> NDArray[np.int32]:
    """Ids (int32) of a conversation up to where the next answer begins.

    Raises:
        AlignmentError: The template refuses the order of roles.
    """
    return _encode(tokenizer, [messages], prompt=True).ids


def encode_conversations(tokenizer: Any, conversations: Sequence[Messages]) -> EncodedConversations:
    """Ids and masks of many conversations.

    Raises:
        AlignmentError: The template refuses an order of roles.
    """
    return joined(
        [
            _encode(tokenizer, conversations[first : first + _BATCH], prompt=False)
            for first in range(0, len(conversations), _BATCH)
        ]
    )


def joined(parts: Sequence[EncodedConversations]) -> EncodedConversations:
    """Conversations of several parts, one after another."""
    return EncodedConversations(
        np.concatenate([np.zeros(0, np.int32), *(part.ids for part in parts)]),
        np.concatenate([np.zeros(0, np.bool_), *(part.learned for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.lengths for part in parts)]),
    )


def _encode(tokenizer: Any, conversations: Sequence[Messages], prompt: bool) -> EncodedConversations:
    skeletons = [
        skeleton(tokenizer, tuple(turn["role"] for turn in messages), prompt) for messages in conversations
    ]
    texts, begins = [], []
    for messages, bones in zip(conversations, skeletons, strict=True):
        for bone in bones:
            if isinstance(bone, Section):
                parts = [part if isinstance(part, str) else messages[part]["content"] for part in bone.parts]
                texts.append("".join(parts))
                begins.append(None if bone.answer is None else len("".join(parts[: bone.answer])))
    encodings = _as_text(tokenizer, texts)
    sections = iter(
        (encoding.ids, _learned(encoding.offsets, begin))
        for encoding, begin in zip(encodings, begins, strict=True)
    )
    lengths, ids, learned = [], [], []
    for bones in skeletons:
        pieces = [
            next(sections) if isinstance(bone, Section) else ([bone.id], [bone.ends_answer]) for bone in bones
        ]
        lengths.append(sum(len(piece) for piece, _ in pieces))
        ids += [piece for piece, _ in pieces]
        learned += [mask for _, mask in pieces]
    return EncodedConversations(
        np.fromiter(chain.from_iterable(ids), np.int32),
        np.fromiter(chain.from_iterable(learned), np.bool_),
        np.array(lengths, np.int64),
    )


def _as_text(tokenizer: Any, texts: list[str]) -> list[Any]:
    """Encodings of texts in which nothing is a control piece."""
    if not texts:
        return []
    encoded = tokenizer(texts, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return list(encoded.encodings)


def _learned(offsets: Sequence[tuple[int, int]], begin: int | None) -> list[bool]:
    """Which tokens reach into the answer that begins at a character."""
    if begin is None:
        return [False] * len(offsets)
    return [end > begin for _, end in offsets]


_SKELETONS: WeakKeyDictionary[Any, dict[tuple[Any, ...], Skeleton]] = WeakKeyDictionary()


def skeleton(tokenizer: Any, roles: tuple[str, ...], prompt: bool) -> Skeleton:
    """What the template writes for an order of roles, remembered for each tokenizer.

    Raises:
        AlignmentError: The template refuses that order.
    """
    known = _SKELETONS.setdefault(tokenizer, {})
    key = (tokenizer.chat_template, roles, prompt)
    if key not in known:
        known[key] = _skeleton(tokenizer, roles, prompt)
    return known[key]


def end_of_turn(tokenizer: Any) -> int:
    """Id of the control piece that ends an answer; the end of text where the template ends it with none.

    Raises:
        AlignmentError: The template refuses a question and its answer.
    """
    bones = skeleton(tokenizer, ("user", "assistant"), prompt=False)
    ends = (bone.id for bone in bones if isinstance(bone, Control) and bone.ends_answer)
    return next(ends, int(tokenizer.eos_token_id))


def _skeleton(tokenizer: Any, roles: tuple[str, ...], prompt: bool) -> Skeleton:
    turns = [{"role": role, "content": f"{_OPEN}{number}{_CLOSE}"} for number, role in enumerate(roles)]
    try:
        rendered = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt)
    except Exception as error:  # a template is a stranger's program
        raise AlignmentError(
            f"the chat template refuses the turns {' '.join(roles)} ({cause_of(error)})"
        ) from error
    controls = {
        added.content: number for number, added in tokenizer.added_tokens_decoder.items() if added.special
    }
    longest_first = sorted(controls, key=len, reverse=True)
    cut = re.split(f"({'|'.join(map(re.escape, longest_first))})", rendered) if controls else [rendered]
    bones: list[Section | Control] = []
    for piece in filter(None, cut):
        if piece in controls:
            after = bones[-1] if bones else None
            ends = isinstance(after, Section) and after.answer is not None
            bones.append(Control(controls[piece], ends))
        else:
            bones.append(_section(piece, roles))
    return tuple(bones)


def _section(text: str, roles: tuple[str, ...]) -> Section:
    parts: list[str | int] = [
        int(part) if number % 2 else part for number, part in enumerate(_PLACEHOLDER.split(text))
    ]
    parts = [part for part in parts if part != ""]
    answers = [at for at, part in enumerate(parts) if isinstance(part, int) and roles[part] == "assistant"]
    return Section(tuple(parts), answers[0] if answers else None)
