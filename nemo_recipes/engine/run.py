"""One start of a recipe, on each process of its layout: data, training, export, report, manifest."""

import time
from pathlib import Path
from typing import Any

from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.engine import checkpoint_files
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.base import base_account
from nemo_recipes.engine.export import export
from nemo_recipes.engine.feed import make_feeds, tokenizer_path
from nemo_recipes.engine.lock import locked
from nemo_recipes.engine.model import check_weights
from nemo_recipes.engine.parallel import device_kind, join_processes
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.training import train
from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.plan import Plan
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.report.writing import write_report


def run(config: PretrainConfig, plan: Plan) -> dict[str, Any]:
    """Train as far as the settings say, and write what came of it; returns the manifest.

    Started again, it goes on from where it was stopped; when all is done it writes export and report anew.

    Raises:
        PretrainingError: See `training.train`; or another run holds the output directory.
        KeyboardInterrupt: A signal asked for a stop; all steps that were done are saved.
    """
    began = time.time()
    kind = device_kind(config)
    check_weights(config.model)
    output = Path(config.output_dir)
    with quietly():
        join_processes(config.layout, kind)
    with locked(output):
        with quietly():
            feeds = make_feeds(config)
        base = base_account(config, feeds[0], kind)
        last = train(config, feeds, kind, plan.flops_per_token, base=base)

        def finish() -> dict[str, Any]:
            if config.checkpoint.export != "never":
                say("writing the model as Hugging Face safetensors")
                export(last, config, feeds[-1].tokenizer, output / "model")
            described = [feed.described for feed in feeds]
            return write_report(config, plan, described, last, base, seconds=time.time() - began)

        return agree(finish)


def export_newest(config: PretrainConfig) -> Path:
    """Write the newest whole checkpoint as a Hugging Face model; no training, one process.

    Raises:
        PretrainingError: There is none, or the tokenizer is missing.
    """
    output = Path(config.output_dir)
    newest = checkpoint_files.newest_whole(output / "checkpoints", say)
    if newest is None:
        raise PretrainingError(f"{output / 'checkpoints'}: no checkpoint there yet: train first")
    return export(
        newest, config, open_tokenizer(tokenizer_path(config), config.data.end_piece), output / "model"
    )
