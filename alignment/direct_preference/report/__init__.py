"""Manifest and page of a run of learning from preferences."""
