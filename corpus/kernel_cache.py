"""Where compiled kernels are kept: under a name that changes with the source.

numba keeps compiled code as long as the file of the outermost function is unchanged. It does not see that a function
which that one calls, in another file, is another by now, and would go on running the old one. So each state of this
package's kernels has a cache of its own.
"""

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

UNUSED_SECONDS = 30 * 24 * 3600


def use_cache_of_this_source() -> None:
    """Point numba at the cache; must run before a kernel is defined. Without a writable place numba decides."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    if Path(base).parent.name == "daad":  # a worker inherits the variable that its build has set
        return
    parent = Path(base).expanduser() / "daad"
    directory = parent / f"kernels-{source_digest()}"
    try:
        if not directory.exists():
            _remove_unused(parent)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.utime(directory)
    except OSError:
        return
    os.environ["NUMBA_CACHE_DIR"] = str(directory)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(directory)


def source_digest() -> str:
    """Sixteen hexadecimal digits that stand for all files of this package that hold kernels."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        if b"njit" in content:
            digest.update(f"{path.relative_to(root)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _remove_unused(parent: Path) -> None:
    for directory in parent.glob("kernels-*"):
        if time.time() - directory.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(directory, ignore_errors=True)
