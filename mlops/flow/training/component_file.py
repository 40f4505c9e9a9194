"""A training component of the team's own: a YAML file of the repository, whose version is its content."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops import history, textfiles, yamls
from mlops.domain.training.interface import DOCUMENT, KEY, of_spec
from mlops.domain.training.parameters import Component
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project

ENDINGS = (".yaml", ".yml")
TYPES = ("command", "pipeline")  # what one step of a pipeline job can be
VERSION_LENGTH = 20
LONGEST_PATH = 256
CACHES = ("__pycache__", ".ipynb_checkpoints")


def is_file(component: str) -> bool:
    """Whether `training.component` names a file, and no component of a registry."""
    return component.endswith(ENDINGS)


def read(project: Project) -> Component | None:
    """The interface in the file that params.yaml names; None where it names none. Raises BadInput."""
    stated = project.params.training.component
    if not is_file(stated):
        return None
    path = project.root / stated
    spec = _spec(path, stated)
    digest = hashlib.sha256()
    for name, content in sorted(_content(path, stated)):
        digest.update(f"{len(name)} {len(content)}\n{name}".encode() + content)
    version = digest.hexdigest()[:VERSION_LENGTH]
    return of_spec(spec, version, f"azureml:{spec['name']}:{version}")


def _spec(path: Path, stated: str) -> dict[str, Any]:
    try:
        spec = yamls.read(textfiles.read(path))
    except FileNotFoundError:
        raise _wrong(f"training.component names {stated}, which is no file") from None
    except (OSError, yaml.YAMLError) as error:
        raise _wrong(f"{stated} is not readable", " ".join(str(error).split())) from None
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise _wrong(f"{stated} is no component: it has no name")
    kind = str(spec.get("type") or "command")
    if kind not in TYPES:
        raise _wrong(f"{stated} is a {kind} component; a training is a {' or a '.join(TYPES)} component")
    return spec


def _content(path: Path, stated: str) -> Iterator[tuple[str, bytes]]:
    """Every file that decides what runs, by its path from the component's folder: the YAML and what it names.

    What it names lies below its folder, so that a push which changes it can be seen.
    """
    home, ignored = path.parent.resolve(), history.ignored(path.parent)
    for one in _files(path.resolve(), set()) - ignored:
        if not one.is_relative_to(home):
            raise _wrong(f"{stated} names {one}, which is not below its folder")
        if not set(one.parts) & set(CACHES):
            yield one.relative_to(home).as_posix(), one.read_bytes()


def _files(spec: Path, seen: set[Path]) -> set[Path]:
    """The file, and what it names: code, an environment's conda file, the components of a pipeline's steps."""
    found = {spec}
    for text in _texts(yamls.read(textfiles.read(spec))):
        place = (spec.parent / text).resolve()
        if place in seen or not place.exists():
            continue
        seen.add(place)
        if place.is_dir():
            found |= {one.resolve() for one in place.rglob("*") if one.is_file()}
        else:
            found |= _files(place, seen) if place.suffix in ENDINGS else {place}
    return found


def _texts(value: Any) -> Iterator[str]:
    """The texts that can be a path from the file's folder."""
    if isinstance(value, str) and len(value) < LONGEST_PATH and "\n" not in value:
        yield value.removeprefix("file:").lstrip("/")
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _wrong(what: str, why: str = "") -> BadInput:
    return BadInput(Problem(what, "params.yaml", why=why, fix=f"see {DOCUMENT}", key=KEY))
