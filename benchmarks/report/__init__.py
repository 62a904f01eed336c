"""Results to look at: one self-contained HTML page, and the same figures as JSON, CSV and Markdown."""
