"""`mlops doctor`: is everything there that a release needs? One line a check, all of them, nothing changed."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial

from mlops.azure import registry as registries
from mlops.azure import scoring
from mlops.domain.promote.endpoint import EndpointState
from mlops.errors import MlopsError, Problem
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import check_project, own_endpoint, own_endpoints
from mlops.flow.training import compute, training_spec
from mlops.flow.training.compute import ComputeResult, ComputeState


class CheckStatus(StrEnum):
    """What came of a check."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class DoctorCheck:
    """One check, and what it found."""

    name: str
    health: CheckStatus
    finding: str


@dataclass(frozen=True)
class DoctorResult:
    """Every check, in the order in which one rests on the other."""

    checks: tuple[DoctorCheck, ...]


_COMPUTE = {
    ComputeState.MISSING: "missing: `mlops compute` makes it",
    ComputeState.EXISTS: "there",
    ComputeState.CREATED: "there",
    ComputeState.SERVERLESS: "nothing to create",
}


def run(context: Context) -> Outcome[DoctorResult]:
    """Every check in order; a failed one does not stop the others, but for the sign-in."""
    checks: list[DoctorCheck] = []
    problems: list[Problem] = []
    kinds: list[type[MlopsError]] = []
    for name, look in _looks(context):
        if kinds and checks[0].health is CheckStatus.FAILED:  # without a sign-in every other fails for the same reason
            checks.append(DoctorCheck(name, CheckStatus.NOT_CHECKED, ""))
            continue
        try:
            checks.append(DoctorCheck(name, CheckStatus.OK, look()))
        except MlopsError as error:
            checks.append(DoctorCheck(name, CheckStatus.FAILED, error.problems[0].what))
            kinds.append(type(error))
            problems += [problem for problem in error.problems if problem not in problems]
    return Outcome(DoctorResult(tuple(checks)), kinds[0](problems) if kinds else None)


def _looks(context: Context) -> tuple[tuple[str, Callable[[], str]], ...]:
    """The checks in order. Each gives its finding, or raises what is wrong."""
    workspace = cache(lambda: context.workspace)
    spec = cache(lambda: training_spec.of(context))

    def model() -> str:
        base = training_spec.base_model(workspace(), spec())
        return f"{base.name} {base.version}"

    def parameters() -> str:
        made_of = training_spec.training(workspace(), spec())
        return f"{len(made_of.resolved.values)} parameters fit {made_of.component.name} {made_of.component.version}"

    served = cache(lambda: own_endpoints(context))

    def project() -> str:
        check_project(workspace(), served(), context.owner, context.repository, spec().where)
        return f"{context.owner} is this repository's" if context.repository else f"{context.owner} is ours"

    def endpoint(environment: str) -> str:
        """Where it is and whether it can be asked from here, as the identity that asks now."""
        place, registry = context.workspace_of(environment), context.environment(environment).registry
        if registry:
            registries.url(place, registry, "")
        facts = own_endpoint(place, context.endpoint_name(environment), context.owner, environment)
        absent = facts.state is EndpointState.ABSENT
        found = f"{facts.name} is not there yet" if absent else f"{scoring.check_host(place, facts.name)} answers"
        elsewhere = place.target != workspace().target
        parts = (f"workspace {place.target.workspace} in {place.location}", found) if elsewhere else (found,)
        return ", ".join((*parts, *([f"registry {registry}"] if registry else [])))

    return (
        ("sign-in and workspace", lambda: f"workspace {workspace().target.workspace} in {workspace().location}"),
        ("base model", model),
        ("component and parameters", parameters),
        ("project", project),
        ("compute", lambda: _compute(compute.check_and_make(workspace(), spec(), context.say, make=False))),
        *((f"endpoint of {name}", partial(endpoint, name)) for name in context.params.environments),
    )


def _compute(found: Outcome[ComputeResult]) -> str:
    if found.failure:
        raise found.failure
    result = found.result
    action = f"{result.compute}: {_COMPUTE[result.state]}"
    notes = len(result.warnings)
    return f"{action}; {notes} warnings, see `mlops compute --check-only`" if notes else action
