"""A recipe, its blend and its checkpoint in the form of NVIDIA's other trainers: NeMo AutoModel and Megatron-Bridge."""
