"""What a run takes before it begins: parameters, tokens, steps, memory, FLOPs, time, energy; pure functions."""
