"""Learning from pairs of answers without a reward model: Direct Preference Optimization (Rafailov et al., 2305.18290).

`losses` is the mathematics, `policy` the module that the engine of `nemo_recipes` trains, `reference` the cached
log-probabilities of the model that it started from, `running` a whole run.
"""
