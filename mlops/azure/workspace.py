"""One connection to a workspace: the SDK's clients, made when first used, and the service's own time.

It must not know any kind of resource; each has a module of its own beside this one.
"""

import hashlib
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlops.azure import quiet
from mlops.azure.failures import Transient, not_azure, translated
from mlops.azure.target import Target
from mlops.clouds import Cloud
from mlops.domain.environments.workspace_name import WorkspaceName

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse

    from mlops.azure.rate_limit import Budget
    from mlops.azure.service_time import ServiceTime
    from mlops.azure.step_cache import StepCache

WORKSPACE_API = "2024-10-01"
HASH_LENGTH = 6
POLL_SECONDS = 5.0  # between two looks at an operation, where the service does not say; the SDK's number
T = TypeVar("T")


class Workspace:
    """A workspace of Azure Machine Learning."""

    def __init__(
        self,
        target: Target,
        credential: "TokenCredential",
        cache: Path | None = None,
        step_cache: "StepCache | None" = None,
    ) -> None:
        self.target = target
        self.cache = cache  # a folder for what can be read again
        self._step_cache = step_cache
        self._credential = credential
        self._others: dict[Target, Workspace] = {}
        self._registries: dict[str, MLClient] = {}  # making one asks the service
        self._remembered: dict[Hashable, Any] = {}
        self._reading: dict[Hashable, AbstractContextManager[object]] = {}

    @cached_property
    def ml(self) -> "MLClient":
        """The SDK's client for the workspace."""
        from azure.ai.ml import MLClient

        from mlops.azure import connections

        quiet.sdk()
        names = self.target
        return MLClient(
            self._credential,
            names.subscription_id,
            names.resource_group,
            names.workspace,
            show_progress=False,
            cloud=self.cloud.name,
            transport=connections.of(self._credential),
        )

    def registry(self, name: str) -> "MLClient":
        """The SDK's client for a registry."""
        from azure.ai.ml import MLClient

        from mlops.azure import connections

        if name not in self._registries:
            quiet.sdk()
            with translated(f"find the registry {name}"):
                transport = connections.of(self._credential)
                found = MLClient(self._credential, registry_name=name, cloud=self.cloud.name, transport=transport)
                self._registries[name] = found
        return self._registries[name]

    @property
    def id(self) -> str:
        """The ARM id."""
        names = self.target
        return (
            f"/subscriptions/{names.subscription_id}/resourceGroups/{names.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{names.workspace}"
        )

    @property
    def cloud(self) -> Cloud:
        """The cloud that it is in."""
        return self.target.cloud

    @property
    def url(self) -> str:
        """Its address in Azure Resource Manager."""
        return f"{self.cloud.arm}{self.id}"

    @property
    def hash(self) -> str:
        """Six hexadecimal digits that make a name unique in a region."""
        return hashlib.sha256(self.id.lower().encode()).hexdigest()[:HASH_LENGTH]

    @property
    def description(self) -> dict[str, Any]:
        """The workspace as ARM shows it."""
        return self.handed_on(("description",), self._describe)

    def _describe(self) -> dict[str, Any]:
        url, what = f"{self.url}?api-version={WORKSPACE_API}", f"read the workspace {self.target.workspace}"
        found = dict(self.send("GET", url, what).json())
        if not found.get("location") or not found.get("properties"):
            raise Transient(not_azure(what, "it shows neither a region nor properties"))
        return found

    @property
    def location(self) -> str:
        """The region."""
        return str(self.description["location"])

    @property
    def subscription_id(self) -> str:
        """The subscription."""
        return self.target.subscription_id

    @property
    def credential(self) -> "TokenCredential":
        """For clients that the other modules make."""
        return self._credential

    def beside(self, name: str) -> "Workspace":
        """Another workspace of the subscription: `name` in the same resource group, or `group/name`."""
        group, _, workspace = name.rpartition("/")
        return self.at(WorkspaceName(workspace, group or None))

    def at(self, place: WorkspaceName) -> "Workspace":
        """The workspace of that place, as the same identity; what it does not name is as here. The same each time."""
        here = self.target
        target = replace(
            here,
            subscription_id=place.subscription or here.subscription_id,
            resource_group=place.resource_group or here.resource_group,
            workspace=place.workspace or here.workspace,
        )
        if target == here:
            return self
        if target not in self._others:
            found = Workspace(target, self._credential, self.cache, self._step_cache)
            found._others = self._others
            if target.subscription_id == here.subscription_id:
                found.budget = self.budget  # what Azure allows is counted for the subscription
            self._others[target] = found
        return self._others[target]

    def now(self) -> datetime:
        """The service's time: ages are judged by it and not by this machine's clock.

        It is the Date header of the last answer, with what this machine has counted since then.
        """
        if not self._time.known:
            _ = self.description  # an answer like any other
        if not self._time.known:  # an earlier step of the job had it
            self._describe()
        return self._time.now()

    def remembered(self, key: Hashable, read: Callable[[], T]) -> T:
        """What cannot change while this process runs, read once: a pinned version, an address, where data lies.

        Of threads that want the same, one reads.
        """
        with self.alone(key):
            if self._remembered.get(key) is None:
                self._remembered[key] = read()
        found: T = self._remembered[key]
        return found

    def handed_on(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        """The same of what cannot change while a workflow job runs, which an earlier step of it may have read."""

        def once() -> T:
            known: T | None = self.handed(key)
            if known is None:
                known = read()
                self.hand_on(key, known)
            return known

        return self.remembered(key, once)

    def handed(self, key: tuple[str, ...]) -> Any:
        """What an earlier step of the workflow job handed on, or None."""
        return self._step_cache.recall(self._whose, key) if self._step_cache else None

    @property
    def _whose(self) -> str:
        return f"{self.cloud.arm}{self.id}"

    def hand_on(self, key: tuple[str, ...], fact: Any) -> None:
        """Hand something on to the next steps of the workflow job; elsewhere nothing happens."""
        if self._step_cache:
            self._step_cache.keep(self._whose, key, fact)

    def alone(self, key: Hashable) -> AbstractContextManager[object]:
        """To be held while something is read that another thread may want at the same moment."""
        return self._reading.setdefault(key, threading.RLock())

    def known(self, key: Hashable) -> Any:
        """What is remembered by that key, or None."""
        return self._remembered.get(key)

    def remember(self, key: Hashable, value: object) -> None:
        """Remember something, or with None forget it."""
        self._remembered[key] = value

    @cached_property
    def _time(self) -> "ServiceTime":
        from mlops.azure.service_time import ServiceTime

        return ServiceTime()

    @cached_property
    def budget(self) -> "Budget":
        """How fast this process reads from ARM, all threads together."""
        from mlops.azure.rate_limit import Budget

        return Budget()

    @cached_property
    def rest(self) -> "PipelineClient[Any, Any]":
        """A plain client that signs requests for ARM; for what azure-ai-ml has no method for."""
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RequestIdPolicy

        from mlops.azure import connections
        from mlops.azure.answers import JsonOnly
        from mlops.azure.rate_limit import BudgetPolicy, Patient

        quiet.sign_in()
        arm = self.cloud.arm
        sign = BearerTokenCredentialPolicy(self._credential, f"{arm}/.default")
        policies = [RequestIdPolicy(), Patient(), JsonOnly(), BudgetPolicy(self.budget), sign, self._time]
        return PipelineClient(arm, policies=policies, transport=connections.of(self._credential))

    def send(self, method: str, url: str, what: str, *, json: Any = None) -> "HttpResponse":
        """One signed request. Raises our failures."""
        from azure.core.rest import HttpRequest

        with translated(what):
            response = self.rest.send_request(HttpRequest(method, url, json=json))
            response.raise_for_status()
        return response

    def change(self, method: str, url: str, what: str, *, json: Any = None) -> None:
        """One signed request that starts a long operation, and wait for its end as the SDK does.

        The SDK then reads the resource once more for its result, which nobody wants here: who acts looks for itself.
        """
        self._operate(method, url, what, json, lambda _: None)

    def worked_out(self, method: str, url: str, what: str, *, json: Any = None) -> dict[str, Any]:
        """The same for a long operation that changes nothing and ends in an answer: that answer."""
        return dict(self._operate(method, url, what, json, lambda ended: ended.http_response.json()))

    def _operate(self, method: str, url: str, what: str, json: Any, read: Callable[[Any], Any]) -> Any:
        from azure.core.polling import LROPoller
        from azure.core.rest import HttpRequest

        from mlops.azure.operations import until_ended

        with translated(what):
            started = self.rest.send_request(HttpRequest(method, url, json=json), _return_pipeline_response=True)
            started.http_response.raise_for_status()
            try:
                return LROPoller(self.rest, started, read, until_ended(POLL_SECONDS)).result()
            except (AttributeError, KeyError, TypeError) as error:  # how azure-core takes a list for an operation
                raise Transient(not_azure(what, f"its operation has no state: {error}")) from error

    def look(self, url: str, what: str) -> dict[str, Any] | None:
        """One signed GET of something that may not exist: its JSON, or None. Raises our failures."""
        from azure.core.rest import HttpRequest

        with translated(what):
            response = self.rest.send_request(HttpRequest("GET", url))
            if response.status_code == 404:
                return None
            response.raise_for_status()
        return dict(response.json())
