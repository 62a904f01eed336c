"""`python -m tokenization.embeddings --checkpoint DIR --tokenizer EXPANDED_DIR --output_dir DIR --method mean`."""

import sys
from typing import Any

from corpus.command_line import run
from tokenization.embeddings.settings import Embeddings


def main(settings: Embeddings) -> None:
    """Write the checkpoint, then say what its new rows are like and where to look."""
    from tokenization.embeddings.apply import apply

    sys.stdout.write(summary(apply(settings), settings.output_dir))


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """The result in a few lines."""
    sizes = manifest["sizes"]
    lines = [
        f"{sizes['rows_before']:,} rows became {sizes['rows']:,}",
        f"new pieces    {sizes['pieces']:,}, by {manifest['method']}",
        f"reserve rows  {sizes['reserve']:,}, set to the mean of the base's rows",
    ]
    for matrix in manifest["matrices"]:
        base, new = matrix["norms"]["base"], matrix["norms"]["new"]
        lines.append(
            f"{matrix['name']}: median norm (5-95 %) of a row, base {_spread(base)}, new {_spread(new)}"
        )
    lines += [
        *manifest["notes"],
        f"open  {output_dir}/                the checkpoint: AutoModelForCausalLM.from_pretrained loads it",
        f"      {output_dir}/manifest.json   settings, norms and digests",
    ]
    return "\n".join(lines) + "\n"


def _spread(norms: dict[str, float]) -> str:
    return f"{norms['median']:.3g} ({norms['p05']:.3g}-{norms['p95']:.3g})"


if __name__ == "__main__":
    run(main, Embeddings, "tokenization.embeddings")
