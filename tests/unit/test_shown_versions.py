"""A version that a listing of this process has shown is told without another read."""

import pytest

from mlops.azure import models
from mlops.azure.models import Registered
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace


class Online(Exception):
    """Somebody asked the service."""


def test_a_version_that_was_listed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(Target("azure", "s", "g", "w", ""), object())

    def look(*_: object) -> None:
        raise Online

    monkeypatch.setattr(workspace, "look", look)
    listed = Registered("m", "2", "id", {"a": "b"})
    workspace.remember(("versions", "m"), [listed, Registered("m", "1", "id")])
    assert models.shown(workspace, "m", "2") is listed
    for name, version in (("m", "3"), ("other", "2")):
        with pytest.raises(Online):
            models.shown(workspace, name, version)
