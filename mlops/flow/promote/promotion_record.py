"""Writes on the training run how far the promotion of its model got, so that `resume` knows what was cut off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlops.azure import at_once, jobs, models
from mlops.azure.failures import Denied
from mlops.azure.workspace import Workspace
from mlops.domain.promote.lease import Stopped
from mlops.domain.promote.promotion_record import PromotionRecord, PromotionState, read, record_tag
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.precedence import Asked
from mlops.domain.tags import COMMIT_TAG, JOB_TAG
from mlops.errors import AzureRefused, BadInput, MlopsError
from mlops.flow.outcome import Outcome
from mlops.flow.promote.home import as_allowed
from mlops.flow.promote.result import PromoteOutcome, PromoteResult

FINAL = (BadInput, AzureRefused, Stopped)  # the same answer would come again, or a person has the say


@dataclass
class Recorder:
    """What is to be written when the promotion has ended."""

    state: PromotionState = PromotionState.INTERRUPTED

    def outcome(self, found: Outcome[PromoteResult]) -> Outcome[PromoteResult]:
        """Take the outcome in, and hand it on."""
        self.state = PromotionState.REFUSED if found.failure else PromotionState.DONE
        cause = found.result.cause
        if found.result.outcome is PromoteOutcome.FROZEN or (found.failure and cause and cause.passes):
            self.state = PromotionState.INTERRUPTED  # it is carried on when that is over
        return found


@contextmanager
def recorded(
    workspace: Workspace, spec: RolloutSpec, model: models.Registered, commit: str, say: Callable[[str], None]
) -> Iterator[Recorder]:
    """Write that a promotion began, and how it ended; of a process that is killed only that it began is known.

    Where the run is of another workspace there is nothing to write on, and nothing is written.
    """
    environment, run, retries = spec.environment, None, 0
    with as_allowed(spec, say, "the record on the training run"):
        if name := model.tags.get(JOB_TAG):
            # region and tenant are asked for in any case
            run, _ = at_once.beside(lambda: jobs.find(workspace, name), lambda: workspace.description)
        if run:
            before = read(run.tags, [environment]).get(environment)
            retries = before.retries if before else 0
            write(workspace, run.name, environment, PromotionState.BEGUN, retries, commit)
    if run is None:
        yield Recorder()
        return
    recorder = Recorder()
    try:
        yield recorder
    except FINAL:
        recorder.state = PromotionState.REFUSED
        raise
    except MlopsError:
        raise
    except BaseException:
        recorder.state = PromotionState.BEGUN  # killed, or a bug: nothing is known
        raise
    finally:
        if recorder.state is not PromotionState.BEGUN:
            with as_allowed(spec, say, "the record on the training run"):
                write(workspace, run.name, environment, recorder.state, retries, commit)


def write(
    workspace: Workspace, job: str, environment: str, state: PromotionState, retries: int, commit: str = ""
) -> None:
    """Write the record of an environment on a run; `commit` is the one that asks for the promotion."""
    record = PromotionRecord(state, workspace.now(), retries, commit)
    jobs.tag(workspace, job, {record_tag(environment): record.to_tag()})


def asked(workspace: Workspace, model: models.Registered, environment: str) -> Asked:
    """What asked for a model that an environment serves: what its promotion says, else the run that made it."""
    try:
        run = jobs.find(workspace, name) if (name := model.tags.get(JOB_TAG)) else None
    except Denied:  # the identity of an environment elsewhere need not see where it was trained
        run = None
    record = read(run.tags, [environment]).get(environment) if run else None
    commit = record.commit if record and record.commit else model.tags.get(COMMIT_TAG, "")
    return Asked(commit, run.submitted if run else None)
