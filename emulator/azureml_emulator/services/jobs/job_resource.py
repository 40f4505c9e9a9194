"""What a job is: its type, what goes in and comes out, and where it runs. Its state is that of its run.

Source: JobBase of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from azureml_emulator.core.typed import At, Json, Typed

KIND = "jobs"
TYPE_PATH = "workspaces/jobs"
SCHEDULE = "azureml.scheduleId"
VIRTUAL_CLUSTERS = "/virtualclusters/"  # in the id of one
DATA_FACTORY = "datafactory"  # where import jobs of azure-ai-ml go


class JobType(StrEnum):
    """What kind of work it is."""

    AUTO_ML = "AutoML"
    COMMAND = "Command"
    FINE_TUNING = "FineTuning"
    LABELING = "Labeling"
    PIPELINE = "Pipeline"
    SPARK = "Spark"
    SWEEP = "Sweep"

    @property
    def is_executed(self) -> bool:
        """Whether the emulator does such work; of any other it keeps a record."""
        return self in (JobType.COMMAND, JobType.PIPELINE, JobType.SWEEP)

    @property
    def run_kind(self) -> str:
        """How the run history calls the run of such a job."""
        return {JobType.PIPELINE: "azureml.PipelineRun", JobType.SWEEP: "hyperdrive"}.get(self, "azureml.scriptrun")


@dataclass(frozen=True, kw_only=True)
class Job(Typed):
    """A job as it was stated. `stated` is all of it; the other fields are what the emulator decides on."""

    writes_defaults: ClassVar[bool] = False
    stated: Annotated[Json, At("properties")]
    type: Annotated[JobType, At("properties.jobType")]
    inputs: Annotated[Json, At("properties.inputs")] = field(default_factory=dict)
    outputs: Annotated[Json, At("properties.outputs")] = field(default_factory=dict)
    settings: Annotated[Json, At("properties.settings")] = field(default_factory=dict)
    labels: Annotated[Json, At("properties.properties")] = field(default_factory=dict)
    limits: Annotated[Json, At("properties.limits")] = field(default_factory=dict)
    trial: Annotated[Json, At("properties.trial")] = field(default_factory=dict)
    compute: Annotated[str | None, At("properties.computeId")] = None
    component: Annotated[str | None, At("properties.componentId")] = None
    injected_failure: Annotated[Json | None, At("_injected_failure")] = None

    @property
    def forces_rerun(self) -> bool:
        """Whether equal work that was done before is done again."""
        return str(self.settings.get("force_rerun") or self.settings.get("forceRerun")).lower() == "true"

    @property
    def goes_on(self) -> bool:
        """Whether the steps of a pipeline that do not need one that failed are done all the same."""
        stated = self.settings.get("continue_on_step_failure")
        return stated is None or str(stated).lower() == "true"

    @property
    def default_compute(self) -> str | None:
        """The compute of steps that name none."""
        return self.settings.get("default_compute") or self.compute

    @property
    def schedule(self) -> str:
        """The name of the schedule that made it, in lower case; empty for none."""
        return str(self.labels.get(SCHEDULE) or "").rsplit("/", 1)[-1].lower()
