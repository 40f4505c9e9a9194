"""What the scoring host answered, or a deployment ended with, and who is to blame for it."""

import pytest

from mlops.azure.failures import Denied, Transient
from mlops.azure.scoring import Answer, not_the_models
from mlops.domain.promote.canary import UNUSABLE, is_fault
from mlops.domain.serving.causes import UNREACHED, Blame, explain

ANSWERS: tuple[tuple[int, str | None, Blame | None, type[Exception] | None], ...] = (
    (200, "Hi there", None, None),
    (200, None, Blame.MODEL, None),
    (UNUSABLE, None, Blame.MODEL, None),
    (UNREACHED, None, Blame.NETWORK, Transient),
    (401, None, Blame.RIGHT, Denied),
    (403, None, Blame.RIGHT, Denied),
    (404, None, Blame.SERVICE, Transient),
    (408, None, Blame.MODEL, None),
    (424, None, Blame.MODEL, None),
    (429, None, Blame.MODEL, None),
    (500, None, Blame.MODEL, None),
    (503, None, Blame.MODEL, None),
)


@pytest.mark.parametrize(("status", "text", "cause", "failure"), ANSWERS)
def test_an_answer_is_blamed_on(
    status: int, text: str | None, cause: Blame | None, failure: type[Exception] | None
) -> None:
    answer = Answer(status, 0.1, text, "" if text else "said the host")
    assert answer.cause is cause
    found = not_the_models(answer, "chat")
    assert type(found) is (failure or type(None))
    if found is not None and failure:
        assert found.problems[0].why == "said the host"
        assert not is_fault(status), "and it never counts against a deployment"


@pytest.mark.parametrize(
    ("said", "cause", "rolled_back", "again"),
    [
        ("(ResourceNotReady) User container has crashed", Blame.MODEL, True, False),
        ("ModuleNotFoundError: flash_attn (ResourceNotReady)", Blame.MODEL, True, False),
        ("CUDA out of memory. Tried to allocate 2 GiB (ResourceNotReady)", Blame.OUT_OF_MEMORY, False, False),
        ("Worker (pid:7) was sent SIGKILL! Perhaps out of memory?", Blame.OUT_OF_MEMORY, False, False),
        ("OSError: No space left on device", Blame.DISK, False, False),
        ("(OutOfQuota) Not enough capacity in the region", Blame.QUOTA, False, False),
        ("(ImageBuildFailure) The image build failed", Blame.IMAGE, False, False),
        ("(SecretsInjectionError) could not read", Blame.RIGHT, False, False),
        ("(ResourceNotFound) the model", Blame.RIGHT, False, False),
        ("(WorkspaceManagedNetworkNotReady) provision it", Blame.NETWORK, False, True),
        ("(BadArgument) requestTimeout", Blame.SETTINGS, False, False),
        ("(OperationCanceled) by another one", Blame.SERVICE, False, True),
        ("(InternalServerError) try again", Blame.SERVICE, False, True),
    ],
)
def test_a_deployment_that_failed_is_blamed_on(said: str, cause: Blame, rolled_back: bool, again: bool) -> None:
    known = explain(said)
    assert known
    assert (known.cause, known.cause.blames_model, known.cause.passes) == (cause, rolled_back, again)
