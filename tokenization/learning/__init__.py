"""The learner of merges: byte-pair encoding that goes on where a base tokenizer's own cuts end.

Pure numpy and numba over columns of symbols; it knows nothing of files, texts or tokenizers. `learn` is the whole of
it for byte-level bases.
"""

from tokenization.learning.joints import joint_shares
from tokenization.learning.learn import learn
from tokenization.learning.merges import Merges

__all__ = ["Merges", "joint_shares", "learn"]
