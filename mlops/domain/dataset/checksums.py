"""Check digits of cards, bank accounts and national ids, so that other numbers are not taken for them."""

from collections.abc import Callable
from typing import TypeAlias

Valid: TypeAlias = Callable[[str], bool]
_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 "
    "LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 "
    "SK24 SM27 TN24 TR26 UA29 VA22 XK20"
)
IBAN_LENGTHS = {country[:2]: int(country[2:]) for country in _IBANS.split()}
# Prefixes and lengths of the large issuers; what begins otherwise is no card.
CARDS = (
    ("4", (13, 16, 19)),
    ("5", (16,)),
    ("2", (16,)),
    ("34", (15,)),
    ("37", (15,)),
    ("6", (16, 19)),
    ("3", (14, 16)),
)
# Printed in every manual of a payment service; they pay nothing.
TEST_CARDS = frozenset({
    "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556", "5555555555554444",
    "5105105105105100", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
    "30569309025904", "38520000023237", "3530111333300000", "3566002020360505", "2223003122003222",
})  # fmt: skip
TEST_ACCOUNTS = frozenset({"DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819"})
_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)) | dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
                                       22, 25, 24, 23), strict=True)
)  # fmt: skip


def digits(text: str) -> str:
    """The digits of a text."""
    return "".join(letter for letter in text if letter in "0123456789")


def luhn(number: str) -> bool:
    """Whether the last digit checks the others, as on every payment card."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(text: str) -> bool:
    """A payment card that could pay."""
    number = digits(text)
    known = any(number.startswith(start) and len(number) in lengths for start, lengths in CARDS)
    return known and len(set(number)) > 2 and number not in TEST_CARDS and luhn(number)


def iban(text: str) -> bool:
    """A bank account of a country with its right length and check digits."""
    account = "".join(text.split()).upper()
    if IBAN_LENGTHS.get(account[:2]) != len(account) or account in TEST_ACCOUNTS:
        return False
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97 == 1


def american(text: str) -> bool:
    """A social security number that could have been given out; those of leaflets and forms were not."""
    area, group, serial = text.split("-")
    known = text in ("078-05-1120", "123-45-6789", "219-09-9999")
    return not known and area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def spanish(text: str) -> bool:
    """A DNI with its letter."""
    return _SPANISH[int(text[:8]) % 23] == text[8] and text[:8] != "12345678"


def brazilian(text: str) -> bool:
    """A CPF with both check digits."""
    number = digits(text)
    if len(set(number)) == 1:
        return False
    return all(_weighted(number[:size], size + 1) == int(number[size]) for size in (9, 10))


def _weighted(number: str, first: int) -> int:
    return sum(int(digit) * (first - place) for place, digit in enumerate(number)) * 10 % 11 % 10


def french(text: str) -> bool:
    """A social security number with its key."""
    number = digits(text)
    return len(number) == 15 and 97 - int(number[:13]) % 97 == int(number[13:])


def italian(text: str) -> bool:
    """A codice fiscale with its letter."""
    total = sum(
        _ODD[letter] if place % 2 == 0 else int(letter, 36) - (10 if letter.isalpha() else 0)
        for place, letter in enumerate(text[:15])
    )
    return chr(ord("A") + total % 26) == text[15]


def phone(text: str) -> bool:
    """Eight to fifteen digits, not those that films use (555-0100 to 555-0199), and not one digit again and again."""
    number = digits(text)
    made_up = len(number) >= 10 and number[-7:-2] == "55501"
    return 8 <= len(number) <= 15 and not made_up and len(set(number)) > 2 and "123456789" not in number
