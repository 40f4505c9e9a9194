"""The serving settings of a deployment: as params.yaml states them, as they are read, and what differs.

They have a fingerprint beside the model's, which is kept as a tag of the deployment with the instances that were stated
then. The tag decides whether something changed, since the service may write a value in a way of its own; where a
deployment has none, the values themselves are compared.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LENGTH = 12  # hexadecimal digits of a fingerprint
SHORT = 6  # of them in a deployment's name, and in the tag of a hold
TYPE, COUNT, AUTH = "instance_type", "instance_count", "auth_mode"
VARIABLES = "environment_variables"
_IGNORES_CASE = (TYPE,)


@dataclass(frozen=True)
class ServingSettings:
    """What params.yaml says under `serving` of how a deployment is made."""

    request_timeout_ms: int
    max_concurrent_requests_per_instance: int
    liveness_initial_delay_seconds: int
    readiness_initial_delay_seconds: int
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    egress: str = "enabled"


class HowApplied(StrEnum):
    """How a changed setting is brought to a deployment that is live."""

    NEW_DEPLOYMENT = "by a new deployment"
    IN_PLACE = "in place"
    REFUSED = "refused: it cannot be changed"


@dataclass(frozen=True)
class SettingChange:
    """One setting of an environment: what is live, and what params.yaml says; empty where it is not set."""

    name: str
    before: str
    after: str
    applied: HowApplied


def to_apply(changes: Iterable[SettingChange]) -> tuple[SettingChange, ...]:
    """Those that a promotion brings about."""
    return tuple(one for one in changes if one.applied is not HowApplied.REFUSED)


def stated(instance_type: str, serving: ServingSettings) -> dict[str, str]:
    """All that needs a new deployment, by name, as text."""
    plain = {name: str(value) for name, value in vars(serving).items() if name != VARIABLES}
    variables = {f"{VARIABLES}.{name}": value for name, value in serving.environment_variables.items()}
    return {TYPE: instance_type, **plain, **variables}


def fingerprint(settings: Mapping[str, str]) -> str:
    """Of stated settings; it names them, whatever the service makes of their values."""
    text = json.dumps({name: _plain(name, value) for name, value in settings.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def to_tag(mark: str, count: int) -> str:
    """The tag's value."""
    return f"{mark} {count}"


def of_tag(text: str) -> tuple[str, int | None]:
    """The fingerprint and the instances that were stated; empty and None where the tag does not say."""
    mark, _, count = text.partition(" ")
    return (mark, int(count)) if mark and count.isdecimal() else ("", None)


def differences(found: Mapping[str, str], mark: str, wanted: Mapping[str, str]) -> tuple[SettingChange, ...]:
    """What differs of a deployment with the settings `found` and the fingerprint `mark`; `mark` may be empty."""
    if mark == fingerprint(wanted):
        return ()
    told = tuple(_told(found, wanted, known=bool(mark)))
    if mark and not told:
        return (SettingChange("serving settings", mark, fingerprint(wanted), HowApplied.NEW_DEPLOYMENT),)
    return told


def _told(found: Mapping[str, str], wanted: Mapping[str, str], *, known: bool) -> Iterator[SettingChange]:
    """The values that differ. A variable that params.yaml does not name is the service's own, unless it was stated."""
    for name, after in wanted.items():
        before = found.get(name)
        if before is None and not name.startswith(VARIABLES):
            continue  # not read, so nothing is known of it
        if _plain(name, before or "") != _plain(name, after):
            yield SettingChange(name, before or "", after, HowApplied.NEW_DEPLOYMENT)
    for name, before in found.items():
        if known and name not in wanted:
            yield SettingChange(name, before, "", HowApplied.NEW_DEPLOYMENT)


def _plain(name: str, value: str) -> str:
    return value.casefold() if name in _IGNORES_CASE else value
