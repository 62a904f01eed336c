"""One run in one output directory at a time: two would undo each other's checkpoints."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from corpus.pipeline.lock import held
from nemo_recipes.engine.agreement import agree
from nemo_recipes.errors import PretrainingError


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold an output directory, on behalf of all processes of a run: the first one does.

    Raises:
        PretrainingError: Another run holds it.
    """
    busy = PretrainingError(
        f"{output}: another run is training here; wait for it, stop it, or choose another output_dir"
    )
    with ExitStack() as until_the_end:
        agree(lambda: until_the_end.enter_context(held(output / ".lock", busy)))
        yield
