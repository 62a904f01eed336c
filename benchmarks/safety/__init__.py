"""Whether a model writes listed words or refuses harmless requests, in Arabic and in English, prompt by prompt.

`python -m benchmarks.safety` is the job. `prompts` reads pairs of prompts, `word_forms` joins Arabic clitics to listed
words, `toxicity` and `refusals` look at answers, `measures` compares the languages, `report` shows it.
"""
