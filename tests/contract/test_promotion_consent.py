"""What is promoted only when a person says so: to another's endpoint, or a model that is held, frozen or older."""

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import endpoints, models
from mlops.domain.tags import COMMIT_TAG
from mlops.errors import BadInput, Unfinished
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import check_project, own_endpoints
from mlops.flow.promote import ask, freeze, promote, thaw
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome, PromoteResult
from mlops.views import promote as promote_view
from mlops.views import rollback as rollback_view
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_stage import Stage, made_stage

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, ENDPOINT = "consented", "consented-journey"


@pytest.fixture(scope="module")
def stage(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with made_stage(ml_client, emulator_address, tmp_path_factory.mktemp(MODEL), MODEL, ENDPOINT) as made:
        yield made


def test_no_verb_touches_the_endpoint_of_another_environment_or_project(stage: Stage) -> None:
    stage.home()
    own = {"mlops-environment": "production", "mlops-owner": MODEL}
    try:
        for tags, said in (
            ({"mlops-environment": "elsewhere"}, "is the one of elsewhere, not of production"),
            ({"mlops-owner": "somebody"}, "is not ours"),
        ):
            endpoints.patch_tags(own_workspace(), ENDPOINT, {**own, **tags})
            before = stage.facts()
            verbs: tuple[Callable[[], object], ...] = (
                lambda: stage.promote(2),
                stage.rollback,
                lambda: ask.run(stage.context(), "production", index=0),
                lambda: own_endpoints(stage.context()),
            )
            for verb in verbs:
                with pytest.raises(BadInput, match=said) as refused:
                    verb()
                assert refused.value.problems[0].key == "environments.production.endpoint"
            assert stage.facts() == before
    finally:
        endpoints.patch_tags(own_workspace(), ENDPOINT, own)


def test_a_second_repository_is_refused_until_it_takes_over(stage: Stage) -> None:
    stage.home()
    stage.repository = "team/chat"
    try:
        stage.promote(2)
        assert stage.facts().tags["mlops-repository"] == "team/chat"
        stage.repository = "copy/chat"
        with pytest.raises(BadInput, match="is deployed to by team/chat, not by copy/chat"):
            stage.promote(3)
        context = stage.context()
        with pytest.raises(BadInput, match="is deployed to by team/chat, not by copy/chat"):
            check_project(own_workspace(), own_endpoints(context), MODEL, "copy/chat", "params.yaml")
        stage.repository = ""
        stage.promote(2, consent=Consent(take_over=True))  # from a laptop, with nothing to promote
        assert "mlops-repository" not in stage.facts().tags
        stage.repository = "team/chat"
        stage.promote(2, consent=Consent(take_over=True))
        assert stage.facts().tags["mlops-repository"] == "team/chat"
        stage.repository = "copy/chat"
        stage.promote(3, consent=Consent(take_over=True))
        assert stage.facts().tags["mlops-repository"] == "copy/chat"
    finally:
        stage.repository = ""
        endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-repository": None})


def test_a_project_that_is_somebody_elses_is_known_before_anything_is_paid_for(stage: Stage) -> None:
    stage.home()
    workspace, name = own_workspace(), f"theirs-{uuid.uuid4().hex[:8]}"
    source = str(stage.ml_client.models.get(MODEL, version="1").path)
    served = own_endpoints(stage.context())
    check_project(workspace, {}, name, "team/chat", "params.yaml")  # nobody has that name
    models.register(workspace, name, "1", source, description="", tags={"mlops-owner": "somebody"})
    with pytest.raises(BadInput, match=f"the model {name} of the workspace was not made by this project") as taken:
        check_project(workspace, {}, name, "team/chat", "params.yaml")
    assert (taken.value.problems[0].key, taken.value.problems[0].why) == ("model.name", "its versions are of somebody")
    with pytest.raises(BadInput, match=f"{name}:1 is of the project somebody, not of {MODEL}"):
        promote.run(stage.context(), "production", model=f"{name}:1")
    models.set_tags(workspace, name, "1", {"mlops-owner": name})
    check_project(workspace, served, name, "", "params.yaml")


def test_a_rollback_is_remembered_until_a_person_releases_the_model(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    back = stage.rollback("it answers worse").result
    assert [(one.model, one.by, one.why) for one in back.held] == [(f"{MODEL}:2", "ada", "it answers worse")]
    assert "consented:2 is held in production since" in rollback_view.report(back).to_markdown()
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert version.tags["mlops-held-in-production"].endswith(" by ada: it answers worse")
    endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-held-2": None})  # the version alone knows it, too
    with pytest.raises(BadInput, match=r"consented:2 is held in production since .* UTC, by ada, because: it answers"):
        stage.promote(2)
    for careless in (Consent(release_hold=True), Consent(" ", release_hold=True)):
        with pytest.raises(BadInput, match="by its name, with a reason"):
            stage.promote(2, consent=careless)
    stage.promote(3)  # a newer one is not held
    stage.promote(2, consent=Consent("a false alarm", allow_older=True, release_hold=True))
    assert stage.facts().live == {"model-2": 100}
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert "mlops-held-in-production" not in version.tags
    assert stage.facts().tags["mlops-promoted"].endswith(" by ada: a false alarm")


def test_a_frozen_environment_takes_nothing_but_a_rollback(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    refused: list[BaseException] = []

    def on_say(line: str) -> None:
        if "canary:" in line and not refused:
            with pytest.raises(Unfinished, match="is changing consented-journey") as under_way:
                freeze.run(stage.context(run=3), "production", reason="the fair")
            refused.append(under_way.value)

    stage.on_say = on_say
    try:
        stage.promote(3)
    finally:
        stage.on_say = lambda _: None
    assert "mlops rollback production" in str(refused[0])
    with pytest.raises(BadInput, match="needs a reason"):
        freeze.run(stage.context(), "production", reason=" ")
    assert freeze.run(stage.context(), "production", reason="the fair").result.changed
    again = freeze.run(stage.context(), "production", reason="another").result
    assert (again.changed, again.by, again.why) == (False, "ada", "the fair")
    before = stage.facts()
    done = stage.promote(2, consent=Consent(allow_older=True, accept_drift=True, take_over=True))
    assert (done.failure, done.result.outcome) == (None, PromoteOutcome.FROZEN)
    assert "production is frozen since" in promote_view.report(done.result).title
    assert stage.facts() == before
    stage.rollback("in the middle of the fair")
    assert stage.facts().live == {"model-2": 100}
    assert thaw.run(stage.context(), "production").result.changed
    assert not thaw.run(stage.context(), "production").result.changed
    stage.promote(3, consent=Consent("after the fair", release_hold=True))
    assert stage.facts().live == {"model-3": 100}


def test_a_run_that_was_late_is_refused_by_its_commit_and_a_return_by_commit_goes_through(stage: Stage) -> None:
    """Version 2 has the higher number, and was made by the older commit."""
    stage.home()
    old, new, back = (_commit(stage.folder, message) for message in ("old", "new", "back"))
    for version, commit in (("1", new), ("2", old)):
        models.set_tags(own_workspace(), MODEL, version, {COMMIT_TAG: commit})
    try:
        with pytest.raises(BadInput) as refused:
            _outcome(stage.promote(2))
        assert "consented:2 is older than consented:1" in str(refused.value)
        assert "the commit that asks for it is before" in str(refused.value)
        assert stage.facts().live == {"model-1": 100}
        assert stage.promote(2, commit=back).failure is None
        assert stage.facts().live == {"model-2": 100}
    finally:
        for version in ("1", "2"):
            models.set_tags(own_workspace(), MODEL, version, {COMMIT_TAG: None})


def _outcome(found: Outcome[PromoteResult]) -> None:
    if found.failure:
        raise found.failure


def _commit(folder: Path, message: str) -> str:
    """An empty commit of the folder, in which a repository is made at first."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", f"--message={message}"], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout.strip()
