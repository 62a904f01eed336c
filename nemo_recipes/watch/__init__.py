"""What is seen of a run: its journal, bits per byte by language and domain, speed, energy, and the report."""
