"""Whether an expansion goes on from the tokenizer that a checkpoint was trained with."""

from pathlib import Path

from tokenization.embeddings.checkpoint import Checkpoint
from tokenization.embeddings.expansion import Expansion, from_stage
from tokenization.embeddings.vocabulary import is_reserve, read_vocabulary
from tokenization.errors import TokenizationError


def fit(expansion: Expansion, checkpoint: Checkpoint) -> tuple[Expansion, list[str]]:
    """The expansion as it goes on from the checkpoint's own pieces, compared id for id; and what the user should know.

    A checkpoint of an earlier stage of the same expansion keeps the rows of all its pieces but the reserve. Rows beyond
    the pieces of a tokenizer pad the matrix, belong to no piece, and make room.

    Raises:
        TokenizationError: New pieces would take rows of old ones, or be made of rows that are other pieces'; or none is
            new.
    """
    own, notes = _own_pieces(checkpoint.directory), []
    if not own:
        notes.append("note: the checkpoint holds no tokenizer, so that it has the base's is taken on trust")
    _check_pieces(own, expansion, checkpoint)
    own_size = 1 + max(own.values(), default=-1)
    if own_size > expansion.base_size:
        notes.append(f"note: {own_size - expansion.base_size:,} pieces of an earlier stage keep their rows")
        expansion = from_stage(expansion, own_size)
    if not expansion.is_learned.any():
        raise TokenizationError(
            f"{checkpoint.directory}: has all pieces of {expansion.directory} already, so nothing is new: go on "
            "with it as it is, or name a later stage's tokenizer"
        )
    if checkpoint.rows < expansion.base_size:
        raise TokenizationError(
            f"{checkpoint.directory}: {checkpoint.input.tensor.name} has {checkpoint.rows:,} rows, but the base of "
            f"{expansion.directory} has {expansion.base_size:,} pieces: expand the tokenizer of this checkpoint"
        )
    if checkpoint.rows > expansion.base_size:
        notes.append(
            f"note: the checkpoint has {checkpoint.rows - expansion.base_size:,} rows beyond its "
            f"{expansion.base_size:,} pieces, padding or reserve; new rows took their place"
        )
    return expansion, notes


def _check_pieces(own: dict[str, int], expansion: Expansion, checkpoint: Checkpoint) -> None:
    theirs = expansion.vocabulary.ids
    wrong = sorted((number, piece) for piece, number in own.items() if theirs.get(piece) != number)
    if wrong:
        number, piece = wrong[0]
        raise TokenizationError(
            f"{checkpoint.directory}: piece {number} of its tokenizer is {piece!r}, which is not what "
            f"{expansion.directory} has there: expand the tokenizer of this checkpoint"
        )


def _own_pieces(directory: Path) -> dict[str, int]:
    """Id of each piece of a checkpoint's tokenizer, reserve apart; empty if it has none that is known here."""
    if (directory / "tokenizer.json").is_file():
        ids = read_vocabulary(directory / "tokenizer.json").ids
        return {piece: number for piece, number in ids.items() if not is_reserve(piece)}
    model = directory / "tokenizer.model"
    if not model.is_file():
        return {}
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor(model_file=str(model))
    except RuntimeError:
        return {}  # tiktoken files go by this name too
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    return {piece: number for number, piece in enumerate(pieces) if not is_reserve(piece)}
