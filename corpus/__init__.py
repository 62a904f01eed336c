"""Raw Arabic and English text becomes clean, deduplicated, documented Parquet shards.

`python -m corpus.build --config FILE.yaml` is the whole job; every step of it is also a plain function over
polars columns that can be used alone: `corpus.readers`, `corpus.normalize`, `corpus.fold`, `corpus.language`,
`corpus.quality`, `corpus.privacy`, `corpus.dedup`, `corpus.decontamination`. Nothing here loads torch.
"""

from corpus.kernel_cache import use_cache_of_this_source

use_cache_of_this_source()
