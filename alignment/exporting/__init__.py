"""Hand-over: instructions, preferences and settings in the forms that NeMo-RL and NeMo-Aligner read.

`records` makes their records from conversations and pairs and says which cannot be one, `nemo_rl` and `nemo_aligner`
make the configs, `model_directory` looks whether a model can be served as it lies, `writing` has the files.
"""
