"""Daad: count words of a shard, cut them with the base, learn pieces that go on from there."""

import sys
from pathlib import Path

from tokenization.expand_config import Sampling
from tokenization.load_base import load_base
from tokenization.sample import sample_words

shard, pieces = Path(sys.argv[1]), int(sys.argv[2])
base = load_base("mistral-v1")
sampling = Sampling(held_out_percent=1, megabytes=0)
sample = sample_words([shard], sampling, ["ar"], starts_with_space=base.starts_with_space)
print("words", sample.words.height, "pieces", len(base.learn(sample.words, pieces, clitic_share=0.5)))
