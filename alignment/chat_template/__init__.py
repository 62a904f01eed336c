"""How a conversation is written for a model, and which of its tokens are learned.

A template is Jinja, saved with the tokenizer, so that every tool of the ecosystem renders a conversation alike. Its
markers go in by id and the texts of the turns as text: a user who writes `<s>` or `[INST]` cannot end a turn.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignment.chat_template.encoding import (
        EncodedConversations,
        encode_conversation,
        encode_conversations,
        encode_prompt,
        end_of_turn,
    )
    from alignment.chat_template.loading import load_chat_tokenizer
    from alignment.chat_template.saving import save_chat_tokenizer

_MODULES = {
    "EncodedConversations": "encoding",
    "encode_conversation": "encoding",
    "encode_conversations": "encoding",
    "encode_prompt": "encoding",
    "end_of_turn": "encoding",
    "load_chat_tokenizer": "loading",
    "save_chat_tokenizer": "saving",
}

__all__ = [
    "EncodedConversations",
    "encode_conversation",
    "encode_conversations",
    "encode_prompt",
    "end_of_turn",
    "load_chat_tokenizer",
    "save_chat_tokenizer",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(f"alignment.chat_template.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
