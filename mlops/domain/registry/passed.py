"""That a model passed an environment: its smoke test and canary, with which data and serving settings, who and when.

It stands on the model's version, one tag an environment, and is what the environments after it ask for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlops.domain.promote import audit
from mlops.domain.promote.audit import LONGEST, AuditEntry
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.serving.settings import fingerprint
from mlops.domain.tags import DATA_TAG, HELD_IN_PREFIX, PASSED_PREFIX
from mlops.errors import Problem

_FORM = re.compile(
    r"data (?P<data>\S+) serving (?P<serving>\S+) smoke (?P<smoke>\d+\.\d+) canary (?P<canary>\d+)"
    r"(?: skipped (?P<skipped>\S+))?(?:; (?P<why>.*))?",
    re.DOTALL,
)


TAKEN_BACK = "settings rolled back"  # what stands in the place of the facts


@dataclass(frozen=True)
class EnvironmentPass:
    """One model in one environment. `data` is name:version, `serving` the fingerprint of the settings.

    `smoke` is the mean ROUGE-L of the smoke test, `canary` how many judgements its share of the traffic passed: none
    where nothing was live before. `approved` names who approved the deployment in GitHub, `skipped` the environments
    that a person let it skip; both may be empty.
    """

    at: datetime
    by: str
    why: str
    data: str
    serving: str
    smoke: float
    canary: int
    approved: str = ""
    skipped: str = ""

    def to_tag(self) -> str:
        """`TIME by WHO: data … serving … smoke … canary …; WHY`, cut to what a tag holds.

        Who approved it is left out where that would cut a fact, which the next environment asks for.
        """
        facts = f"data {self.data or '-'} serving {self.serving} smoke {self.smoke:.3f} canary {self.canary}"
        facts += f" skipped {self.skipped}" if self.skipped else ""
        fits = len(AuditEntry(self.at, self.by, facts, self.approved).to_tag()) < LONGEST
        text = f"{facts}; {self.why}" if self.why else facts
        return AuditEntry(self.at, self.by, text, self.approved if fits else "").to_tag()

    @property
    def entry(self) -> AuditEntry:
        """Who, when and why."""
        return AuditEntry(self.at, self.by, self.why, self.approved)


def tag(environment: str) -> str:
    """The tag's name."""
    return f"{PASSED_PREFIX}{environment}"


def read(tags: Mapping[str, str], environment: str) -> EnvironmentPass | None:
    """What a version's tags say of an environment; None where they say nothing, or somebody changed it."""
    entry = audit.read(tags.get(tag(environment), ""))
    found = _FORM.fullmatch(entry.why) if entry else None
    if entry is None or found is None or entry.at is None:
        return None
    data = "" if found["data"] == "-" else found["data"]
    return EnvironmentPass(
        entry.at,
        entry.by,
        found["why"] or "",
        data,
        found["serving"],
        float(found["smoke"]),
        int(found["canary"]),
        entry.approved,
        found["skipped"] or "",
    )


def taken_back(tags: Mapping[str, str], environment: str, mark: str, entry: AuditEntry) -> str | None:
    """What the tag is to say after serving settings, of a fingerprint that begins so, were rolled back; else None."""
    found = read(tags, environment)
    if found is None or not found.serving.startswith(mark):
        return None
    return AuditEntry(entry.at, entry.by, f"{TAKEN_BACK}; {entry.why}" if entry.why else TAKEN_BACK).to_tag()


def every(tags: Mapping[str, str]) -> dict[str, EnvironmentPass]:
    """What a version's tags say, by environment, oldest first."""
    names = (key.removeprefix(PASSED_PREFIX) for key in tags if key.startswith(PASSED_PREFIX))
    found = {name: one for name in names if (one := read(tags, name))}
    return dict(sorted(found.items(), key=lambda item: item[1].at))


def lacking(
    model: str, tags: Mapping[str, str], before: Iterable[RolloutSpec], environment: str
) -> tuple[Problem, ...]:
    """Why a model with its version's tags may not go to an environment: what it did not pass `before`."""
    return tuple(
        Problem(
            f"{model} may not go to {environment}: {why}",
            why="an environment takes what passed smoke test and canary in the one before it",
            fix=f"mlops promote {spec.environment} --model {model}; or, for once, "
            f"mlops promote {environment} --model {model} --skip-earlier --reason WHY",
        )
        for spec in before
        if (why := lacks(tags, spec))
    )


def lacks(tags: Mapping[str, str], spec: RolloutSpec) -> str:
    """What keeps a version from counting as passed; empty for nothing."""
    name, found = spec.environment, read(tags, spec.environment)
    if found is None and (entry := audit.read(tags.get(tag(name), ""))) and entry.why.startswith(TAKEN_BACK):
        return f"it passed {name} with serving settings that were rolled back there {entry}"
    if found is None:
        return f"it did not pass {name}"
    if held := audit.read(tags.get(f"{HELD_IN_PREFIX}{name}", "")):
        return f"it passed {name}, and was rolled back there {held}"
    if found.data != tags.get(DATA_TAG, ""):
        return f"it passed {name} as a model of the data {found.data or '(unknown)'}"
    if found.serving != fingerprint(spec.settings):
        return f"it passed {name} with other serving settings ({found.serving}) than params.yaml says now"
    return ""
