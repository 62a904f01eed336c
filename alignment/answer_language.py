"""`python -m alignment.answer_language --config FILE.yaml`: how often models answer in the language of the question."""

import sys
from typing import Any

from alignment.answer_language_config import AnswerLanguageConfig
from corpus.command_line import run


def main(config: AnswerLanguageConfig) -> None:
    """Measure, then print the figures and where they lie."""
    from alignment.mining.answer_languages import measure

    sys.stdout.write(summary(measure(config), config.output_dir))


def summary(result: dict[str, Any], output_dir: str) -> str:
    """Shares with intervals, and differences from the first model."""
    lines = [f"answers in the language of the question, {result['questions']:,} questions"]
    for name, model in result["models"].items():
        for language, share in model["shares"].items():
            lines.append(
                f"{name:<12} {language:<6} {share['value']:.3f} [{share['low']:.3f}, {share['high']:.3f}] "
                f"of {share['answers']:,}"
            )
    for name, differences in result["differences"].items():
        for language, one in differences.items():
            lines.append(
                f"{name} - {result['first']}".ljust(13)
                + f"{language:<6} {one['value']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}], McNemar p "
                f"{one['mcnemar']:.2g} ({one['only_first']} lost, {one['only_second']} gained)"
            )
    lines.append(f"open         {output_dir}/result.json")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main, AnswerLanguageConfig, "alignment.answer_language")
