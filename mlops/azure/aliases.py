"""Keeps the tags that say which version of a model is candidate, champion and previous in each environment.

`mlops.domain.registry.aliases` decides which one is. The model's own tags are written through ARM, as the SDK does to
archive a model (ModelContainers_CreateOrUpdate), because it has no public method for a model without a version.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import quote

from mlops.azure import at_once, models
from mlops.azure.agree import TRIES, agreed, contradiction
from mlops.azure.models import Registered
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.registry import aliases as domain
from mlops.domain.registry.aliases import Aliases
from mlops.errors import RemoteFailed

API = "2024-10-01"
WRITES = 5  # another environment's promotion may write the same tags at the same moment


def read(workspace: Workspace, model: str) -> Aliases:
    """The roles of a model's versions; none for a model that does not exist."""
    return find(workspace, model) or Aliases()


def find(workspace: Workspace, model: str) -> Aliases | None:
    """The same; None where no version of the model was ever registered, as both it and the listing of versions say."""
    found = _container(workspace, model, versions=lambda: models.seen_versions(workspace, model))
    return None if found is None else domain.from_tags(plain_tags(found.get("tags")))


def registered(
    workspace: Workspace,
    model: str,
    version: str,
    environments: Iterable[str],
    listed: Mapping[str, Registered] | None = None,
) -> None:
    """A version was registered: it is the candidate of every environment. `listed`: the versions as just read."""
    names = tuple(environments)
    _settle(workspace, model, lambda now: now.registered(version, names), listed)


def promoted(
    workspace: Workspace, model: str, version: str, environment: str, also: Mapping[str, str | None] | None = None
) -> str:
    """A version has all traffic of an environment: the champion until now, empty for none.

    Again it changes nothing, but completes what was interrupted. `also` are tags that the version gets at the same
    time.
    """
    more = {version: also} if also else None
    return _settle(workspace, model, lambda now: now.promoted(environment, version), more=more).of(environment).champion


def _settle(
    workspace: Workspace,
    model: str,
    change: Callable[[Aliases], Aliases],
    listed: Mapping[str, Registered] | None = None,
    more: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Aliases:
    """Change the roles; what they were. Tags of versions are read once more before any is written.

    `more` are further tags of versions, written with the first change of each.
    """
    were: Aliases | None = None
    written: dict[str, str] = {}
    every: Iterable[Registered] | None = listed.values() if listed else None

    def versions() -> Iterable[Registered]:
        return models.versions(workspace, model, archived=True) if every is None else every

    for _ in range(WRITES):
        if written:
            before, every = at_once.both(partial(_container, workspace, model, written), versions)
        else:
            before = _container(workspace, model)
        if before is None:  # a version of it was promoted or registered, so it is there; a PUT would take its tags
            raise contradiction(f"read the model {model}")
        now = domain.from_tags(plain_tags(before.get("tags")))
        were, wanted = were or now, change(now)
        if wanted == now:
            break
        written = _write(workspace, model, before, wanted)
    else:
        raise RemoteFailed(f"the tags of the model {model} are changed by others all the time")
    known = {item.version: item.tags for item in versions()}
    left = dict(more or {})
    for step in domain.retags(wanted, known, workspace.now()):
        told = {**step.tags, **left.pop(step.version, {})}
        models.set_tags(workspace, model, step.version, told, seen=known[step.version])
    for version, tags in left.items():
        models.set_tags(workspace, model, version, tags, seen=known.get(version))
    return were or wanted


def _container(
    workspace: Workspace,
    model: str,
    written: Mapping[str, str] | None = None,
    versions: Callable[[], Iterable[Registered]] | None = None,
) -> dict[str, Any] | None:
    """The model without a version, as two reads show it; None when neither it nor the versions say that it is there.

    One read is enough where it shows the tags that this process has just `written`. `versions` are listed anew where
    they are not given. Raises Contradiction.
    """
    listed = versions or (lambda: models.versions(workspace, model, archived=True))

    def look() -> dict[str, Any] | None:
        found = workspace.look(_url(workspace, model), f"read the model {model}")
        return None if found is None else dict(found.get("properties") or {})

    shown = look()
    if written and shown and plain_tags(shown.get("tags")) == written:
        return shown
    if shown is None and not listed():
        return None
    answers = chain([shown], iter(look, ...))  # the one that is there already, and then new ones
    for _ in range(TRIES):
        found = agreed(lambda: next(answers), f"read the model {model}")
        if found is not None or not models.versions(workspace, model, archived=True):
            return found
    raise contradiction(f"read the model {model}")


def _write(workspace: Workspace, model: str, before: dict[str, Any], wanted: Aliases) -> dict[str, str]:
    """Write the roles; the tags that it has then."""
    tags = {**plain_tags(before.get("tags")), **domain.to_tags(wanted)}
    kept = {key: before[key] for key in ("description", "properties", "isArchived") if before.get(key) is not None}
    left = {key: value for key, value in tags.items() if value is not None}
    body = {"properties": {**kept, "tags": left}}
    workspace.send("PUT", _url(workspace, model), f"tag the model {model}", json=body)
    return left


def _url(workspace: Workspace, model: str) -> str:
    return f"{workspace.url}/models/{quote(model)}?api-version={API}"
