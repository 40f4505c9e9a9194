"""One answer of the real code: what it was asked, whether it took it, and what it said. Read by ordinary tests too."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "expectations"
AGAIN = "make parity-stack ARGS=--write"
ACCEPTED, REFUSED = "accepted", "refused"
OUTSIDE_A_RUN = "InvalidTypeException"  # the code tells a failure to its run, and fails on that outside of Azure ML


@dataclass(frozen=True)
class Case:
    """`answer` is the shape of what came back, with `str` for a text; `error` and `text` are of what was raised."""

    name: str
    request: Any
    verdict: str
    answer: Any = None
    error: str = ""
    text: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the real code took it."""
        return self.verdict == ACCEPTED


@dataclass(frozen=True)
class Expectations:
    """Everything that the code of one component version answered, by subject."""

    component: str
    model: str
    packages: dict[str, str]
    cases: dict[str, list[Case]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def dump(self) -> str:
        """As the file holds it: one case a line."""
        about: dict[str, Any] = {"again": AGAIN, "component": self.component, "model": self.model}
        about |= {"packages": self.packages, "facts": self.facts}
        head = json.dumps(about, indent=2).removesuffix("\n}")
        subjects = [
            f'    "{subject}": [\n' + ",\n".join(f"      {json.dumps(asdict(case))}" for case in cases) + "\n    ]"
            for subject, cases in self.cases.items()
        ]
        return head + ',\n  "cases": {\n' + ",\n".join(subjects) + "\n  }\n}\n"


def load(component: str, folder: Path = FOLDER) -> Expectations:
    """What stands in the file of a component version."""
    stated = json.loads((folder / f"{component}.json").read_text(encoding="utf-8"))
    cases = {subject: [Case(**case) for case in found] for subject, found in stated["cases"].items()}
    return Expectations(stated["component"], stated["model"], stated["packages"], cases, stated["facts"])


def recorded() -> list[Expectations]:
    """Those of every component version."""
    return [load(path.stem) for path in sorted(FOLDER.glob("*.json"))]


def observe(name: str, request: Any, act: Callable[[], Any]) -> Case:
    """Ask the real code, and keep what it answers or raises."""
    try:
        answer = act()
    except Exception as raised:  # noqa: BLE001 - whatever it raises is the answer
        error: BaseException = raised
        while type(error).__name__ == OUTSIDE_A_RUN and error.__context__:
            error = error.__context__
        return Case(name, request, REFUSED, None, type(error).__name__, _said(str(error)))
    return Case(name, request, ACCEPTED, shape(answer))


def shape(value: Any) -> Any:
    """A value with every text replaced by `str`, and every number by `number`."""
    if isinstance(value, dict):
        return {str(key): shape(item) for key, item in sorted(value.items(), key=lambda pair: str(pair[0]))}
    if isinstance(value, list | tuple):
        return [shape(item) for item in value]
    return "str" if isinstance(value, str) else "number"


def _said(text: str) -> str:
    """The message alone, on one line, without the folders of this machine."""
    found = re.search(r"Message: (.*?)(?:\n\s*InnerException|\Z)", text, re.DOTALL)
    line = " ".join((found[1] if found else text).split())
    return re.sub(r"(?<!\S)/\S*/(?=[^/\s]+)", "", line)[:300]
