"""What a user can set of privacy."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """Mask personal data in texts that stay.

    The tokens hold no digit and no @, so masked text is never masked again, and each is one word that a
    tokenizer can have as one piece.

    Attributes:
        email: Mask e-mail addresses.
        phone: Mask telephone numbers: international ones, and national ones as the Arab world writes them.
        ip: Mask public IP addresses; private and loopback ones, as 127.0.0.1, stay.
        iban: Mask bank account numbers (IBAN) of right length and checksum.
        email_token: What stands for an e-mail address.
        phone_token: What stands for a telephone number.
        ip_token: What stands for an IP address.
        iban_token: What stands for an IBAN.
    """

    email: bool = True
    phone: bool = True
    ip: bool = True
    iban: bool = True
    email_token: str = "<EMAIL>"  # noqa: S105
    phone_token: str = "<PHONE>"  # noqa: S105
    ip_token: str = "<IP>"  # noqa: S105
    iban_token: str = "<IBAN>"  # noqa: S105

    def __post_init__(self) -> None:
        for name in ("email_token", "phone_token", "ip_token", "iban_token"):
            token = getattr(self, name)
            if any(character.isdigit() or character in "@:\n" for character in token):
                raise ValueError(f"{name} must hold no digit, '@', ':' or line feed, got {token!r}")
