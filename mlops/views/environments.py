"""`mlops environments`: a table for people, and lists in JSON for the jobs of the workflows."""

import json
from collections.abc import Mapping

from mlops.flow.environments.environments import EnvironmentsResult
from mlops.render import Report, table

JOBS = ("first", "second", "third", "fourth")  # of promote.yml, one a wave
TRAINING = "training"  # the GitHub environment of everything before a promotion


def report(result: EnvironmentsResult) -> Report:
    """For people."""
    rows = [
        (str(one.wave), one.name, ", ".join(one.after) or "the gate", one.workspace or "that of the training")
        for one in result.environments
    ]
    return Report(
        "Environments",
        tables=(table("In the order of promotion", ("wave", "environment", "after", "workspace"), rows),),
        next_step=f"mlops promote {result.environments[0].name}",
    )


def outputs(result: EnvironmentsResult) -> Mapping[str, str]:
    """A list for each job of promote.yml, `[]` where it has nothing to do; and every GitHub environment."""
    waves = {job: json.dumps(wave) for job, wave in zip(JOBS, [*result.waves, *([()] * len(JOBS))], strict=False)}
    return {**waves, "every": json.dumps([TRAINING, *(one.name for one in result.environments)])}
