"""Secrets and personal data, recognised by pattern.

It must never repeat what it found: only the kind is reported, so a report cannot leak the secret again.
Patterns miss things; they are a net under people's care, not a replacement for it.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind. A match holds one of the `marks` (rare, and looked for first), `offset` characters after it begins."""

    kind: str
    marks: tuple[str, ...]
    offset: int
    expression: re.Pattern[str]


# Reserved for documentation (RFC 2606), or the fictitious companies of Microsoft's manuals.
FICTITIOUS = re.compile(
    r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:com|org|net))?|contoso\.com|fabrikam\.com|localhost)$", re.IGNORECASE
)


def _ascii(expression: str) -> re.Pattern[str]:
    """An expression that polars reads alike: words are those of ASCII, and nothing looks around."""
    return re.compile(expression, re.ASCII)


PATTERNS = (
    Pattern("email", ("@",), 1, _ascii(r"[\w.+-]@(?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z]{2,24}\b")),
    Pattern("private_key", ("-----BEGIN ",), 0, _ascii(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    Pattern("azure_storage_key", ("=",), 10, _ascii(r"AccountKey=[A-Za-z0-9+/]{40,}")),
    Pattern("azure_sas", ("=",), 4, _ascii(r"[?&]sig=[A-Za-z0-9%+/]{20,}")),
    Pattern("aws_access_key", ("AKIA", "ASIA"), 0, _ascii(r"\bA[KS]IA[A-Z0-9]{16}\b")),
    Pattern("github_token", ("_",), 3, _ascii(r"\bgh[pousr]_[A-Za-z0-9]{36,}")),
    Pattern("github_token", ("_",), 6, _ascii(r"\bgithub_pat_\w{40,}")),
    Pattern("hugging_face_token", ("_",), 2, _ascii(r"\bhf_[A-Za-z0-9]{30,}")),
    Pattern("api_key", ("sk-",), 0, _ascii(r"\bsk-[A-Za-z0-9_-]{32,}")),
    Pattern("slack_token", ("xox",), 0, _ascii(r"\bxox[abp]-[A-Za-z0-9-]{20,}")),
    Pattern("json_web_token", ("eyJ",), 0, _ascii(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
)

MARKS = frozenset(mark for pattern in PATTERNS for mark in pattern.marks)


def find(text: str) -> tuple[str, ...]:
    """The kinds of secrets and personal data in a text, in the order of `PATTERNS`; usually none."""
    return tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS if holds(pattern, text)))


def holds(pattern: Pattern, text: str) -> bool:
    """Whether a text holds what a pattern means, and not only what documentation makes up."""
    for mark in pattern.marks:
        place = text.find(mark, pattern.offset)
        while place >= 0:
            match = pattern.expression.match(text, place - pattern.offset)
            if match and not FICTITIOUS.search(match.group()):
                return True
            place = text.find(mark, place + 1)
    return False
