"""From corpus shards and a base tokenizer to an expanded, proven tokenizer, its embedding rows and fertility reports."""
