"""Scores as pure functions over arrays: decisions, averages, intervals, significance, calibration, position bias."""
