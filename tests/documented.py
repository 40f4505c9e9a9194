"""The commands that the documents show in blocks of a shell, and why some of them are not run by a test."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = ("sh", "bash", "shell", "console")
# A command begins so -> why no test gives it to a shell as it stands. All are checked in
# tests/unit/test_documented_commands.py: verbs and options, targets of make, programs, workflows and variables.
NOT_RUN = {
    "gh ": "it changes a repository on GitHub",
    "GITHUB_REPOSITORY=": "it asks GitHub; tests/unit/test_github_settings.py has what it answers",
    "az ": "it changes a subscription, and az is not installed here",
    "git clone ": "it fetches from GitHub",
    "git push ": "it needs a repository on GitHub",
    "cd ": "it goes into what was cloned",
    "export ": "the host is an example",
    "pip install ": "it fetches from GitHub; `make try-dist` installs the wheel of the same project",
    "make ": "CI runs what stands there: test, rehearse, docs-site; the others take hours or a network",
    "azureml-emulator ": "emulator/tests/contract runs each of its commands",
    "mlops rehearse": "tests/journeys run it in many ways; the published packages (--stack real) take a gigabyte",
    "mlops emulator": "tests/journeys run them between rehearsals; emulator/tests has each of the other command",
    "mlops --target emulator": "the shell of the test is in the emulator already",
    "mlops init": "tests/cli/test_init.py makes these repositories",
    "mlops judge": "it needs a deployed judge; tests/contract/test_our_evaluation.py has an imitation",
    "mlops compare 7 3 --ask": "it submits a job of its own; tests/contract/test_our_evaluation.py waits for one",
    "mlops ask production --chat": "it reads from a terminal; tests/unit/test_questions.py has its turns",
    "git diff | mlops ask": "there may be no difference to ask about; tests/unit/test_questions.py reads a pipe",
}


@dataclass(frozen=True)
class Documented:
    """A command as a document shows it."""

    document: str
    text: str

    @property
    def plain(self) -> str:
        """As in a checkout whose environment is active, in the shell of an emulator."""
        return self.text.replace(".venv/bin/", "").replace("mlops emulator exec -- mlops", "mlops")

    @property
    def reason(self) -> str:
        """Why it is not run as it stands; empty where it is."""
        return next((why for begins, why in NOT_RUN.items() if self.plain.startswith(begins)), "")


def documented() -> Iterator[Documented]:
    """Every command, by document and in its order."""
    paths = [
        *ROOT.glob("*.md"),
        *(path for name in ("docs", "data", "emulator") for path in (ROOT / name).rglob("*.md")),
    ]
    for path in sorted(path for path in paths if path.name not in ("COVERAGE.md", "CHANGELOG.md")):
        for language, block in BLOCK.findall(path.read_text(encoding="utf-8")):
            for command in _commands(block) if language in SHELL else ():
                yield Documented(path.relative_to(ROOT).as_posix(), command)


def _commands(block: str) -> Iterator[str]:
    """The commands of a block: one a line, but for a line that goes on, or a quote that is still open."""
    text = ""
    for line in block.splitlines():
        text = f"{text}\n{line}" if text else line
        if line.endswith("\\"):
            continue
        try:
            words = shlex.split(text, comments=True)
        except ValueError:
            continue
        if words:
            yield re.sub(r"\s{2,}#.*$", "", text).strip()
        text = ""
