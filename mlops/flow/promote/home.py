"""What a promotion writes in the workspace of the training, where the endpoint is in another and the right may lack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlops.azure.failures import Denied
from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.domain.promote.spec import RolloutSpec


@contextmanager
def as_allowed(spec: RolloutSpec, say: Callable[[str], None], what: str) -> Iterator[None]:
    """Do it; where the identity of an environment elsewhere may not, say that it is left out: traffic has moved."""
    try:
        yield
    except Denied as error:
        if spec.place == WorkspaceName():
            raise
        say(f"{spec.environment}: {what} is left out: {error.problems[0].what}")
