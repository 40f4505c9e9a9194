"""The interfaces of published pipeline components, shipped as data, so that parameters are checked without a cloud.

`known_components.json` is written by `make docs`. A version that is not in it is checked against the registry alone.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from mlops import jsons
from mlops.domain.training.interface import misfit
from mlops.domain.training.parameters import Component, ComponentInput, resolve
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project
from mlops.flow.training import component_file

FILE = "known_components.json"


def check(project: Project) -> tuple[Problem, ...]:
    """Raise BadInput with every parameter that the component does not take; warnings where something was noticed."""
    wanted = project.params.training
    if own := component_file.read(project):
        if wrong := misfit(own, str(project.params_path)):
            raise BadInput(wrong)
        return resolve(own, wanted.parameters, {}, {"num_nodes_finetune": wanted.nodes}).warnings
    theirs = wanted.component_from in (None, project.params.model.registry)
    versions = [component for component in known() if theirs and component.name == wanted.component]
    component = next((one for one in versions if one.version == wanted.component_version), None)
    if component is None:
        what = f"the inputs of {wanted.component} {wanted.component_version} are not known here"
        why = "training.parameters are checked where a workspace is at hand"
        return (Problem(what, why=why, key="training.component_version"),)
    others = [one for one in reversed(versions) if one is not component]
    checked = {"num_nodes_finetune": wanted.nodes}
    return resolve(component, wanted.parameters, {}, checked, others=others).warnings


@cache
def known() -> tuple[Component, ...]:
    """Every component of the file, oldest version first."""
    stated = jsons.read(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return tuple(
        Component(one["name"], one["version"], "", {name: _input(name, said) for name, said in one["inputs"].items()})
        for one in stated["components"]
    )


def _input(name: str, said: dict[str, Any]) -> ComponentInput:
    default = said.get("default")
    return ComponentInput(
        name=name,
        type=said["type"],
        optional=said["optional"],
        default=None if default is None else str(default),
        enum=tuple(said.get("enum", ())),
        minimum=said.get("min"),
        maximum=said.get("max"),
    )
