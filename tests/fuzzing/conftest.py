"""The targets and mutations stand beside the tests."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault(
    "RUST_BACKTRACE", "0"
)  # a panic of a compiled library is caught; its trace tells nothing
