"""Byte-level BPE bases (Llama-3, Qwen, SmolLM2, GPT-4o): read, extended with Arabic merges, written."""
