"""Whether an answer has the shape that the REST specification gives it, judged by a client generated from it.

The models of azure-mgmt-machinelearningservices know each key, its type, which the service must answer, and which
model a discriminator names.
"""

import re
from typing import Any

CONTAINER = re.compile(r"^(?:\[(?P<list>.+)\]|\{(?P<map>.+)\})$")
PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "bool": (bool,),
    "iso-8601": (str,),
    "duration": (str,),
}
_DOT = re.compile(r"(?<!\\)\.")


def differences(models: Any, kind: str, value: Any, place: str = "") -> list[str]:
    """What differs in `value` from the model or type `kind`, each with its place; none where the shape is the same."""
    if value is None or kind in ("object", "[object]"):
        return []
    if match := CONTAINER.match(kind):
        return _each(models, match["list"] or match["map"], value, place, listed=bool(match["list"]))
    if kind in PLAIN:
        fits = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{place or 'the answer'} is a {type(value).__name__}, not a {kind}"]
    known = getattr(models, kind, None)
    if not hasattr(known, "_attribute_map"):  # an enumeration
        return [] if isinstance(value, str) else [f"{place} is a {type(value).__name__}, not a text"]
    if not isinstance(value, dict):
        return [f"{place or 'the answer'} is a {type(value).__name__}, not a {kind}"]
    return _against(models, _specific(models, known, value), value, place)


def _each(models: Any, kind: str, value: Any, place: str, *, listed: bool) -> list[str]:
    wanted = list if listed else dict
    if not isinstance(value, wanted):
        return [f"{place or 'the answer'} is a {type(value).__name__}, not a {wanted.__name__}"]
    items = enumerate(value) if isinstance(value, list) else value.items()
    found = [problem for key, one in items for problem in differences(models, kind, one, f"{place}[{key}]")]
    return list(dict.fromkeys(re.sub(r"\[[^\]]*\]", "[]", problem) for problem in found))


def _specific(models: Any, known: Any, value: dict[str, Any]) -> Any:
    """The model that the discriminator of a general one names."""
    for attribute, names in vars(known).get("_subtype_map", {}).items():
        key = known._attribute_map[attribute]["key"]
        if name := names.get(value.get(key)):
            return _specific(models, getattr(models, name), value)
    return known


def _against(models: Any, known: Any, value: dict[str, Any], place: str) -> list[str]:
    found: list[str] = []
    tree: dict[str, Any] = {}
    for attribute, said in known._attribute_map.items():
        *folders, last = [part.replace("\\.", ".") for part in _DOT.split(said["key"])]
        below = tree
        for folder in folders:
            below = below.setdefault(folder, {})
        rules = known._validation.get(attribute, {})
        below[last] = (said["type"], rules.get("required") or rules.get("readonly"))
    _descend(models, tree, value, place, found)
    return found


def _descend(models: Any, tree: dict[str, Any], value: dict[str, Any], place: str, found: list[str]) -> None:
    more = sorted(value.keys() - tree.keys())
    found += [f"{place}.{key}".lstrip(".") + " is not in the specification" for key in more]
    for key, said in tree.items():
        where = f"{place}.{key}".lstrip(".")
        if isinstance(said, dict):
            if isinstance(value.get(key), dict):
                _descend(models, said, value[key], where, found)
            elif said:
                found.append(f"{where} is absent")
            continue
        kind, needed = said
        if key not in value:
            if needed and key != "nextLink":  # the last page has none
                found.append(f"{where} is absent")
            continue
        found += differences(models, kind, value[key], where)
