"""Corpus shards as Megatron token files, and blends that are read from them.

`tokens.encode` writes one .bin and .idx for each part of the corpus and split, `blend.make` mixes them as a plan says.
Only numpy, polars and the tokenizers are needed to write; megatron-core and torch load with the blend.
"""
