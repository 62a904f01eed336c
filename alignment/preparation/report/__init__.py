"""The report of a preparation: one self-contained HTML page for people who want to see what stays and what goes."""

from alignment.preparation.report.page import render

__all__ = ["render"]
