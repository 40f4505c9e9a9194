"""Numbers as people read them, and as JSON can hold them.

It must not know what a number means.
"""

import math

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # how JSON from protobuf spells them


def number(value: float, digits: int = 4) -> str:
    """A number for people: so many significant digits, but all of its whole part, and no exponent while legible."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity" if value > 0 else "-infinity"
    if value == 0:
        return "0.0"
    exponent = math.floor(math.log10(abs(value)))
    if not -13 < exponent < 16:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - exponent)
    head, _, tail = f"{value:.{decimals}f}".partition(".")
    return f"{head}.{tail.rstrip('0') or '0'}" if decimals else head


def percent(share: float) -> str:
    """A share for people: 0.05 is `5 %`."""
    return f"{number(100.0 * share).removesuffix('.0')} %"


def apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart."""
    for digits in range(4, 18):
        shown = number(float(one), digits), number(float(other), digits)
        if one == other or shown[0] != shown[1]:
            return shown
    return repr(one), repr(other)


def as_float(value: object) -> float | None:
    """The value as a float, None when it is no number; `true` is none, and a giant integer is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_plain(value: object) -> object:
    """The value for JSON, which has no NaN and no infinity: those become words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def from_plain(value: object) -> float | None:
    """The float that `to_plain` wrote; None when it is none."""
    return _WORDS.get(value) if isinstance(value, str) else as_float(value)
