"""How many parameters a Llama-family model has, by part."""

from dataclasses import asdict, dataclass

from nemo_recipes.pretrain_config import Shape


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of each part, all layers together; the head has none of its own where it is the embedding."""

    embedding: int
    attention: int
    mlp: int
    norms: int
    head: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(asdict(self).values())


def count(shape: Shape) -> Parameters:
    """Parameters of a model without biases, as Llama, Mistral and SmolLM2 are.

    >>> count(Shape(vocab_size=10, hidden_size=4, intermediate_size=6, num_hidden_layers=2, num_attention_heads=2))
    Parameters(embedding=40, attention=128, mlp=144, norms=20, head=40)
    """
    layers, width = shape.num_hidden_layers, shape.hidden_size
    queries, keys = attention_widths(shape)
    table = shape.vocab_size * width
    return Parameters(
        embedding=table,
        attention=layers * width * (2 * queries + 2 * keys),  # query and output; key and value
        mlp=layers * 3 * width * shape.intermediate_size,  # gate, up and down
        norms=(2 * layers + 1) * width,
        head=0 if shape.tie_word_embeddings else table,
    )


def attention_widths(shape: Shape) -> tuple[int, int]:
    """Width of all query heads and of all key heads."""
    return shape.num_attention_heads * shape.head_width, shape.key_value_heads * shape.head_width
