"""The answers of a judge, kept by the content of what it was asked, so that none is paid for twice.

Each is written as it comes, so a command that dies goes on where it was; what is whole is kept in the workspace, too.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlops import jsons
from mlops.azure import data
from mlops.azure.chat_completions import Completion
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.scoring import JUDGED_ROLE, VERSION_LENGTH
from mlops.errors import BadInput, Problem


class KeptAnswers:
    """Answers by the key of their call, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Completion] = {}
        with suppress(FileNotFoundError):
            self.read(path.read_text(encoding="utf-8"))

    def read(self, text: str) -> None:
        """Take what a text holds; a line that was cut off when its writer died is none."""
        for line in text.split("\n"):
            with suppress(ValueError, KeyError, TypeError):
                stated = jsons.read(line)
                found = Completion(stated["text"], stated["failure"], stated["sent"], stated["answered"])
                self._known[str(stated["key"])] = found

    def get(self, key: str) -> Completion | None:
        """The answer; None where it was not asked yet."""
        return self._known.get(key)

    def add(self, key: str, answer: Completion) -> None:
        """Keep one, at once. Raises BadInput where it cannot be written."""
        self._known[key] = answer
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{_line(key, answer)}")
        except OSError as error:
            raise BadInput(Problem("cannot be written", str(self._path), why=str(error))) from None

    def fetch(self, workspace: Workspace, name: str, keys: Iterable[str]) -> None:
        """What the workspace keeps of exactly these calls."""
        version = _version(keys)
        if data.exists(workspace, data.asset_name(name, JUDGED_ROLE), version):
            self.read(data.read(workspace, name, JUDGED_ROLE, version).decode("utf-8"))

    def share(self, workspace: Workspace, name: str, keys: Iterable[str], tags: dict[str, str]) -> None:
        """Keep all of these calls in the workspace, once."""
        wanted = sorted(set(keys))
        asset, version = data.asset_name(name, JUDGED_ROLE), _version(wanted)
        if wanted and not data.exists(workspace, asset, version):
            text = "".join(f"{_line(key, self._known[key])}\n" for key in wanted)
            data.upload_text(workspace, asset, version, text, tags)


def _line(key: str, answer: Completion) -> str:
    stated = {"key": key, "text": answer.text, "failure": answer.failure}
    return json.dumps({**stated, "sent": answer.sent, "answered": answer.answered}, ensure_ascii=False)


def _version(keys: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(sorted(set(keys))).encode()).hexdigest()[:VERSION_LENGTH]
