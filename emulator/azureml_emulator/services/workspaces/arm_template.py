"""Evaluates the expressions of an Azure Resource Manager template: `[concat(parameters('name'), '-x')]` and the like.

It must not create anything. A function that is not one of `_FUNCTIONS` is refused by name.
Source: the template language's published syntax and functions.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.request import Json

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[()\[\],.]))")


class BadTemplate(ValueError):
    """A template that cannot be evaluated, and why."""


class NotMade(BadTemplate):
    """What is only known when the resource that it is of has been made."""


@dataclass
class Scope:
    """What expressions refer to."""

    subscription: str
    group: str
    tenant: str
    location: str
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    reference: Callable[[str], Any] = field(default=lambda _: _nothing())  # the properties of a resource that is there
    index: int | None = None  # of the copy that is made

    def value(self, thing: Any) -> Any:
        """A piece of a template with its expressions replaced. Raises BadTemplate."""
        if isinstance(thing, dict):
            return {self.value(key): self.value(item) for key, item in thing.items()}
        if isinstance(thing, list):
            return [self.value(item) for item in thing]
        if isinstance(thing, str) and thing.startswith("[") and thing.endswith("]") and not thing.startswith("[["):
            return _Expression(thing[1:-1], self).whole()
        return thing


def scope_of(properties: Json, *, subscription: str, group: str, tenant: str, location: str) -> Scope:
    """The scope of a deployment: parameters given, or by default. Raises BadTemplate for one that has no value."""
    template = properties.get("template") or {}
    declared = {name.lower(): said or {} for name, said in (template.get("parameters") or {}).items()}
    given = {name.lower(): (said or {}).get("value") for name, said in (properties.get("parameters") or {}).items()}
    if unknown := set(given) - set(declared):
        raise BadTemplate(f"the template has no parameters named {', '.join(sorted(unknown))}")
    scope = Scope(subscription, group, tenant, location, given)
    values = dict(given)
    for name, said in declared.items():
        if given.get(name) is None and ("defaultValue" in said or name not in given):  # null is as if it were not given
            if "defaultValue" not in said:
                raise BadTemplate(f"the parameter {name} has no value")
            scope.parameters = values
            values[name] = scope.value(said["defaultValue"])
    return Scope(subscription, group, tenant, location, values, template.get("variables") or {})


def copies(scope: Scope, said: Json) -> Iterator[tuple[Scope, Json]]:
    """A resource of a template, or each of its copies, with the scope that its expressions are read in."""
    if "copy" not in said:
        yield scope, said
        return
    rest = {key: value for key, value in said.items() if key != "copy"}
    for index in range(int(scope.value(said["copy"]["count"]))):
        yield replace(scope, index=index), rest


class _Expression:
    """One expression, read from left to right. Arguments of `if` are only evaluated where they are needed."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._scope = text, scope
        self._tokens = self._split(text)
        self._at = 0

    def whole(self) -> Any:
        found = self._term()()
        if self._at != len(self._tokens):
            raise BadTemplate(f"the expression [{self._text}] goes on after its end")
        return found

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens, place = [], 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if not match or match.lastgroup is None:
                raise BadTemplate(f"the expression [{text}] cannot be read at character {place}")
            tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        return tokens

    def _next(self, wanted: str | None = None) -> tuple[str, str]:
        if self._at >= len(self._tokens) or (wanted and self._tokens[self._at][1] != wanted):
            raise BadTemplate(f"the expression [{self._text}] needs {wanted or 'more'} at its part {self._at + 1}")
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign)

    def _term(self) -> Callable[[], Any]:
        kind, text = self._next()
        term: Callable[[], Any]
        if kind == "text":
            term = _constant(text[1:-1].replace("''", "'"))
        elif kind == "number":
            term = _constant(int(text))
        elif kind == "name":
            term = self._call(text)
        else:
            raise BadTemplate(f"the expression [{self._text}] has {text!r} where a value should be")
        while self._is(".") or self._is("["):
            _, sign = self._next()
            if sign == ".":
                term = _member(term, _constant(self._next()[1]))
            else:
                term = _member(term, self._term())
                self._next("]")
        return term

    def _call(self, name: str) -> Callable[[], Any]:
        self._next("(")
        arguments: list[Callable[[], Any]] = []
        while not self._is(")"):
            arguments.append(self._term())
            if not self._is(")"):
                self._next(",")
        self._next(")")
        return lambda: _apply(name, arguments, self._scope)


