"""Files of many formats become documents, and what cannot be read becomes faults.

`resolve` finds a source's files; `cut` takes a file apart into blocks of raw records, cheaply and in order;
`parse` turns a block into documents, in any process. A bad record never takes a sound one with it.
"""

from corpus.readers.blocks import MAX_RECORD_BYTES, Block, Fault, Parsed
from corpus.readers.inputs import InputFile, checksum, resolve
from corpus.readers.reading import cut, parse

__all__ = ["MAX_RECORD_BYTES", "Block", "Fault", "InputFile", "Parsed", "checksum", "cut", "parse", "resolve"]
