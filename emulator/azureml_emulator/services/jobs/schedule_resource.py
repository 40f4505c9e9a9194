"""What a schedule is: a trigger, what is done when it is due, and when that was last.

Source: Schedule of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from azureml_emulator.core.clock import parse
from azureml_emulator.core.typed import At, Json, Provisioned

LAST = "_last"  # in the properties: when it was due last; no answer shows it


class ScheduleAction(StrEnum):
    """What is done when a schedule is due. The emulator does the first; of the others it keeps that they were due."""

    CREATE_JOB = "CreateJob"
    CREATE_MONITOR = "CreateMonitor"
    IMPORT_DATA = "ImportData"
    INVOKE_BATCH_ENDPOINT = "InvokeBatchEndpoint"


@dataclass(frozen=True, kw_only=True)
class Schedule(Provisioned):
    """A schedule."""

    writes_defaults: ClassVar[bool] = False
    action: Annotated[ScheduleAction, At("properties.action.actionType")]
    trigger: Annotated[Json, At("properties.trigger")]
    job: Annotated[Json, At("properties.action.jobDefinition")] = field(default_factory=dict)
    is_enabled: Annotated[bool, At("properties.isEnabled")] = True
    last_text: Annotated[str, At(f"properties.{LAST}")] = ""
    created_text: Annotated[str, At("systemData.createdAt")] = ""

    @property
    def last(self) -> datetime:
        """When it was due last; before the first time, when it was made."""
        return parse(self.last_text)

    @property
    def created(self) -> datetime:
        """When it was made, from which an interval is counted."""
        return parse(self.created_text)

    def met(self, due: datetime) -> Self:
        """With what was due now done."""
        return replace(self, last_text=due.isoformat())
