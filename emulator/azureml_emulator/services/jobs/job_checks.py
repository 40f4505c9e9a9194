"""What the service refuses of a job at once: unknown components, inputs, computes and assets, or changed work.

It must not keep anything. All problems of a pipeline are answered together.
"""

import re
from typing import Any

from azureml_emulator.catalog import components, curated, models
from azureml_emulator.core import api_versions
from azureml_emulator.core.errors import ServiceError, error_object
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import command_step, component_job, graph
from azureml_emulator.services.jobs.job_resource import DATA_FACTORY, VIRTUAL_CLUSTERS, Job, JobType

# The parts that make a job what it is, as the service names them in its refusal.
FIXED = {
    "jobType": "JobType",
    "experimentName": "ExperimentName",
    "settings": "Settings",
    "inputs": "Inputs",
    "outputs": "Outputs",
    "jobs": "Jobs",
    "computeId": "ComputeId",
    "command": "Command",
    "environmentId": "EnvironmentId",
    "codeId": "CodeId",
}
ASSET = re.compile(r"/(?P<kind>data|models)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$", re.IGNORECASE)
SERVERLESS = "serverless"
NO_CLUSTERS = (SERVERLESS, DATA_FACTORY)  # names that need no compute of the workspace
REGISTRY_MODEL = re.compile(r"^azureml://registries/([^/]+)/models/([^/]+)/versions/([^/]+)$", re.IGNORECASE)
COMPUTE = re.compile(r"/computes/([^/]+)$", re.IGNORECASE)
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE, LONGEST_NAME = 50, 100, 1000, 256


def refuse_other_work(job: Resource, stated: Json) -> None:
    """A PUT with the name of a job that is there may say the same work again, and no other. Raises 400."""
    kept = Job.read(job).stated
    if outputs := stated.get("outputs"):  # what the service added it may say back
        own = kept.get("outputs") or {}
        stated = {**stated, "outputs": {key: value for key, value in outputs.items() if key in own or key != "default"}}
    changed = [
        word for name, word in FIXED.items()
        if stated.get(name) is not None and (_essence(stated[name]) or None) != (_essence(kept.get(name)) or None)
    ]  # fmt: skip
    if changed:
        text = (
            "A job with this name already exists. If you are trying to create a new job, use a different name. If you "
            f"are trying to update an existing job, the existing job's {',  '.join(changed)} cannot be changed. Only "
            "description, tags, displayName, properties, and isArchived can be updated."
        )
        raise ServiceError(400, "UserError", text, details=[error_object("Immutable", "JobPropertyImmutable")])


def check_sizes(stated: Json, before: Json | None = None) -> None:
    """Tags and names of a run have limits (resource-limits-capacity). Tags are added to those before. Raises 400."""
    tags = {**(before or {}), **(stated.get("tags") or {})}
    sizes = [("Tags", MOST_TAGS, len(tags)), ("DisplayName", LONGEST_NAME, len(str(stated.get("displayName") or "")))]
    sizes += [("Tags.Key", LONGEST_KEY, len(key)) for key in tags]
    sizes += [("Tags.Value", LONGEST_VALUE, len(str(value))) for value in tags.values()]
    for field, limit, size in sizes:
        if size > limit:
            text = (
                f"A field of the entity is over the size limit. FieldName={field}, Limit={limit}, Size={size}. "
                "See https://aka.ms/azure-machine-learning-limits for service limits documentation."
            )
            raise ServiceError(400, "UserError", text, details=[error_object("ValidationError", text, field)])


def check_members(api_version: str, stated: Json) -> None:
    """An output may say only what the version that was asked knows of outputs. Raises a 400 for every other member."""
    unknown = [
        error_object("RequestInvalid", f"The member '{member}' is not known of the output '{name}'.")
        for name, output in (stated.get("outputs") or {}).items()
        for member, value in (output or {}).items()
        if value is not None and not api_versions.knows(api_version, "jobs", f"outputs/*/{member}")
    ]
    if unknown:
        text = "The request is not valid, or fields are missing."
        raise ServiceError(400, "UserError", text, details=unknown, inner=("RequestInvalid",), worded=(text, {}))


