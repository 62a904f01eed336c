"""Proofs of an expanded tokenizer: each is one function that tries a claim and returns a Proof; none writes a file."""
