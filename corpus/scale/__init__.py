"""The build on Daft, on this machine or on a Ray cluster: the same kernels, the same files, the same result."""
