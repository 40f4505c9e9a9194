"""Rules as people write them: `jobs.create: 429 twice with Retry-After 1`.

It must not check that a route exists (`rule`).
"""

import re

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.faults.rule import Effect, Rule

FORM = "ROUTE [RESOURCE]: EFFECT [once|twice|N times|always] [after N requests] [for T s] [with HEADER VALUE, ...]"
EFFECTS = (
    "429 [Code] | operation fails [Code] [at STEP] | operation ends Canceled|NotResponding [at STEP] | "
    "reset before | reset after | slow T s | truncated [at N bytes] | stale | answers html | answers JSON"
)
_NUMBER = r"\d+(?:\.\d+)?"
_RULE = re.compile(
    rf"""
    (?P<route>[\w.*?]+) (?:\s+(?P<resource>[^\s:]+))? \s*:\s*
    (?: (?P<status>\d{{3}}) (?:\s+(?P<code>(?-i:[A-Z]\w+)))?
      | operation\s+(?:fails (?:\s+(?P<failure>(?-i:[A-Z]\w+)))? | ends\s+(?P<state>Canceled|NotResponding))
        (?:\s+at\s+(?P<step>\w+))?
      | (?:connection\s+)?reset\s+(?P<reset>before|after) (?:\s+(?:the\ request\s+)?(?:was|is)\s+applied)?
      | slow\s+(?P<seconds>{_NUMBER})\s*s
      | (?P<stale>stale)
      | answers\s+(?P<body>\S+)
      | (?P<truncated>truncated) (?:\s+at\s+(?P<at_byte>\d+)\s+bytes?)?
    )
    (?:,?\s+(?P<count>once|twice|always|\d+\s+times))?
    (?:,?\s+after\s+(?P<skip>\d+)(?:\s+requests?)?)?
    (?:,?\s+for\s+(?P<lasts>{_NUMBER})\s*s)?
    (?:,?\s+with\s+(?P<headers>.+))?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def parse(text: str) -> Rule:
    """The rule that a line says. Raises a 400 that shows the form."""
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise bad_request(f"{text!r} is not a fault. Write {FORM}, where EFFECT is one of {EFFECTS}.")
    lasts = float(found["lasts"] or 0)
    return Rule(
        route=found["route"],
        effect=_effect(found),
        resource=found["resource"] or "*",
        status=int(found["status"] or 0),
        code=found["code"] or found["failure"] or "",
        headers=_headers(found["headers"] or "", text),
        seconds=float(found["seconds"] or 0),
        step=found["step"] or "",
        body=found["body"] or "",
        state=found["state"] or "Failed",
        at_byte=int(found["at_byte"]) if found["at_byte"] else -1,
        times=_times(found["count"], lasts),
        skip=int(found["skip"] or 0),
        lasts=lasts,
    )


def _effect(found: re.Match[str]) -> Effect:
    if found["status"]:
        return "status"
    if found["reset"]:
        return "reset_before" if found["reset"].lower() == "before" else "reset_after"
    if found["seconds"]:
        return "slow"
    if found["stale"]:
        return "stale"
    if found["body"]:
        return "body"
    return "truncated" if found["truncated"] else "operation"


def _times(count: str | None, lasts: float) -> int:
    words = {"once": 1, "twice": 2, "always": 0}
    if count is None:
        return 0 if lasts else 1
    return words[count.lower()] if count.lower() in words else int(count.split()[0])


def _headers(text: str, whole: str) -> dict[str, str]:
    pairs = [part.split(None, 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise bad_request(f"{whole!r}: write headers as `with Retry-After 1, x-name value`.")
    return {name.rstrip(":"): value.strip() for name, value in pairs}
