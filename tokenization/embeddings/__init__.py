"""New rows of a checkpoint's input and output matrices for the pieces that its tokenizer was expanded with.

`expansion` reads what an expansion wrote, `weights`, `similarity` and `rows` make rows of arrays and know no files,
`checkpoint` and `tensor_file` know the files, and `apply` puts them together. `python -m tokenization.embeddings`
writes a checkpoint that transformers loads.
"""

from tokenization.embeddings.settings import Embeddings, Similarity

__all__ = ["Embeddings", "Similarity"]
