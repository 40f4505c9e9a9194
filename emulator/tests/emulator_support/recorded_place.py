"""What recorded calls need to be there before: a workspace of their own, a cluster, files of a model and a flow."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azureml_emulator.core import arm, clouds
from azureml_emulator.pytest_plugin import AzureMl
from emulator_support.clients import Call

_GROUP = arm.default_workspace_id().partition("/providers/")[0]
_VERSION = "api-version=2023-08-01-preview"
_CLUSTER = {
    "computeType": "AmlCompute",
    "properties": {"vmSize": "STANDARD_DS2_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}},
}
_PROMPTS = b"""
inputs: {url: {type: string, default: https://example.org}}
nodes:
- {name: fetch, type: python, source: {type: code, path: fetch.py}, inputs: {url: "${inputs.url}"}}
- &llm {name: classify_with_llm, type: llm, source: {type: code, path: a.jinja2}, provider: AzureOpenAI,
    connection: one, api: completion, inputs: {deployment_name: davinci, text: "${fetch.output}"}}
- {name: summarize_text_content, use_variants: true}
node_variants:
  summarize_text_content: {default_variant_id: first, variants: {first: {node: *llm}}}
"""


def ask(api: Call, method: str, url: str, body: Any) -> tuple[int, Any, Mapping[str, str]]:
    """One call: its status, its answer where that is JSON, its headers."""
    answer = api(method, url, body)
    return answer.status, answer.json() if answer.data[:1] in (b"{", b"[") else None, answer.headers


def base(names: Mapping[str, str]) -> str:
    """The URL below which the calls are."""
    return f"https://{arm.HOST}{names['workspace']}"


def names(api: Call) -> dict[str, str]:
    """Makes all of it; what stands for `{name}` in a recorded call."""
    mine = f"f{uuid.uuid4().hex[:8]}"
    found = {
        "name": mine,
        "endpoint": mine,
        "cluster": mine,
        "workspace": f"{_GROUP}/providers/{arm.PROVIDER}/workspaces/{mine}",
        "folder": f"azureml://datastores/workspaceblobstore/paths/{mine}",
        "location": clouds.location(),
        "group": _GROUP,
    }
    here, registry = base(found), f"{_GROUP}/providers/Microsoft.ContainerRegistry/registries/{mine}"
    for place, properties in (("", {"containerRegistry": registry}), (f"/computes/{mine}", _CLUSTER)):
        ask(api, "PUT", f"{here}{place}?{_VERSION}", {"location": clouds.location(), "properties": properties})
    store = ask(api, "GET", f"{here}/datastores/workspaceblobstore?{_VERSION}", None)[1]["properties"]
    key = {"expirableSecret": True}
    sas = ask(api, "POST", f"{here}/datastores/workspaceblobstore/listSecrets?{_VERSION}", key)[1]["sasToken"]
    host = f"https://{store['accountName']}.blob.core.windows.net/{store['containerName']}"
    flow = b"inputs:\n  text: {type: string, default: Hello}\n"
    asking = flow + b"nodes:\n- {name: sum, type: llm, connection: one, inputs: {deployment_name: davinci}}\n"
    flows = {"-flow/flow.dag.yaml": flow, "-asks/flow.dag.yaml": asking, "-prompts/flow.dag.yaml": _PROMPTS}
    files = {"/MLmodel": b"flavors: {}\n", "-code/hello.py": b"print()\n", **flows}
    for file, content in files.items():
        api("PUT", f"{host}/{mine}{file}{sas}", content, token=False, x_ms_blob_type="BlockBlob")
    places = {name: f"{host}/{mine}-{name}/flow.dag.yaml" for name in ("flow", "asks", "prompts")}
    return {**found, "blob": host, "code": f"{host}/{mine}-code", **places}


@contextmanager
def as_recorded(api: Call, azure_ml: AzureMl) -> Iterator[dict[str, str]]:
    """What stands for `{name}` in a recorded call; jobs do not end, and templates' deployments are asked for theirs."""
    azure_ml.delay("jobs", "3600 s")
    azure_ml.setting("arm.deployments")
    found = names(api)
    try:
        yield found
    finally:  # also where a call fails: what comes after it on this emulator waits for its own jobs
        azure_ml.setting("arm.deployments", "answered")
        ask(api, "DELETE", f"{base(found)}?{_VERSION}", None)
        while ask(api, "GET", f"{base(found)}?{_VERSION}", None)[0] != 404:
            time.sleep(0.05)  # it goes with its jobs, so that none of them is worked on
        azure_ml.delay("jobs", "at once")
