"""The table of all tasks, for the documents: made from their definitions."""

from benchmarks.tasks.suites import SUITES, TASKS
from benchmarks.tasks.task import RULES

UNTESTED = frozenset({"ien_mcq", "ien_tf", "aramath", "etec"})
"""Tasks that no test runs in their published schema, because none is published."""


def markdown() -> str:
    """All suites, tasks and rules as Markdown tables."""
    lines = ["| suite | tasks (shots) | part of it, but not scored here |", "|---|---|---|"]
    for name, suite in SUITES.items():
        tasks = ", ".join(f"`{task}` ({shots})" for task, shots in suite.shots.items())
        lines.append(f"| `{name}` | {tasks} | {', '.join(f'{k}: {v}' for k, v in suite.elsewhere.items())} |")
    lines += [
        "",
        "| task | what | source | license | hub | v | shots | prompt | first rule | note |",
        "|" + "---|" * 10,
    ]
    for task in TASKS.values():
        hub = f"`{task.hub}`" if task.hub else "private" if task.private else "by path"
        note = task.note + ("; schema untested" if task.name in UNTESTED else "")
        lines.append(
            f"| `{task.name}` | {task.title} | {task.source} | {task.license} | {hub} | {task.version} | "
            f"{task.shots} | {task.language} | {task.rule} | {note} |"
        )
    lines += ["", "| rule | the model's answer is |", "|---|---|"]
    lines += [f"| `{rule}` | {meaning} |" for rule, meaning in RULES.items()]
    return "\n".join(lines) + "\n"
