"""Components of a workspace: anonymous ones, their normal form, and what the SDK makes of them."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from azureml_emulator.core import defaults

ARM = "https://management.azure.com"
WORKSPACE = (
    f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
)
VERSION = "api-version=2024-01-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


def test_code_and_components_are_downloaded_by_the_sdk(ml_client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("print('hello')\n")
    step = command(name=f"c{uuid.uuid4().hex[:8]}", code=str(tmp_path / "src"), command="python main.py",
                   environment=Environment(name="plain", image="ubuntu:22.04"))  # fmt: skip
    made = ml_client.components.create_or_update(step.component, version="1")
    ml_client.components.download(made.name, tmp_path / "got", version="1")
    assert [path.read_text() for path in (tmp_path / "got").rglob("main.py")] == ["print('hello')\n"]
