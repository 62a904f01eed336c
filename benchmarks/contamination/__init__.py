"""How much of each benchmark item stands in a corpus, and what scores are without those items.

`python -m benchmarks.contamination` is the job. `items` gathers the items, `overlap` looks for their n-grams and their
near-duplicates in the shards, with the corpus's own fold, n-gram index and MinHash; `scores` computes with and without.
"""
