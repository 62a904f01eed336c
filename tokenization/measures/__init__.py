"""What is measured of tokenizers: pure functions over columns, each measure with its definition beside it.

Texts are cut into units once, each unit is encoded once, and every figure of a document is a sum over its units;
figures of a slice are ratios of sums over its documents, so the bootstrap is a product of two matrices.
"""
