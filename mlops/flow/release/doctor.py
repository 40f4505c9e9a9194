"""`mlops doctor`: is everything there that a release needs? One line a check, all of them, nothing changed."""

from collections.abc import Sequence

from mlops.domain.release.access import Road
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.release import doctor_access, doctor_cloud, doctor_local, doctor_serving, doctor_training
from mlops.flow.release.checkup import DoctorResult, outcome
from mlops.flow.release.doctor_seen import Seen
from mlops.flow.training import training_spec


def run(context: Context, roads: Sequence[Road] = ()) -> Outcome[DoctorResult]:
    """Every check of those roads, of all where none is named; one that fails stops no other."""
    seen = Seen(
        project=context.project,
        repository=context.repository,
        say=context.say,
        connect=lambda: context.workspace,
        make_spec=lambda: training_spec.of(context),
        make_rollouts=lambda: rollout_specs(context),
        observe=lambda: own_endpoints(context),
        name_of=context.endpoint_name,
    )
    groups = (doctor_local, doctor_cloud, doctor_access, doctor_training, doctor_serving)
    return outcome((look for group in groups for look in group.looks(seen)), roads)