def check_pipeline(emulator: Emulator, workspace: Resource, properties: Json) -> None:
    """A new pipeline job. Raises a 400 with every problem."""
    problems: list[dict[str, Any]] = []
    work = component_job.work_of(emulator, properties)
    if work is None:
        text = f"Component {properties['componentId']} was not found."
        raise ServiceError(400, "UserError", text)
    if not work.jobs:
        problems.append(error_object("UserError", "A pipeline job needs at least one step.", "jobs"))
    problems += [
        error_object("UserError", f"The required input '{name}' has no value.", f"inputs.{name}")
        for name in component_job.missing_inputs(emulator, properties)
    ]
    problems += _missing_assets(emulator, properties.get("inputs") or {}, "inputs")
    default = (properties.get("settings") or {}).get("default_compute")
    named = {"computeId": properties.get("computeId"), "settings.default_compute": default}
    problems += _missing_computes(emulator, workspace, named)
    jobs, whole = work.jobs, {**properties, **work._asdict()}
    for node, stated in jobs.items():
        problems += _check_node(emulator, workspace, whole, node, stated)
    if circle := sorted(set(jobs) - {node for node, _ in graph.in_order(jobs)}):
        text = f"The steps {', '.join(circle)} wait for each other, or for a step that is not there."
        problems.append(error_object("UserError", text, "jobs"))
    if problems:
        first = problems[0]["message"]
        more = f" ({len(problems) - 1} more in details)" if len(problems) > 1 else ""
        many = problems if more else []  # of one alone the service says nothing in details
        kind = () if more or "which is no binding" not in first else graph.NO_EXPRESSION
        raise ServiceError(400, "UserError", f"The pipeline job is not valid: {first}{more}", details=many, inner=kind)


def check_compute(
    emulator: Emulator, workspace: Resource, name: str, properties: Json, kind: JobType = JobType.COMMAND
) -> None:
    """The compute of a job that is no pipeline must be there. Raises a 400 in the words of the service of its kind."""
    if not _missing_computes(emulator, workspace, {"computeId": properties.get("computeId")}):
        return
    compute = str(properties["computeId"]).rsplit("/", 1)[-1]
    if kind is JobType.AUTO_ML:
        said, worded = f"Compute {compute} not found in workspace {workspace.name}", "The AutoMLJob input is invalid. "
        raise ServiceError(
            400, "UserError", worded + said, inner=("AutoMLJobInvalidParameter",),
            worded=(f"{worded}{{errors}}", {"errors": said}),
        )  # fmt: skip
    if kind is JobType.SWEEP:
        raise ServiceError(400, "UserError", f"The compute {compute} of the run {name} was not found.")
    inner = ("BadArgument", "UnknownTargetType")
    raise ServiceError(400, "UserError", f"Unknown compute target '{compute}'.", inner=inner)


def check_command(
    emulator: Emulator, workspace: Resource, name: str, properties: Json, kind: JobType = JobType.COMMAND
) -> None:
    """A new command job, or the trial of a sweep. Raises a 400 with every problem."""
    problems: list[dict[str, Any]] = []
    if not str(properties.get("command") or "").strip():
        problems.append(error_object("UserError", "The field command is required.", "properties.command"))
    if not properties.get("environmentId"):
        problems.append(error_object("UserError", "The field environmentId is required.", "properties.environmentId"))
    problems += _missing_assets(emulator, properties.get("inputs") or {}, "inputs")
    for field in ("environmentId", "codeId"):
        id = str(properties.get(field) or "")
        if not id.lower().startswith("/subscriptions") or emulator.store.get(id) is not None:
            continue
        name = id.partition("/environments/")[2].partition("/")[0]  # its version may be left out
        if field == "codeId" or curated.of_workspace(name) is None:
            problems.append(error_object("NotFound", f"The asset {id} was not found.", f"properties.{field}"))
    if problems:
        raise ServiceError(
            400, "UserError", f"The command job is not valid: {problems[0]['message']}", details=problems
        )
    check_compute(emulator, workspace, name, properties, kind)


def _check_node(
    emulator: Emulator, workspace: Resource, properties: Json, node: str, stated: Json
) -> list[dict[str, Any]]:
    place = f"jobs.{node}"
    inputs = {key: value or {} for key, value in (stated.get("inputs") or {}).items()}
    problems = _missing_assets(emulator, inputs, f"{place}.inputs")
    problems += _missing_computes(emulator, workspace, {f"{place}.computeId": stated.get("computeId")})
    problems += _loose_bindings(properties, inputs, place)
    problems += _loose_outputs(properties, stated.get("outputs") or {}, f"{place}.outputs")
    if not stated:
        problems.append(error_object("UserError", "The step is empty.", place))
    id = str(stated.get("componentId") or "")
    if spec := command_step.spec_of(emulator, stated):
        return problems + _against_interface(spec, stated, place)
    if id.lower().startswith(("/subscriptions", "azureml:/subscriptions")):
        return [*problems, error_object("NotFound", f"Component {id} was not found.", place)]
    if not id.startswith("azureml://registries/"):
        return problems
    component = _component(id)
    if component is None:
        return [*problems, error_object("NotFound", f"Component {id} was not found.", place)]
    literals = {key: value["value"] for key, value in inputs.items() if _is_literal(value)}
    bound = tuple(key for key in inputs if key not in literals)
    found = components.validate_inputs(component, literals, bound=bound)
    problems += [error_object(p.code, p.message, f"{place}.inputs.{p.input}") for p in found]
    computes = {
        f"{place}.inputs.{key}": value
        for key, value in literals.items()
        if key.startswith("compute_") and key in component.inputs
    }
    return problems + _missing_computes(emulator, workspace, computes)


