"""What can go wrong in an experiment, beyond what its rooms say themselves."""

from corpus.errors import DaadError


class ExperimentError(DaadError):
    """Settings or finished runs that an experiment cannot use; the message says what to do."""
