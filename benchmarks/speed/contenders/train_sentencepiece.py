"""sentencepiece: its own BPE trainer on the same text, as lines, with the settings that Arabic needs."""

import sys

import sentencepiece

lines, pieces, threads, prefix = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sentencepiece.SentencePieceTrainer.train(
    input=lines,
    model_prefix=prefix,
    model_type="bpe",
    vocab_size=pieces,
    normalization_rule_name="identity",
    split_by_unicode_script=False,
    split_digits=True,
    byte_fallback=True,
    max_sentence_length=1 << 20,
    num_threads=threads,
    minloglevel=2,
)
print("pieces", sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model").get_piece_size())