def _against_interface(spec: Json, stated: Json, place: str) -> list[dict[str, Any]]:
    """A step must give what its component needs, and name no input or output that the component does not have."""
    name, problems = spec.get("name") or "of the step", []
    tried = stated.get("search_space") or stated.get("searchSpace") or {}  # a sweep gives these inputs
    given_inputs = {**tried, **(stated.get("inputs") or {})}
    for kind in ("inputs", "outputs"):
        declared, given = spec.get(kind) or {}, given_inputs if kind == "inputs" else stated.get(kind) or {}
        problems += [
            error_object("UnknownInput", f"Component {name} has no {kind[:-1]} named '{key}'.", f"{place}.{kind}.{key}")
            for key in given
            if key not in declared
        ]
    problems += [
        error_object("MissingInput", f"The required input '{key}' is not provided.", f"{place}.inputs.{key}")
        for key in component_job.missing(spec, given_inputs)
    ]
    return problems


def _missing_computes(emulator: Emulator, workspace: Resource, named: dict[str, Any]) -> list[dict[str, Any]]:
    """Each compute that is named, by short name or ARM id, must be one of the workspace or `serverless`.

    Virtual clusters are elsewhere in the subscription: the service does not look for them before the job is to run.
    """
    problems = []
    for place, value in named.items():
        text = str(value or "").removeprefix("azureml:")
        match = COMPUTE.search(text)
        name = match[1] if match else text
        if not name or name.startswith("${{") or name.lower() in NO_CLUSTERS or VIRTUAL_CLUSTERS in text.lower():
            continue
        if emulator.store.get(f"{workspace.id}/computes/{name}") is None:
            problems.append(error_object("ComputeNotFound", f"Compute {name} was not found in the workspace.", place))
    return problems


def _missing_assets(emulator: Emulator, inputs: dict[str, Json], place: str) -> list[dict[str, Any]]:
    problems = []
    for key, value in inputs.items():
        uri = str((value or {}).get("uri") or "")
        if not _exists(emulator, uri):
            problems.append(error_object("NotFound", f"The asset {uri} was not found.", f"{place}.{key}"))
    return problems


def _exists(emulator: Emulator, uri: str) -> bool:
    """False for an asset of the workspace or a model of a registry that is not there; other places are read later."""
    if model := REGISTRY_MODEL.match(uri):
        return models.find(model[1], model[2], model[3]) is not None
    place = uri.removeprefix("azureml:/") if uri.startswith("azureml://subscriptions") else uri.removeprefix("azureml:")
    if not (ASSET.search(place) and place.lower().startswith("/subscriptions")):
        return True
    return emulator.store.get(place) is not None


def _loose_bindings(properties: Json, inputs: dict[str, Json], place: str) -> list[dict[str, Any]]:
    """What is bound to an input of the pipeline, or to an output of another step, must name one that is there."""
    known, problems = properties.get("inputs") or {}, []
    for key, value in inputs.items():
        name, output, text = graph.parent_input(value), graph.other_output(value), ""
        if name and name not in known:
            text = f"The input '{key}' is bound to '{name}', which is no input of the pipeline."
        elif output and not _gives(properties, output):
            text = f"The input '{key}' is bound to '{output.node}.{output.port}', which is no output of a step."
        elif graph.is_unknown_binding(value):
            text = f"The input '{key}' is bound to {value.get('value') or value.get('uri')}, which is no binding."
        if text:
            problems.append(error_object("UserError", text, f"{place}.inputs.{key}"))
    return problems


def _loose_outputs(properties: Json, outputs: dict[str, Json], place: str) -> list[dict[str, Any]]:
    """An output that is bound to one of the pipeline must name one that is there."""
    known = properties.get("outputs") or {}
    bound = {key: graph.parent_output(value or {}) for key, value in outputs.items()}
    return [
        error_object("UserError", f"'{key}' is bound to '{name}', which is no output of the pipeline.", place)
        for key, name in bound.items()
        if name and name not in known
    ]


def _gives(properties: Json, output: graph.Output) -> bool:
    """Whether a step has that output; of a component that is not known, any."""
    stated = (properties.get("jobs") or {}).get(output.node)
    if not stated:
        return False
    component = _component(str(stated.get("componentId") or ""))
    return component is None or output.port in component.outputs


def _component(id: str) -> components.Component | None:
    parts = id.split("/")
    in_registry = id.startswith("azureml://registries/") and len(parts) == 8
    return components.find(parts[3], parts[5], parts[7]) if in_registry else None


def _is_literal(value: Json) -> bool:
    return "value" in value and not str(value["value"]).startswith("${{")


def _essence(value: Any) -> Any:
    """What is compared: nulls and what the service fills in do not count, nor does the case of ids."""
    if isinstance(value, dict):
        kept = {key: _essence(item) for key, item in value.items() if key not in ("uri", "mode", "description")}
        uri = {"uri": str(value["uri"]).lower()} if value.get("uri") and "jobOutputType" not in value else {}
        return {key: item for key, item in {**kept, **uri}.items() if item is not None and item != {}}
    return [_essence(item) for item in value] if isinstance(value, list) else value