def _apply(name: str, arguments: list[Callable[[], Any]], scope: Scope) -> Any:
    if name.lower() == "if":
        condition, first, second = arguments
        return first() if _truth(condition()) else second()
    values = [argument() for argument in arguments]
    if name.lower() in _SCOPED:
        return _SCOPED[name.lower()](scope, *values)
    if name.lower() not in _FUNCTIONS:
        raise BadTemplate(f"the emulator does not know the function {name} of templates")
    return _FUNCTIONS[name.lower()](*values)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _member(thing: Callable[[], Any], key: Callable[[], Any]) -> Callable[[], Any]:
    def find() -> Any:
        whole, name = thing(), key()
        try:
            return whole[name]
        except (KeyError, IndexError, TypeError):
            raise BadTemplate(f"{name!r} is not there") from None

    return find


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _parameter(scope: Scope, name: str) -> Any:
    if name.lower() not in scope.parameters:
        raise BadTemplate(f"there is no parameter {name}")
    return scope.parameters[name.lower()]


def _variable(scope: Scope, name: str) -> Any:
    found = next((value for key, value in scope.variables.items() if key.lower() == name.lower()), None)
    if found is None:
        raise BadTemplate(f"there is no variable {name}")
    return scope.value(found)


def _nothing() -> Any:
    raise NotMade("a reference is only known while resources are made")


def _copy_index(scope: Scope, *said: Any) -> int:
    if scope.index is None:
        raise BadTemplate("copyIndex is only known in a copy")
    return scope.index + next((one for one in said if isinstance(one, int)), 0)


def _resource_group(scope: Scope) -> Json:
    if not scope.group:
        raise BadTemplate("a deployment to a subscription has no resourceGroup()")
    id = f"/subscriptions/{scope.subscription}/resourceGroups/{scope.group}"
    return {"id": id, "name": scope.group, "location": scope.location}


def _resource_id(scope: Scope, *parts: str) -> str:
    """`[subscription,] [group,] type, name...`; what has a slash first is the type."""
    at = next((index for index, part in enumerate(parts) if "/" in str(part)), 0)
    before, kinds, names = parts[:at], parts[at].split("/"), [str(name) for name in parts[at + 1 :]]
    subscription = before[0] if len(before) == 2 else scope.subscription
    group = before[-1] if before else scope.group
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds[1:], names, strict=False))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kinds[0]}{pairs}"


def _concat(*parts: Any) -> Any:
    if parts and isinstance(parts[0], list):
        return [item for part in parts for item in part]
    return "".join(str(part) for part in parts)


def _equals(one: Any, other: Any) -> bool:
    return bool(one.lower() == other.lower()) if isinstance(one, str) and isinstance(other, str) else bool(one == other)


def _hash(parts: tuple[Any, ...]) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, "-".join(map(str, parts)))


# those that depend on the scope, and those that do not
_SCOPED: dict[str, Callable[..., Any]] = {
    "parameters": _parameter,
    "variables": _variable,
    "resourceid": _resource_id,
    "subscriptionresourceid": lambda scope, kind, *names: (
        f"/subscriptions/{scope.subscription}/providers/{kind}/{'/'.join(map(str, names))}"
    ),
    "environment": lambda _: {"name": clouds.posed().name},
    "resourcegroup": _resource_group,
    "subscription": lambda scope: {
        "id": f"/subscriptions/{scope.subscription}",
        "subscriptionId": scope.subscription,
        "tenantId": scope.tenant,
    },
    "reference": lambda scope, resource, *_: scope.reference(resource),
    "copyindex": _copy_index,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": _concat,
    "equals": _equals,
    "greater": lambda one, other: one > other,
    "not": lambda value: not _truth(value),
    "and": lambda *values: all(map(_truth, values)),
    "or": lambda *values: any(map(_truth, values)),
    "newguid": lambda: str(uuid.uuid4()),  # in the default of a parameter
    "tolower": lambda text: str(text).lower(),
    "toupper": lambda text: str(text).upper(),
    "contains": lambda whole, part: part in whole,
    "empty": lambda value: not value,
    "array": lambda value: value if isinstance(value, list) else [value],
    "createarray": lambda *values: list(values),
    "json": json.loads,
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "int": int,
    "bool": _truth,
    "format": lambda text, *values: str(text).format(*values),
    "replace": lambda text, old, new: str(text).replace(old, new),
    "take": lambda value, count: value[:count],
    "length": len,
    "guid": lambda *parts: str(_hash(parts)),
    "uniquestring": lambda *parts: _hash(parts).hex[:13],
}
