"""E-mail and IP addresses, and bank account numbers."""

import ipaddress
import re
from collections.abc import Iterator

from corpus.privacy.words import any_of

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20,
    "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18,
    "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30,
    "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15,
    "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country (SWIFT, IBAN Registry)."""

_EMAIL = re.compile(
    r"(?<![\w+%])(?!git@)[\w+%][\w.+%'\-]{0,63}@(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9\-]{2,59}|[^\W\d_]{2,24})",
    re.IGNORECASE,
)
_LONGEST_NAME = 64
_LONGEST_DOMAIN = 255
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?<![\w.\-]){_OCTET}(?:\.{_OCTET}){{3}}(?![\w\-]|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)")
_VERSION = re.compile(
    rf"(?:\bv|version|ver\.|release|build|firmware|kernel|section|{any_of('versions')})[\s:.]*$",
    re.IGNORECASE,
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?=[ \-]?[A-Z0-9])")


def find_emails(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each e-mail address, internationalized ones too; git@ is a login, not a person."""
    at = line.find("@")
    end = 0
    while at >= 0:
        match = _EMAIL.search(line, max(end, at - _LONGEST_NAME), at + _LONGEST_DOMAIN)
        if match:
            yield match.span()
            end = match.end()
        at = line.find("@", max(at + 1, end))


def find_ip_addresses(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each public IP address.

    What follows a word such as "version" is taken for one, and so are small numbers: three parts of one
    digit, or a first and a last part of one digit.
    """
    for match in _IPV4.finditer(line) if line.count(".") >= 3 else ():
        sizes = [len(part) for part in match[0].split(".")]
        small = sizes.count(1) >= 3 or sizes[0] == sizes[3] == 1
        if small or _VERSION.search(line, max(0, match.start() - 20), match.start()):
            continue
        if ipaddress.IPv4Address(match[0]).is_global:
            yield match.span()
    for match in _IPV6.finditer(line) if line.count(":") >= 2 else ():
        if _is_public_ipv6(match[0]):
            yield match.span()


def _is_public_ipv6(address: str) -> bool:
    try:
        return ipaddress.IPv6Address(address).is_global
    except ValueError:
        return False


def find_ibans(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each IBAN of right length and checksum, with single spaces or hyphens anywhere."""
    for match in _IBAN_START.finditer(line):
        length = IBAN_LENGTHS.get(match[0][:2], 0)
        end, account = match.start(), ""
        while len(account) < length and end < len(line):
            character = line[end]
            if character.isascii() and character.isalnum():
                account += character
            elif character not in " -" or line[end - 1] in " -":
                break
            end += 1
        bounded = end == len(line) or not (line[end].isascii() and line[end].isalnum())
        if length and len(account) == length and bounded and has_iban_checksum(account):
            yield match.start(), end


def has_iban_checksum(account: str) -> bool:
    """ISO 7064 MOD 97-10: the first four characters last, letters as 10 to 35, the remainder by 97 is 1.

    >>> has_iban_checksum("SA0380000000608010167519")
    True
    """
    digits = "".join(str(int(character, 36)) for character in account[4:] + account[:4])
    return int(digits) % 97 == 1
