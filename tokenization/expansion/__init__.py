"""From a config to a proven tokenizer on disk: the only place where samples, bases, proofs and files meet."""
