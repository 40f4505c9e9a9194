"""`mlops promote` and `mlops rollback`: observe the endpoint, take the next safe step, again until done.

Every step is decided anew from what is there, so a promotion that was interrupted anywhere is finished, or rolled
back, by running it again.
"""

from collections.abc import Callable
from functools import cached_property

from mlops import clock
from mlops.azure import aliases, endpoints, models, scoring
from mlops.domain import stage
from mlops.domain.base_model import check_size
from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed, Unfinished
from mlops.flow import ask, gate, observe
from mlops.flow.context import Context, Outcome
from mlops.params import Environment
from mlops.views import Report, table

STEP_LIMIT = 1000  # a planner that goes in circles would be a bug
WAIT_SECONDS = 3600.0
PAUSE = 5.0
PROBE_PAUSE = 1.0


def run(context: Context, environment: str, *, model: str | None) -> Outcome:
    """Give a registered model all traffic of an environment."""
    context.environment(environment)  # a misspelt name is told before anybody signs in
    return _Rollout(context, environment, _registered(context, model)).run()


def rollback(context: Context, environment: str) -> Outcome:
    """Give all traffic back to the newest healthy deployment that is not live."""
    rollout = _Rollout(context, environment, None)
    return rollout.run()


_WORDS: dict[type[stage.Step], str] = {
    stage.CreateEndpoint: "make the endpoint",
    stage.CreateDeployment: "deploy",
    stage.Wait: "wait",
    stage.Smoke: "smoke test",
    stage.Judge: "judge",
    stage.SetTraffic: "traffic",
    stage.DeleteDeployment: "delete",
}


