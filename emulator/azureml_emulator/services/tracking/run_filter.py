"""The filters of run history: `status eq 'Completed' and (RootRunId eq a or RootRunId eq b)`.

A form it does not know is refused, never passed over. Source: the filters that azureml-core makes
(`azureml/_restclient/_odata`).
"""

import re
from collections.abc import Callable

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.store import Resource

Test = Callable[[Resource], bool]
_CONDITION = re.compile(r"^(\w+)(?:/([\w.\-]+))?\s+(eq|ne)\s+(?:'([^']*)'|([^\s'()]+))$", re.IGNORECASE)


def read(text: str) -> Test:
    """Conditions on a run with `and`, which binds first, `or` and brackets. Raises a 400 for another form."""
    inner = text.strip()
    if len(either := _between(inner, "or")) > 1:
        return _any([read(part) for part in either])
    if len(each := _between(inner, "and")) > 1:
        return _all([read(part) for part in each])
    if inner.startswith("(") and inner.endswith(")"):
        return read(inner[1:-1])
    return _condition(inner)


def _any(tests: list[Test]) -> Test:
    return lambda run: any(test(run) for test in tests)


def _all(tests: list[Test]) -> Test:
    return lambda run: all(test(run) for test in tests)


def _between(text: str, word: str) -> list[str]:
    """What stands between a word outside of quotes and brackets."""
    parts, depth, quoted = [""], 0, False
    for part in re.split(rf"('|[()]|\s+{word}\s+)", text, flags=re.IGNORECASE):
        if part == "'":
            quoted = not quoted
        if not quoted:
            depth += (part == "(") - (part == ")")
        if not quoted and not depth and part[:1].isspace() and part.strip().lower() == word:
            parts.append("")
        else:
            parts[-1] += part
    return parts


def _condition(text: str) -> Test:
    """`status eq 'Completed'` or `tags/name eq 'value'`."""
    match = _CONDITION.match(text)
    if not match:
        raise ServiceError(400, "UserError", f"The filter {text!r} is not one that the emulator reads.")
    field, key, sign, quoted, bare = match.groups()

    def fits(run: Resource) -> bool:
        named = {"runid": run.name, "status": run.body["status"], "parentrunid": run.body["parent"] or "null"}
        named |= {"rootrunid": run.body["root"], "runtype": run.body["kind"], "hidden": str(run.body["hidden"]).lower()}
        stated = (run.body.get(field.lower()) or {}).get(key) if key else named.get(field.lower())
        return (stated == (bare or quoted)) == (sign.lower() == "eq")

    return fits
