"""Benchmarks as tasks: what each is, where it comes from, and how its published files become `Item`s."""

from benchmarks.tasks.loading import Loaded, load
from benchmarks.tasks.suites import SUITES, check_data, chosen, why_absent
from benchmarks.tasks.task import Task

__all__ = ["SUITES", "Loaded", "Task", "check_data", "chosen", "load", "why_absent"]
