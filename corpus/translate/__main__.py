"""`python -m corpus.translate --corpus DIR --translator DIR --output_dir DIR`: English documents become Arabic ones."""

import sys

from corpus.command_line import run
from corpus.translate.settings import Translate


def main(settings: Translate) -> None:
    """Translate, then say what was made, what it cost and where to look."""
    from corpus.translate.translating import translate

    manifest = translate(settings)
    run_facts, totals = manifest["run"], manifest["totals"]
    energy = run_facts["energy"]
    failed = ", ".join(f"{reason} {count:,}" for reason, count in totals["failed"].items()) or "none"
    lines = [
        f"{totals['documents']:,} documents translated, {totals['dropped']:,} dropped for poor translations",
        f"sentences    {totals['sentences']:,}, {run_facts['translated']:,} of them asked of the translator now",
        f"failed       {failed}",
        f"cost         {run_facts['ledger'].get('cost', 0):g}",
        f"energy       {energy['watt_hours']:.2f} Wh, {energy['how']}",
        *(f"note: {note}" for note in manifest["notes"]),
        f"open         {settings.output_dir}/report.html  translations beside their originals",
        f"             {settings.output_dir}/shards/      the documents, kind translated",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, Translate, "corpus.translate")
