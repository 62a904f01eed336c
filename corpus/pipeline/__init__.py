"""The build: parts in worker processes, passes over all of them, and every file that a build reads or leaves.

This is the only place of the room where the stages meet one another, the disk and the clock.
"""
