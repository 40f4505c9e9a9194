"""Generated pairs of texts, each an original and an edit of it, in the kinds of text that people train on.

The tests and `benchmarks/near_duplicates.py` use them; how alike the two of a pair are is measured, not assumed.
"""

import random
from collections.abc import Callable, Iterator

KINDS = ("prose", "code", "csv", "numbers", "chinese", "arabic")
_SYLLABLES = (
    *("ta", "re", "mi", "so", "lan", "der", "win", "po", "ku", "sha", "bel", "cor", "dra", "fen", "gil", "hos", "jin"),
    *("kel", "lor", "mon", "nar", "ost", "pri", "qua", "rus", "sel", "tor"),
)
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


def pairs(kind: str, count: int, seed: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Originals of 300 to 6,000 characters, edited at one place in 200 to none at all."""
    chance = random.Random(f"{kind} {seed}")
    for _ in range(count):
        units = _UNITS[kind](chance, chance.randint(60, 900))
        share = chance.choice((0.002, 0.004, 0.006, 0.01, 0.02, 0.04))
        edited = [_UNITS[kind](chance, 1)[0] if chance.random() < share else unit for unit in units]
        yield "".join(units).encode(), "".join(edited).encode()


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((1, 1, 2, 2, 3))))


def _prose(chance: random.Random, count: int) -> list[str]:
    return [
        _word(chance) + (". " if chance.random() < 0.07 else ", " if chance.random() < 0.05 else " ")
        for _ in range(count)
    ]


def _code(chance: random.Random, count: int) -> list[str]:
    forms = (
        "    {0} = {1}({2})\n",
        "    if {0} is None:\n",
        "        return {0}[{2}]\n",
        "def {1}({0}, {3}):\n",
        "    for {0} in {1}:\n",
    )
    return [
        chance.choice(forms).format(_word(chance), _word(chance), chance.randint(0, 99), _word(chance))
        for _ in range(-(-count // 5))
    ]


def _csv(chance: random.Random, count: int) -> list[str]:
    return [
        f"{chance.randint(1, 9999)},{_word(chance)},{chance.randint(0, 99999) / 100:.2f},{chance.choice('yn')}\n"
        for _ in range(-(-count // 4))
    ]


def _numbers(chance: random.Random, count: int) -> list[str]:
    return [f"{chance.random() * 10 ** chance.randint(0, 4):.3f} " for _ in range(count)]


def _chinese(chance: random.Random, count: int) -> list[str]:
    return [chr(chance.randint(0x4E00, 0x5FFF)) + ("。" if chance.random() < 0.05 else "") for _ in range(count)]


def _arabic(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choice(_ARABIC) for _ in range(chance.randint(2, 7))) + " " for _ in range(count)]


_UNITS: dict[str, Callable[[random.Random, int], list[str]]] = {
    "prose": _prose, "code": _code, "csv": _csv, "numbers": _numbers, "chinese": _chinese, "arabic": _arabic,
}  # fmt: skip
