"""Experiments that go through several rooms: each is a folder, a config, one command, and a report in docs/results/."""