class _Rollout:
    """One run of the reconcile loop; `model` None means to roll back."""

    def __init__(self, context: Context, environment: str, model: models.Registered | None) -> None:
        self._context = context
        self._environment = environment
        self._settings: Environment = context.environment(environment)
        self._endpoint = context.endpoint_name(environment)
        self._model = model
        self._progress = stage.Progress()
        self._done: list[tuple[str, str]] = []
        self._deadline = clock.monotonic() + WAIT_SECONDS

    def run(self) -> Outcome:
        """Step by step until the planner says that it is over."""
        if self._model:
            self._preflight(self._model)
        for _ in range(STEP_LIMIT):
            facts = endpoints.observe(self._context.workspace, self._endpoint, self._context.owner)
            step = self._next(facts)
            match step:
                case stage.Done(why=why):
                    return self._outcome(facts, why, None)
                case stage.RolledBack(why=why):
                    fix = "look at the log above; production kept its old model"
                    return self._outcome(
                        facts, why, RemoteFailed(Problem(f"{self._environment} was rolled back", why=why, fix=fix))
                    )
                case stage.Refuse(problems=problems):
                    raise BadInput(problems)
                case _:
                    self._apply(step)
        raise RemoteFailed(f"{self._endpoint} did not come to rest within {STEP_LIMIT} steps")

    def _next(self, facts: stage.EndpointFacts) -> stage.Step:
        now = self._context.workspace.now()
        if self._model is None:
            return stage.rollback_step(facts, now)
        settings = self._settings
        wanted = stage.Wanted(
            endpoint=self._endpoint,
            deployment=stage.deployment_name(self._model.name, self._model.version),
            model=self._model.label,
            instance_type=settings.instance_type,
            instance_count=settings.instance_count,
            traffic_steps=settings.traffic_steps,
            now=now,
        )
        return stage.next_step(facts, wanted, self._progress)

    def _apply(self, step: stage.Step) -> None:
        workspace, name = self._context.workspace, self._endpoint
        self._say(step)
        match step:
            case stage.CreateEndpoint():
                tags = {endpoints.OWNER_TAG: self._context.owner, endpoints.ENVIRONMENT_TAG: self._environment}
                endpoints.create(workspace, name, auth_mode=self._settings.auth_mode, tags=tags)
            case stage.CreateDeployment():
                self._attempt(step, lambda: self._deploy(step.name))
            case stage.Wait():
                self._wait(step)
            case stage.Smoke():
                self._attempt(step, lambda: self._probe(step.deployment))
            case stage.Judge():
                self._attempt(step, self._soak)
            case stage.SetTraffic():
                endpoints.set_traffic(workspace, name, step.percentages, step.tags)
            case stage.DeleteDeployment():
                if step.failed:
                    self._show_log(step.name)
                endpoints.delete_deployment(workspace, name, step.name)

    def _wait(self, step: stage.Wait) -> None:
        """Somebody's change is under way: look again, but hold a runner no longer than the bound."""
        if clock.monotonic() > self._deadline:
            again = f"mlops promote {self._environment}"
            raise Unfinished(
                Problem(f"{step.what} is still being changed", why=step.why, fix=f"{again}, when it has come to rest")
            )
        clock.sleep(PAUSE)

    def _say(self, step: stage.Step) -> None:
        line = f"{_WORDS.get(type(step), type(step).__name__)}: {step.why}"
        if isinstance(step, stage.SetTraffic):
            line += f" ({', '.join(f'{who} {percent} %' for who, percent in step.percentages.items())})"
        self._context.say(f"{self._environment}: {line}")
        self._done.append((str(len(self._done) + 1), line))

    def _deploy(self, name: str) -> None:
        assert self._model is not None, "only a promotion makes a deployment"
        serving = self._context.params.serving
        spec = endpoints.DeploymentSpec(
            name=name,
            model_id=self._model.id,
            instance_type=self._settings.instance_type,
            instance_count=self._settings.instance_count,
            request_timeout_ms=serving.request_timeout_ms,
            max_concurrent_requests_per_instance=serving.max_concurrent_requests_per_instance,
            liveness_initial_delay_seconds=serving.liveness_initial_delay_seconds,
            readiness_initial_delay_seconds=serving.readiness_initial_delay_seconds,
            tags={endpoints.OWNER_TAG: self._context.owner, "mlops-model": self._model.label},
        )
        endpoints.deploy(self._context.workspace, self._endpoint, spec)

    def _attempt(self, step: stage.Step, work: Callable[[], None]) -> None:
        """Do something that may show the model to be bad: that is for the planner to answer, not a crash."""
        try:
            work()
        except RemoteFailed as error:
            self._progress = self._progress.after(step).failed(str(error))
        else:
            self._progress = self._progress.after(step)

    def _show_log(self, deployment: str) -> None:
        """The container's last words, before the deployment is deleted."""
        if log := endpoints.logs(self._context.workspace, self._endpoint, deployment):
            self._context.say(f"last lines of {deployment}:\n{log}")

    @cached_property
    def _questions(self) -> list[tuple[list[dict[str, str]], str]]:
        assert self._model is not None, "only a promotion asks"
        return ask.held_out(self._context, self._model.label, self._context.params.serving.smoke_conversations)

    @cached_property
    def _asker(self) -> scoring.Asker:
        return scoring.Asker(self._context.workspace, self._endpoint)

    def _probe(self, deployment: str | None) -> None:
        """Every held-out question must be answered; straight at the deployment, or through the ordinary traffic."""
        for messages, _truth in self._questions:
            answer = ask.ask(self._context, self._asker, messages, deployment)
            if answer.text is None:
                raise RemoteFailed(
                    f"{deployment or self._endpoint} did not answer a held-out question: {answer.failure}"
                )

    def _soak(self) -> None:
        """Probe through the ordinary traffic for as long as a step lasts; at least once."""
        deadline = clock.monotonic() + self._settings.soak_seconds
        while True:
            self._probe(None)
            if clock.monotonic() + PROBE_PAUSE > deadline:
                return
            clock.sleep(PROBE_PAUSE)

    def _preflight(self, model: models.Registered) -> None:
        """What Azure or the rules would refuse later, all at once and before anything is made."""
        where = str(self._context.params_path)
        problems = []
        if model.tags.get(gate.VERDICT_TAG) != "pass":
            problems.append(
                Problem(
                    f"{model.label} has no verdict that lets it pass",
                    "the workspace",
                    fix="register models with `mlops register`",
                )
            )
        base = observe.base_model(self._context)
        found = check_size(
            self._settings.instance_type,
            base.inference_sizes(),
            "inference",
            f"{where}, environments.{self._environment}",
        )
        if found:
            problems.append(found)
        if problems:
            raise BadInput(problems)

    def _outcome(self, facts: stage.EndpointFacts, why: str, failure: MlopsError | None) -> Outcome:
        live = next((d.name for d in facts.deployments if facts.traffic.get(d.name) == 100), "")
        rows = [
            (
                d.name,
                d.model,
                d.state.value,
                f"{facts.traffic.get(d.name, 0)} %",
                f"{d.instance_count} x {d.instance_type}",
            )
            for d in facts.deployments
        ]
        tables = [table("Deployments", ("deployment", "model", "state", "traffic", "instances"), rows)]
        if self._done:
            tables.insert(0, table("Steps", ("step", "what"), self._done))
        report = Report(
            f"{self._environment}: {why}",
            (f"endpoint {self._endpoint}",),
            tuple(tables),
            next_step=f"mlops ask {self._environment}",
        )
        traffic = ", ".join(f"{name} {percent} %" for name, percent in sorted(facts.live.items()))
        self._crown(next((d.model for d in facts.deployments if d.name == live), ""))
        return Outcome(report, {"endpoint": self._endpoint, "deployment": live, "traffic": traffic}, failure)

    def _crown(self, label: str) -> None:
        """Whoever has all traffic is the champion of the environment, and is tagged so."""
        name, _, version = label.partition(":")
        if name == self._context.params.model.name and version:
            aliases.promoted(self._context.workspace, name, version, self._environment)


def _registered(context: Context, label: str | None) -> models.Registered:
    """The model that was named, else the one that was registered for the current parameters and data."""
    if label is None:
        mark, _ = observe.newest_attempt(context)
        found = observe.registered(context, mark)
        if found is None:
            raise BadInput(
                Problem(f"no model is registered for fingerprint {mark}", "the workspace", fix="mlops register")
            )
        return found
    name, _, version = label.partition(":")
    if not version:
        raise BadInput(Problem(f"{label!r} names no version", "--model", fix="write NAME:VERSION"))
    found = models.find(context.workspace, name, version)
    if found is None:
        known = ", ".join(model.label for model in models.versions(context.workspace, name)[:5]) or "none"
        raise BadInput(Problem(f"there is no model {label}", "the workspace", fix=f"registered are: {known}"))
    return found
