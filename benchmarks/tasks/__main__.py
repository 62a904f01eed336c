"""`python -m benchmarks.tasks`: the tables of all suites, tasks, rules and formats, for docs/benchmarks.md."""

import sys

from benchmarks.tasks.table import markdown

sys.stdout.write(markdown())
