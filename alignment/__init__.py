"""From a pretrained checkpoint, instructions and preferences to a model that answers: SFT and DPO.

`python alignment/sft.py` and `python alignment/dpo.py` train on the engine of `nemo_recipes`. Nothing here loads
torch, NeMo, Lightning or transformers before the command line has been read.
"""
