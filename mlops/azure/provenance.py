"""What a job was made of, as the workspace kept it, and single files of what it made.

It must not trust tags for that: tags are ours, the inputs of the job are what really ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops.azure import at_once, datastores, job_outputs, jobs, lasting, run_tree
from mlops.azure.workspace import Workspace


@dataclass(frozen=True)
class Made:
    """A pipeline of one node: the component's asset id, its literal inputs, and input name -> asset id."""

    component: str
    literals: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """The literal inputs without those that only say where a step runs."""
        return {
            key: value for key, value in self.literals.items() if not key.startswith(("compute_", "instance_type_"))
        }


def made_of(workspace: Workspace, job: str) -> Made | None:
    """What a job of ours ran with. None when it does not exist or is no pipeline of one node."""
    found = jobs.shown(workspace, job)
    nodes = list((((found or {}).get("properties") or {}).get("jobs") or {}).values())
    if len(nodes) != 1:
        return None
    inputs = nodes[0].get("inputs") or {}
    literals = {key: str(item["value"]) for key, item in inputs.items() if "value" in item}
    assets = {key: str(item["uri"]) for key, item in inputs.items() if "uri" in item}
    return Made(str(nodes[0].get("componentId") or ""), literals, assets)


def output_text(workspace: Workspace, job: str, output: str, file: str) -> str | None:
    """A text file at the top of an output, without fetching the rest, which can be gigabytes. None: it is not there."""
    uri = job_outputs.output_uri(workspace, job, output)
    return None if uri is None else _text(workspace, f"{uri.rstrip('/')}/{file}", f"{file} of {output} of {job}")


def step_output_texts(
    workspace: Workspace, of: Sequence[str], step: str, outputs: Sequence[str]
) -> dict[str, list[str | None]]:
    """By job the texts of outputs that are one file each, of a step of its pipeline. None: no such step or output.

    Those of a job that has ended, all of them there, are kept on this machine.
    """
    kept = f"outputs {', '.join(outputs)} of {step}"
    found: dict[str, list[str | None]] = {
        job: list(known) for job in of if (known := lasting.recall(workspace, job, kept))
    }
    new = [job for job in of if job not in found]
    run_tree.read_ended(workspace, new)
    runs = {job: run for job in new if (run := run_tree.step(workspace, job, step))}
    uris = job_outputs.output_uris(workspace, list(runs.values()), outputs)

    def text(one: tuple[str, str]) -> str | None:
        job, output = one
        uri = uris[runs[job]][output] if job in runs else None
        return _text(workspace, uri.rstrip("/"), f"{output} of the step {step} of {job}") if uri else None

    read = at_once.each(text, [(job, output) for job in new for output in outputs])
    for number, job in enumerate(new):
        found[job] = read[number * len(outputs) : (number + 1) * len(outputs)]
        if None not in found[job]:
            lasting.keep(workspace, job, kept, found[job])
    return found


def _text(workspace: Workspace, uri: str, what: str) -> str | None:
    content = datastores.read(workspace, uri, f"read {what}")
    return None if content is None else content.decode("utf-8")
