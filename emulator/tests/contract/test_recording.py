"""Recording a program's calls and replaying them; the emulator of the session stands for the real service."""

import subprocess
import sys
from pathlib import Path

from azureml_emulator.core import arm
from azureml_emulator.http.address import Address

PROGRAM = f"""
import json, os, urllib.parse, urllib.request
form = urllib.parse.urlencode({{
    "grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"],
    "client_secret": os.environ["AZURE_CLIENT_SECRET"], "scope": "https://management.azure.com/.default",
}}).encode()
login = f"https://login.microsoftonline.com/{{os.environ['AZURE_TENANT_ID']}}/oauth2/v2.0/token"
token = json.load(urllib.request.urlopen(login, form))["access_token"]
base = "https://{arm.HOST}{arm.default_workspace_id()}"
for method, path, body in (
    ("GET", "", None),
    ("GET", "/datastores/workspaceblobstore", None),  # which each workspace has; other tests leave others
    ("PUT", "/data/recorded/versions/1", {{"properties": {{"dataType": "uri_file", "dataUri": "https://example.org/x"}}}}),
    ("POST", "/listKeys", None),
):
    request = urllib.request.Request(
        f"{{base}}{{path}}?api-version=2024-10-01", method=method, data=json.dumps(body).encode() if body else None,
        headers={{"Authorization": f"Bearer {{token}}", "Content-Type": "application/json"}},
    )
    print(urllib.request.urlopen(request).status)
"""


def mlops(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlops", "emulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_program_is_recorded_and_its_calls_are_answered_alike(emulator_address: Address, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    done = mlops("record", "--out", str(kept), "--", sys.executable, "-c", PROGRAM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 exchanges" in done.stdout
    assert "userStorageKey" in kept.read_text()
    assert "Bearer" not in kept.read_text()
    checked = mlops("verify", str(kept))
    assert (checked.returncode, checked.stdout) == (0, "4 calls: 4 alike, 0 otherwise\n")

    text = kept.read_text().replace('"storageAccount"', '"storagePlace"').replace('"status": 201', '"status": 200')
    kept.write_text(text)
    checked = mlops("verify", str(kept))
    assert checked.returncode == 1
    assert "properties.storagePlace is missing (text)" in checked.stdout
    assert "status 200, emulated 201" in checked.stdout


def test_what_is_no_recording_is_said(tmp_path: Path) -> None:
    done = mlops("verify", str(tmp_path / "none.jsonl"))
    assert done.returncode == 2
    assert "cannot read" in done.stderr
    (tmp_path / "bad.jsonl").write_text("nonsense\n")
    assert "line 1 of" in mlops("verify", str(tmp_path / "bad.jsonl")).stderr
