"""`report.html`, one self-contained page with the curves of a run, and `manifest.json` beside it."""
