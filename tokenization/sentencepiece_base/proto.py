"""Serialized SentencePiece models, parsed and copied. The class is made at run time, so to mypy it is anything."""

from typing import Any


def parse(serialized: bytes) -> Any:
    """The model that was serialized.

    Raises:
        ValueError: It is none.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    proto = _model_proto()
    try:
        proto.ParseFromString(serialized)
    except DecodeError as error:
        raise ValueError("not a SentencePiece model") from error
    return proto


def copy(proto: Any) -> Any:
    """A copy that may be changed."""
    copied = _model_proto()
    copied.CopyFrom(proto)
    return copied


def _model_proto() -> Any:
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
