"""What a team answers about its repository, and the texts of its files that follow from that. No file is read here."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlops.domain.repository.pin import CALLED, Pin

LONGEST_PREFIX = 14  # of an endpoint's name: Azure takes 32 characters, of which `-production-` and a hash take 18
_BLANK = re.compile(r"@@\{([\w-]+)\}")
_ODD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class PublicData:
    """A dataset of the Hugging Face hub that is mixed in, pinned by revision."""

    id: str
    revision: str


ULTRACHAT = PublicData("HuggingFaceH4/ultrachat_200k", "8049631c405ae6576f93f445c6b8166f76f5505a")


@dataclass(frozen=True)
class SetUp:
    """What is asked. `public` None: the team's own conversations alone, which lie in the folder `curated`."""

    name: str
    base: str
    base_version: str
    component_version: str
    public: PublicData | None
    curated: str
    pin: Pin
    folder: str = "."  # of params.yaml; that of one model below `models` where there are several

    @property
    def several(self) -> bool:
        """Whether the repository has a folder for each model."""
        return self.folder != "."


def name_of(folder: str) -> str:
    """A name for models and data from that of a folder."""
    return _ODD.sub("-", folder.lower()).strip("-") or "chat"


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its blanks filled in. Raises KeyError for a blank that has no value."""
    return _BLANK.sub(lambda blank: values[blank[1]], template)


def values(answers: SetUp) -> dict[str, str]:
    """The value of each blank of the templates."""
    pin = answers.pin
    called = {
        f"call_{name}": f"{pin.repository}/.github/workflows/{name}.yml@{pin.commit}{pin.comment}" for name in CALLED
    }
    return {
        "schema": posixpath.relpath("params.schema.json", answers.folder),
        "params": posixpath.normpath(posixpath.join(answers.folder, "params.yaml")),
        "base": answers.base,
        "base_version": answers.base_version,
        "component_version": answers.component_version,
        "name": answers.name,
        "endpoint": _prefix(answers.name),
        "data": _data(answers),
        "curated": answers.curated,
        "paths": _paths(answers),
        "hook": rf"{re.escape(answers.curated)}/|(models/.+/)?params\.yaml$|\.github/",
        "repository": pin.repository,
        "commit": pin.commit,
        **called,
    }


def _data(answers: SetUp) -> str:
    curated = posixpath.relpath(answers.curated, answers.folder)
    lines = [f"  curated: {curated}  # every file of conversations below this folder is trained on"]
    if answers.public:
        lines += [
            "  dataset:  # public conversations beside them; remove this block to train on your own alone",
            f"    id: {answers.public.id}",
            f"    revision: {answers.public.revision}",
            "    percent: 5  # of each split, from its start",
        ]
    return "\n".join(lines) + "\n"


def _paths(answers: SetUp) -> str:
    """What starts a training: conversations, but no document beside them, and parameters."""
    own = ("models/**", '"!models/**/*.md"') if answers.several else ()
    paths = (f"{answers.curated}/**", f'"!{answers.curated}/**/*.md"', "params.yaml", *own)
    return "\n".join(f"      - {path}" for path in paths)


def _prefix(name: str) -> str:
    """The beginning of endpoint names: a letter first, no hyphen last, and short enough."""
    lettered = _ODD.sub("-", name.lower()).strip("-").lstrip("0123456789-") or "chat"
    return lettered[:LONGEST_PREFIX].strip("-")
