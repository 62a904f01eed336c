"""From corpus shards and a tokenizer, with or without a base model, to a pretrained checkpoint.

`python -m nemo_recipes.data` writes Megatron token files, `python nemo_recipes/pretrain.py` trains on them. Nothing
here loads torch, NeMo, Lightning or Megatron before the command line has been read.
"""
