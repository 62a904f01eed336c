"""What is needed to get a figure again, in one string beside it."""


def signature(**parts: object) -> str:
    """Keys and values in the given order.

    >>> signature(tok="mistral-v1", sha="dadfd56d7667", boot=1000)
    'tok:mistral-v1|sha:dadfd56d7667|boot:1000'
    """
    return "|".join(f"{key}:{value}" for key, value in parts.items())
