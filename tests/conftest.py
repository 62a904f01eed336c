"""Settings that all tests share."""

from hypothesis import settings

# The first call of a kernel compiles it, so single examples have no deadline; examples are the same on every machine.
settings.register_profile("daad", deadline=None, derandomize=True)
settings.load_profile("daad")
