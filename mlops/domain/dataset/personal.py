"""Secrets and personal data, recognised by pattern.

It must never repeat what it found: only the kind is reported, so a report cannot leak the secret again.
Patterns miss things; they are a net under people's care, not a replacement for it.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind. `marks` are literals of which the text must contain one; looking for them first is much faster."""

    kind: str
    marks: tuple[str, ...]
    expression: re.Pattern[str]


# Reserved for documentation (RFC 2606), or the fictitious companies of Microsoft's manuals.
FICTITIOUS = re.compile(
    r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:com|org|net))?|contoso\.com|fabrikam\.com|localhost)$", re.IGNORECASE
)

PATTERNS = (
    Pattern("email", ("@",), re.compile(r"[\w.+-]{1,64}@(?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z]{2,24}\b")),
    Pattern("private_key", ("PRIVATE KEY",), re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    Pattern("azure_storage_key", ("AccountKey=",), re.compile(r"AccountKey=[A-Za-z0-9+/]{40,}")),
    Pattern("azure_sas", ("sig=",), re.compile(r"[?&]sig=[A-Za-z0-9%+/]{20,}")),
    Pattern("aws_access_key", ("AKIA", "ASIA"), re.compile(r"\bA[KS]IA[A-Z0-9]{16}\b")),
    Pattern("github_token", ("ghp_", "gho_", "ghs_", "ghu_", "ghr_"), re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}")),
    Pattern("github_token", ("github_pat_",), re.compile(r"\bgithub_pat_\w{40,}")),
    Pattern("hugging_face_token", ("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    Pattern("api_key", ("sk-",), re.compile(r"\bsk-[A-Za-z0-9_-]{32,}")),
    Pattern("slack_token", ("xoxb-", "xoxp-", "xoxa-"), re.compile(r"\bxox[abp]-[A-Za-z0-9-]{20,}")),
    Pattern("json_web_token", ("eyJ",), re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
)


def find(text: str) -> tuple[str, ...]:
    """The kinds of secrets and personal data in a text, in the order of `PATTERNS`; usually none."""
    found = []
    for pattern in PATTERNS:
        for mark in pattern.marks:
            if mark in text and _holds(pattern, text):
                found.append(pattern.kind)
                break
    return tuple(found)


def _holds(pattern: Pattern, text: str) -> bool:
    return any(not FICTITIOUS.search(match.group()) for match in pattern.expression.finditer(text))
