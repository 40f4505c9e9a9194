"""What a run is called and tagged with, and what Azure would refuse of it: names, lengths, counts.

Pure. It must not submit. Source of the limits: resource-limits-capacity of the Azure ML documentation, section Runs.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops.domain.training.run import Attempt, JobState, parse_job_name
from mlops.errors import Problem

NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$")
EXPERIMENT = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}$")
LONGEST_DISPLAY = 256
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 50, 100, 1000
LATER_TAGS = 20  # that gate, register, promote and cleanup write on the run
ON = ("true", "True")


@dataclass(frozen=True)
class SubmissionDecision:
    """Submit as `attempt`, or attach to `known`; `why` says which and for what reason."""

    attempt: int
    known: Attempt | None
    why: str


def decide(attempts: Iterable[Attempt], *, force: bool = False) -> SubmissionDecision:
    """What to do about a fingerprint, of which these attempts are known, oldest first.

    A run of another project only takes its name: what it became is not ours to judge or to register.
    """
    known = list(attempts)
    own = [one for one in known if one.ours]
    last, new = (own[-1] if own else None), (_number(known[-1], len(known)) if known else 0) + 1
    if last is None:
        why = f"{known[-1].name} is of another project" if known else "never trained before"
        return SubmissionDecision(new, None, why)
    if last.state.retryable:
        return SubmissionDecision(new, None, f"{last.name} is {last.state}")
    if force and last.state is JobState.COMPLETED:
        return SubmissionDecision(new, None, f"forced, although {last.name} is {last.state}")
    return SubmissionDecision(_number(last, len(known)), last, f"{last.name} is {last.state}")


def _number(attempt: Attempt, otherwise: int) -> int:
    named = parse_job_name(attempt.name)
    return named[1] if named else otherwise


def display_name(model: str, parameters: Mapping[str, str], *, gpus: int, nodes: int) -> str:
    """What a list of runs shows: model, batch size, and what people compare runs by.

    The batch size is per device x accumulation x GPUs x nodes, and the product.
    """
    device, accumulated = (
        _whole(parameters.get(key), 1) for key in ("per_device_train_batch_size", "gradient_accumulation_steps")
    )
    parts = [model, f"bs {device}x{accumulated}x{gpus}x{nodes}={device * accumulated * gpus * nodes}"]
    parts.append(parameters.get("lr_scheduler_type", "linear"))
    parts.append(f"ds{parameters.get('deepspeed_stage', '2')}" if parameters.get("apply_deepspeed") in ON else "no ds")
    parts.append(f"lora r{parameters.get('lora_r', '8')}" if parameters.get("apply_lora") in ON else "full")
    parts.append(f"save {_limit(parameters.get('save_total_limit'), 'all')}")
    parts.append(f"seq {_limit(parameters.get('max_seq_length'), 'max')}")
    return ", ".join(parts)[:LONGEST_DISPLAY]


def check(name: str, experiment: str, shown: str, tags: Mapping[str, str]) -> list[Problem]:
    """Everything that Azure would refuse of a submission."""
    found = []
    if not NAME.match(name):
        found.append(Problem(f"the job name {name!r} is no name that Azure takes", fix="report this as a bug"))
    if not EXPERIMENT.match(experiment):
        why = "Azure takes 1 to 255 letters, digits, hyphens, underscores and dots, the first a letter or digit"
        what = f"training.experiment {experiment!r} is no name that Azure takes"
        found.append(Problem(what, "params.yaml", why=why, fix="change it", key="training.experiment"))
    if len(shown) > LONGEST_DISPLAY:
        found.append(Problem(f"the display name has {len(shown)} characters; Azure takes {LONGEST_DISPLAY}"))
    if len(tags) > MOST_TAGS - LATER_TAGS:
        most = MOST_TAGS - LATER_TAGS
        why = f"Azure takes {MOST_TAGS} on a run, of which {LATER_TAGS} are kept for what later steps write"
        found.append(Problem(f"{len(tags)} tags are too many; at most {most}", why=why, fix="report this as a bug"))
    for key, value in tags.items():
        if len(key) > LONGEST_KEY:
            found.append(Problem(f"the tag {key[:40]}... has {len(key)} characters; Azure takes {LONGEST_KEY}"))
        if len(value) > LONGEST_VALUE:
            what = f"the value of the tag {key} has {len(value)} characters; Azure takes {LONGEST_VALUE}"
            found.append(Problem(what, fix="shorten what it says: see docs/training.md"))
    return found


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() else otherwise


def _limit(text: str | None, without: str) -> str:
    return without if text is None or text.startswith("-") else text
