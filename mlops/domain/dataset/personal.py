"""Secrets and personal data, recognised by pattern and, where there is one, by check digit.

It must never repeat what it found: only the kind is reported, so a report cannot leak the secret again.
Patterns miss things; they are a net under people's care, not a replacement for it. `benchmarks/personal.py` measures
how much they miss.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlops.domain.dataset import checksums
from mlops.domain.dataset.checksums import Valid

SECRETS, PERSONAL = "secrets", "personal"


@dataclass(frozen=True)
class Pattern:
    """One kind. A match holds one of the `marks` (rare, and looked for first), `offset` characters after it begins.

    Without marks the expression itself is looked for. `valid` judges what was matched.
    """

    kind: str
    marks: tuple[str, ...]
    offset: int
    expression: re.Pattern[str]
    valid: Valid | None = None
    group: str = SECRETS

    @property
    def sieve(self) -> str:
        """Which of the quick searches finds every text that can hold it: for one letter, two, a word, or a number."""
        if self.marks:
            return {1: "letter", 2: "sign"}.get(min(map(len, self.marks)), "word")
        return "number" if self.group == PERSONAL else "sign"


# Reserved for documentation (RFC 2606), the fictitious companies of Microsoft's manuals, or the `git@` of a clone URL.
FICTITIOUS = re.compile(
    r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:com|org|net))?|contoso\.com|fabrikam\.com|localhost)$"
    r"|^t@(?:github\.com|gitlab\.com|bitbucket\.org|ssh\.dev\.azure\.com)$",
    re.IGNORECASE,
)


_WORD = r"[\w.+%~!&=,;#-]"
_CALL = "Tel|tel|Phone|phone|Mobile|mobile|Fax|fax|Call|call|Telefon|Handy"


def _ascii(expression: str) -> re.Pattern[str]:
    """An expression that polars reads alike: words are those of ASCII, and nothing looks around."""
    return re.compile(expression, re.ASCII)


def _secret(kind: str, expression: str, offset: int, *marks: str) -> Pattern:
    return Pattern(kind, marks, offset, _ascii(expression))


def _own(kind: str, expression: str, valid: Valid, *marks: str) -> Pattern:
    return Pattern(kind, marks, 0, _ascii(expression), valid, PERSONAL)


PATTERNS = (
    Pattern(
        "email", ("@",), 1, _ascii(r"[\w.+-]@(?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z]{2,24}\b"), group=PERSONAL
    ),
    _secret("private_key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----", 0, "-----BEGIN "),
    _secret("azure_storage_key", r"AccountKey=[A-Za-z0-9+/]{40,}", 10, "="),
    _secret("azure_sas", r"[?&]sig=[A-Za-z0-9%+/]{20,}", 4, "="),
    _secret("azure_client_secret", r"\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}", 4, "Q~"),
    _secret("aws_access_key", r"\bA[KS]IA[A-Z0-9]{16}\b", 0, "AKIA", "ASIA"),
    _secret("google_api_key", r"\bAIza[A-Za-z0-9_-]{35}", 0, "AIza"),
    _secret("github_token", r"\bgh[pousr]_[A-Za-z0-9]{36,}", 3, "_"),
    _secret("github_token", r"\bgithub_pat_\w{40,}", 6, "_"),
    _secret("gitlab_token", r"\bglpat-[A-Za-z0-9_-]{20,}", 0, "glpat-"),
    _secret("hugging_face_token", r"\bhf_[A-Za-z0-9]{30,}", 2, "_"),
    _secret("api_key", r"\bsk-[A-Za-z0-9_-]{32,}", 0, "sk-"),
    _secret("stripe_key", r"\b[sr]k_live_[A-Za-z0-9]{20,}", 2, "_"),
    _secret("slack_token", r"\bxox[abeprs]-[A-Za-z0-9-]{20,}", 0, "xox"),
    _secret("slack_webhook", r"hooks\.slack\.com/services/T[A-Za-z0-9_]{6,}/B[A-Za-z0-9_]{6,}/\w{20,}", 0, "hooks.sl"),
    _secret("json_web_token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}", 0, "eyJ"),
    _secret("npm_token", r"\bnpm_[A-Za-z0-9]{36}\b", 3, "_"),
    _secret("pypi_token", r"\bpypi-AgEI[A-Za-z0-9_-]{50,}", 0, "pypi-"),
    _secret("sendgrid_key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", 0, "SG."),
    _secret("databricks_token", r"\bdapi[a-f0-9]{32}\b", 0, "dapi"),
    _secret("digitalocean_token", r"\bdo[oprt]_v1_[a-f0-9]{64}\b", 3, "_"),
    _secret("shopify_token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", 5, "_"),
    _secret("password_in_url", rf"\b[a-z][a-z0-9+.-]{{1,12}}://{_WORD}{{0,40}}:{_WORD}{{6,}}@[\w.-]+", 0),
    _own("phone", r"\+[1-9]\d{0,2}[ .()/-]{0,2}\d(?:[ .()/-]{0,2}\d){6,12}\b", checksums.phone),
    _own("phone", r"\(\d{3}\) ?\d{3}[-. ]\d{4}\b", checksums.phone),
    _own("phone", r"\b[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4}\b", checksums.phone),
    _own("phone", rf"\b(?:{_CALL})\.?:? ?\(?0\d(?:[ ()/-]{{0,3}}\d){{6,12}}\b", checksums.phone),
    _own("iban", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", checksums.iban),
    _own("credit_card", r"\b[2-6]\d{3}(?:[ -]?\d){9,15}\b", checksums.card),
    _own("national_id", r"\b\d{3}-\d{2}-\d{4}\b", checksums.american),
    _own("national_id", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", checksums.brazilian),
    _own("national_id", r"\b\d{8}[A-HJ-NP-TV-Z]\b", checksums.spanish),
    _own("national_id", r"\b[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}\b", checksums.french),
    _own("national_id", r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", checksums.italian),
    _own("national_id", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", lambda _: True),
)  # fmt: skip

# In every number that means a person; a text without has none of them, which saves a dozen searches in most texts.
NUMBER = _ascii(r"[0-9][0-9 ()./-]{4}[0-9]|[A-Z]{6}[0-9]{2}[A-Z]")
KINDS = tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS))
# Places in PATTERNS: those without a mark, and those that a mark may stand for.
_UNMARKED = tuple(number for number, pattern in enumerate(PATTERNS) if not pattern.marks)
_UNMARKED_BUT_NUMBERS = tuple(number for number in _UNMARKED if PATTERNS[number].sieve != "number")
_OF_MARK: dict[str, list[int]] = {}
for _number, _pattern in enumerate(PATTERNS):
    for _mark in _pattern.marks:
        _OF_MARK.setdefault(_mark, []).append(_number)
_GROUPS = {pattern.kind: pattern.group for pattern in PATTERNS}


def group_of(kind: str) -> str:
    """`secrets` or `personal`."""
    return _GROUPS[kind]


def find(text: str) -> tuple[str, ...]:
    """The kinds of secrets and personal data in a text, in the order of `PATTERNS`; usually none."""
    some = _UNMARKED if NUMBER.search(text) else _UNMARKED_BUT_NUMBERS
    if marks := [mark for mark in _OF_MARK if mark in text]:  # looked for once, though several kinds share one
        marked = {number for mark in marks for number in _OF_MARK[mark]}
        some = tuple(sorted(marked.union(some)))
    kinds = (PATTERNS[number].kind for number in some if next(_matches(PATTERNS[number], text), None) is not None)
    return tuple(dict.fromkeys(kinds))


def holds(pattern: Pattern, text: str) -> bool:
    """Whether a text holds what a pattern means, and not only what documentation makes up."""
    if pattern.marks and not any(mark in text for mark in pattern.marks):
        return False
    return next(_matches(pattern, text), None) is not None


def redact(text: str, kinds: set[str], known: dict[tuple[str, str], str]) -> str:
    """The text with a placeholder such as `[EMAIL-1]` for each value of these kinds; `known` gives and keeps them."""
    for pattern in PATTERNS:
        if pattern.kind not in kinds:
            continue
        parts, at = [], 0
        for start, end in _spans(pattern, text):
            key = (pattern.kind, text[start:end])
            number = sum(kind == pattern.kind for kind, _ in known) + 1
            name = known.setdefault(key, f"[{pattern.kind.upper()}-{number}]")
            parts += [text[at:start], name]
            at = end
        text = "".join([*parts, text[at:]]) if parts else text
    return text


def _spans(pattern: Pattern, text: str) -> Iterator[tuple[int, int]]:
    """Where the whole values stand. An address is matched from the letter before its @, so its name is added."""
    last = 0
    for match in _matches(pattern, text):
        start, end = match.span()
        if pattern.kind == "email":
            while start > last and (text[start - 1].isalnum() or text[start - 1] in "._%+-"):
                start -= 1
        if pattern.kind == "private_key":
            close = text.find("-----END", end)
            end = len(text) if close < 0 else text.find("\n", close) if "\n" in text[close:] else len(text)
        if start >= last:
            yield start, end
            last = end


def _matches(pattern: Pattern, text: str) -> Iterator[re.Match[str]]:
    """Every match that means something, in order."""
    found = pattern.expression.finditer(text) if not pattern.marks else _marked(pattern, text)
    for match in found:
        if FICTITIOUS.search(match.group()) or (pattern.valid and not pattern.valid(match.group())):
            continue
        yield match


def _marked(pattern: Pattern, text: str) -> Iterator[re.Match[str]]:
    places = set()
    for mark in pattern.marks:
        place = text.find(mark, pattern.offset)
        while place >= 0:
            places.add(place - pattern.offset)
            place = text.find(mark, place + 1)
    for place in sorted(places):
        if match := pattern.expression.match(text, place):
            yield match
