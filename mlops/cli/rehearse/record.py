"""What stays of a rehearsal: a record in JSON, the job summaries as Markdown, and the table at the end.

It runs nothing but git.
"""

import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from mlops.actions import ActRun
from mlops.render import Report, duration, table


@dataclass
class Record:
    """What was seen, by step of the scenario."""

    commit: str = ""
    data: str = ""
    rows: str = ""
    job: str = ""
    metrics: str = ""
    verdict: str = ""
    model: str = ""
    endpoints: dict[str, str] = field(default_factory=dict)  # environment -> endpoint and traffic
    question: dict[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    site: str = ""
    jobs: dict[str, str] = field(default_factory=dict)  # key of a workflow's job -> result
    seconds: dict[str, float] = field(default_factory=dict)  # step of the scenario, and each mlops command
    calls: dict[str, int] = field(default_factory=dict)  # to the service, by the same
    polls: dict[str, int] = field(default_factory=dict)  # looks at what was still under way, which are no calls
    summaries: list[str] = field(default_factory=list)

    def take(self, workflow: str, done: ActRun) -> None:
        """Remember what a workflow run did."""
        for key, result in done.jobs.items():
            self.jobs[f"{workflow} {key}"] = result
        for step in done.steps:
            if step.step.startswith("mlops "):
                self.seconds[f"{workflow} {step.job}: {step.step}"] = round(step.seconds, 1)
        self.summaries += [f"## {workflow}: {part.job}, {part.step}\n\n{part.markdown}" for part in done.summaries]

    def write(self, folder: Path) -> None:
        """Write `record.json` and `summaries.md`. Raises OSError that names the folder."""
        body: Mapping[str, Any] = {key: value for key, value in asdict(self).items() if key != "summaries"}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "record.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
            (folder / "summaries.md").write_text("\n\n".join(self.summaries) + "\n", encoding="utf-8")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder)) from error

    def report(self, folder: Path) -> Report:
        """The table at the end."""
        rows = [
            ("commit", self.commit),
            ("data", ", ".join(part for part in (self.data, self.rows) if part)),
            ("job", self.job),
            ("metrics", self.metrics),
            ("verdict", self.verdict),
            ("model", self.model),
            *((f"endpoint, {name}", text) for name, text in self.endpoints.items()),
            *((name, text) for name, text in self.question.items()),
            ("deleted", ", ".join(self.deleted)),
            ("record", str(folder)),
            ("site", self.site),
        ]
        timing = [
            (name, duration(value), self.calls.get(name, ""), self.polls.get(name, ""))
            for name, value in self.seconds.items()
        ]
        return Report(
            "Rehearsal",
            tables=(
                table("What happened", ("what", "result"), [(name, text or "-") for name, text in rows]),
                table("Time", ("step", "took", "calls to Azure", "polls"), timing),
            ),
        )


def own_folder(wanted: Path) -> Path:
    """Make a folder for one rehearsal alone, with a number where another began in the same second."""
    for number in count(1):
        made = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        with suppress(FileExistsError):
            made.mkdir(parents=True)
            break
    return made


def commit_of(root: Path) -> str:
    """The commit that is checked out there, and whether files were changed since."""
    git = ["git", "-C", str(root)]
    found = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    if found.returncode:
        return "none"
    changed = subprocess.run(
        [*git, "status", "--porcelain"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return found.stdout.strip() + (" and uncommitted changes" if changed else "")
