"""`report.html` and `manifest.json` of supervised fine-tuning."""
