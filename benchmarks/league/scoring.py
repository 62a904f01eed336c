"""All models of a league, one after the other."""

from pathlib import Path

from benchmarks.league.conversations import write_questions
from benchmarks.league.settings import LeagueConfig
from benchmarks.report.writing import write_league


def score(config: LeagueConfig) -> list[Path]:
    """Score every model, and write the report; returns the directories of all runs in their order.

    What a model answered is kept, so a stopped league goes on where it was.

    Raises:
        BenchmarkError: A model, task or text cannot be used.
    """
    output = Path(config.output_dir)
    own = {}
    if config.conversations:
        own = write_questions(config.conversations, config.questions, output / "questions")
    if config.models:
        _score_models(config, own)
    directories = [*(config.directory(name) for name in config.models), *config.run_directories]
    write_league(directories, output, note=config.note)
    return directories


def _score_models(config: LeagueConfig, own: dict[str, str]) -> None:
    import torch

    from benchmarks.evaluation import evaluate
    from benchmarks.text_bits import measure

    if config.threads:
        torch.set_num_threads(config.threads)
    for name in config.models:
        evaluate(config.run(name, own))
        if config.text:
            measure(config.bits(name))
