"""Tokenizers of any make behind one small interface: ids in columns, and the characters that each piece covers.

`open_tokenizer` reads SentencePiece models, Hugging Face directories and tokenizer.json files, tiktoken rank files and
mistral-common's tekken files, or refuses in one line. Nothing here knows what is measured.
"""

from tokenization.loading.opening import open_tokenizer
from tokenization.loading.tokenizer import Encoded, Located, Tokenizer

__all__ = ["Encoded", "Located", "Tokenizer", "open_tokenizer"]
