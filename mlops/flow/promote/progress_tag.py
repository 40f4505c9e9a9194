"""Writes on the training run how far the promotion of its model got, so that a tick knows what was cut off.

It must not promote, and it must not decide what a tick makes of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlops.azure import jobs, models
from mlops.domain.promote import progress_tag
from mlops.domain.promote.progress_tag import Mark, Progress
from mlops.domain.tags import JOB_TAG
from mlops.errors import AzureRefused, BadInput, MlopsError
from mlops.flow.context import Context, ReportOutcome

FINAL = (BadInput, AzureRefused)  # the same answer would come again


@dataclass
class Note:
    """What is to be written when the promotion has ended."""

    progress: Progress = Progress.INTERRUPTED

    def outcome(self, found: ReportOutcome) -> ReportOutcome:
        """Take the outcome in, and hand it on."""
        self.progress = Progress.REFUSED if found.failure else Progress.DONE
        return found


@contextmanager
def noted(context: Context, model: models.Registered, environment: str) -> Iterator[Note]:
    """Note that a promotion began, and how it ended; a process that is killed leaves the note that it began.

    Where the run is of another workspace there is nothing to write on, and nothing is noted.
    """
    run = jobs.find(context.workspace, name) if (name := model.tags.get(JOB_TAG)) else None
    if run is None:
        yield Note()
        return
    before = progress_tag.read(run.tags, [environment]).get(environment)
    retries = before.retries if before else 0
    write(context, run.name, environment, Progress.BEGUN, retries)
    note = Note()
    try:
        yield note
    except FINAL:
        note.progress = Progress.REFUSED
        raise
    except MlopsError:
        raise
    except BaseException:
        note.progress = Progress.BEGUN  # killed, or a bug: nothing is known
        raise
    finally:
        if note.progress is not Progress.BEGUN:
            write(context, run.name, environment, note.progress, retries)


def write(context: Context, job: str, environment: str, progress: Progress, retries: int) -> None:
    """Write the mark of an environment on a run."""
    mark = Mark(progress, context.workspace.now(), retries)
    jobs.tag(context.workspace, job, {progress_tag.tag(environment): mark.to_tag()})
