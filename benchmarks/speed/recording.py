"""What a benchmark found: printed, and kept where it was asked to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def record(found: Mapping[str, Any], output: Path | None) -> None:
    """Print a result as JSON, and write it where `output` says."""
    text = json.dumps(found, indent=1)
    print(text)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
