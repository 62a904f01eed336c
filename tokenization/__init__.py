"""From corpus shards and a base tokenizer to an expanded, proven tokenizer, embedding rows and fertility reports."""
