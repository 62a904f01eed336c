"""Whether an expansion goes on from the tokenizer that a checkpoint was trained with."""

from pathlib import Path

from tokenization.embeddings.checkpoint import Checkpoint
from tokenization.embeddings.expansion import Expansion
from tokenization.embeddings.vocabulary import read_vocabulary
from tokenization.errors import TokenizationError


def check_same_base(checkpoint: Checkpoint, expansion: Expansion) -> list[str]:
    """Compare a checkpoint's own pieces with the expansion's, id for id; what the user should know.

    A matrix may have more rows than its tokenizer has pieces: they pad it, belong to no piece, and make room.

    Raises:
        TokenizationError: New pieces would take rows of old ones, or rows would be made of other pieces' rows.
    """
    base_size, notes = expansion.base_size, []
    if checkpoint.rows < base_size:
        raise TokenizationError(
            f"{checkpoint.directory}: {checkpoint.input.tensor.name} has {checkpoint.rows:,} rows, but the base of "
            f"{expansion.directory} has {base_size:,} pieces: expand the tokenizer of this checkpoint"
        )
    if checkpoint.rows > base_size:
        notes.append(
            f"note: the checkpoint has {checkpoint.rows - base_size:,} rows beyond its {base_size:,} pieces, "
            "padding; and new rows took its place"
        )
    own = _own_pieces(checkpoint.directory)
    if not own:
        notes.append(
            "note: the checkpoint holds no tokenizer, so that it was trained with the expansion's base is not checked"
        )
        return notes
    beyond = sorted(piece for piece, number in own.items() if number >= base_size)
    if beyond:
        raise TokenizationError(
            f"{checkpoint.directory}: its tokenizer has {len(beyond):,} pieces beyond the {base_size:,} of the base of "
            f"{expansion.directory} (such as {beyond[0]!r}): expand the tokenizer of this checkpoint"
        )
    theirs = expansion.vocabulary.ids
    wrong = sorted((number, piece) for piece, number in own.items() if theirs.get(piece) != number)
    if wrong:
        number, piece = wrong[0]
        raise TokenizationError(
            f"{checkpoint.directory}: piece {number} of its tokenizer is {piece!r}, which is not what the base of "
            f"{expansion.directory} has there: expand the tokenizer of this checkpoint"
        )
    return notes


def _own_pieces(directory: Path) -> dict[str, int]:
    """Id of each piece of a checkpoint's tokenizer; empty if it has none that is known here."""
    if (directory / "tokenizer.json").is_file():
        return dict(read_vocabulary(directory / "tokenizer.json").ids)
    model = directory / "tokenizer.model"
    if not model.is_file():
        return {}
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor(model_file=str(model))
    except RuntimeError:
        return {}  # tiktoken files go by this name too
    return {processor.id_to_piece(number): number for number in range(processor.get_piece_size())}
