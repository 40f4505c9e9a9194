"""What every verb is given: the parameters, the workspace when it is first needed, and a way to say what happens.

It must not do the work of a verb.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlops.domain.training.run import Trigger
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project

if TYPE_CHECKING:
    from mlops.azure.workspace import Workspace
    from mlops.domain.environments.workspace_name import WorkspaceName
    from mlops.domain.evaluation.spec import ChampionPlace
    from mlops.params import Environment, Params
    from mlops.render import Board


@dataclass
class Context:
    """One command's world. `connect` makes the workspace; commands that need none never call it."""

    params: "Params"
    params_path: Path
    connect: "Callable[[], Workspace]"
    say: Callable[[str], None]
    commit: str = ""
    run_url: str = ""
    repository: str = ""
    actor: str = ""
    pushed_branch: str = ""  # whose push started this; empty where something else did
    draw: "Callable[[], AbstractContextManager[Board]] | None" = None
    cache: Path | None = None  # a folder for what can be made again

    def board(self) -> "AbstractContextManager[Board]":
        """A place for what changes while it is watched; where none was given, lines by `say`."""
        from mlops.render import Lines

        return self.draw() if self.draw else nullcontext(Lines(self.say))

    @cached_property
    def workspace(self) -> "Workspace":
        """The workspace; signing in happens on the first request."""
        return self.connect()

    def workspace_of(self, environment: str) -> "Workspace":
        """The workspace that holds an environment's endpoint: this one, unless the parameters name another."""
        return self.workspace.at(self.place(environment))

    def place(self, environment: str) -> "WorkspaceName":
        """Where that is, by name."""
        from mlops.domain.environments.workspace_name import WorkspaceName

        named = self.environment(environment)
        return WorkspaceName(named.workspace, named.resource_group, named.subscription)

    def at(self, environment: str | None) -> "Workspace":
        """The workspace of an environment, of the training for None."""
        return self.workspace if environment is None else self.workspace.at(self.place(environment))

    @property
    def project(self) -> Project:
        """What stands on this machine, for what needs no cloud."""
        return Project(self.params, self.params_path, self.cache)

    @property
    def root(self) -> Path:
        """The folder of params.yaml, from which its paths are read."""
        return self.project.root

    @property
    def owner(self) -> str:
        """What our endpoints carry as a tag: the model's name, the same on a runner and on a laptop."""
        return self.params.model.name

    @property
    def trigger(self) -> Trigger:
        """Who asks, for the tags of what is made."""
        return Trigger(self.commit, self.run_url, self.repository, self.actor)

    @cached_property
    def holder(self) -> str:
        """What stands on a lease of this process: the workflow run, or who sits here."""
        import secrets

        return self.run_url or f"{self.actor or 'local'}-{secrets.token_hex(4)}"

    def environment(self, name: str) -> "Environment":
        """The environment of that name. Raises BadInput."""
        if name not in self.params.environments:
            known = ", ".join(self.params.environments)
            what, fix = f"there is no environment {name!r}", f"use one of: {known}"
            raise BadInput(Problem(what, str(self.params_path), fix=fix, key="environments"))
        return self.params.environments[name]

    def champion_place(self, environment: str) -> "ChampionPlace":
        """Where the model that serves an environment is looked for. Raises BadInput as `endpoint_name`."""
        from mlops.domain.evaluation.spec import ChampionPlace

        return ChampionPlace(self.owner, environment, self.endpoint_name(environment), self.place(environment))

    def stated_endpoint(self, environment: str) -> str:
        """That name whether Azure takes it or not."""
        from mlops.domain.environments.endpoint_name import endpoint_name

        pattern, place = self.environment(environment).endpoint, self.workspace_of(environment)
        return endpoint_name(pattern, project=self.owner, environment=environment, workspace_hash=place.hash)

    def endpoint_name(self, environment: str) -> str:
        """The endpoint of an environment, made unique in its region. Raises BadInput when Azure would refuse it."""
        from mlops.domain.promote.preflight import check_name

        name = self.stated_endpoint(environment)
        key = f"environments.{environment}.endpoint"
        if found := check_name(name, key, str(self.params_path), key):
            raise BadInput(found.problem)
        return name
