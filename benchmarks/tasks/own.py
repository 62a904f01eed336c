"""Multiple-choice questions of the user's own, in any of the formats that are understood."""

from benchmarks.tasks.task import Task

OWN: tuple[Task, ...] = tuple(
    Task(
        name=f"own_{language}",
        title=f"Own questions, {name}",
        language=language,
        source="the user's",
        license="the user's",
        private=True,
        rule="per_character",
        note="any file in a format below",
    )
    for language, name in (("ar", "Arabic"), ("en", "English"))
)
"""One for each language."""
