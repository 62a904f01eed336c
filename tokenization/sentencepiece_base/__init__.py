"""SentencePiece BPE bases (Mistral v1, Llama-2, Gemma): read, extended with Arabic pieces, written with a fast twin."""
