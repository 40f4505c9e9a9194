"""What a release consists of: one version everywhere, its notes, and checksums that hold."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from tools import release


def made(folder: Path, *, ours: str = "0.2.0", emulator: str = "0.2.0", wheel: str = "0.2.0") -> Path:
    for name, version in zip(release.VERSIONED, (ours, emulator), strict=True):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f'__version__ = "{version}"\n')
    (folder / "build" / "dist").mkdir(parents=True)
    for name in ("mlops", "azureml_emulator"):
        (folder / "build" / "dist" / f"{name}-{wheel}-py3-none-any.whl").write_bytes(name.encode())
    (folder / "build" / "sbom.json").write_text("{}")
    changes = "# Changelog\n\n## Unreleased\n- next\n\n## 0.2.0 - 2026-12-01\n### Added\n- a thing\n\n## 0.1.0\n- old\n"
    (folder / "CHANGELOG.md").write_text(changes)
    return folder


def test_a_release_has_wheels_bill_and_checksums_that_hold_and_its_own_notes(tmp_path: Path) -> None:
    files = release.gather(made(tmp_path), "v0.2.0")
    names = ["azureml_emulator-0.2.0-py3-none-any.whl", "mlops-0.2.0-py3-none-any.whl", "sbom.json", "SHA256SUMS"]
    assert [path.name for path in files] == names
    assert (tmp_path / "build" / "release" / "notes.md").read_text() == "### Added\n- a thing\n"
    lines = (line.split("  ") for line in files[-1].read_text().splitlines())
    sums = {name: digest for digest, name in lines}
    assert sums == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files[:-1]}


def test_a_trial_without_a_tag_takes_what_is_not_released_yet(tmp_path: Path) -> None:
    release.gather(made(tmp_path), "")
    assert (tmp_path / "build" / "release" / "notes.md").read_text() == "- next\n"


@pytest.mark.parametrize(
    ("tag", "versions", "said"),
    [
        ("v0.3.0", {}, r"the tag v0\.3\.0 is not v0\.2\.0"),
        ("0.2.0", {}, r"the tag 0\.2\.0 is not v0\.2\.0"),
        ("v0.2.0", {"emulator": "0.1.0"}, "the distributions have other versions"),
        ("v0.2.0", {"wheel": "0.1.0"}, "not one wheel of each distribution at 0.2.0; run `make dist`"),
        ("v0.4.0", {"ours": "0.4.0", "emulator": "0.4.0", "wheel": "0.4.0"}, "nothing under 0.4.0"),
    ],
)
def test_what_does_not_agree_is_no_release(tmp_path: Path, tag: str, versions: dict[str, str], said: str) -> None:
    with pytest.raises(release.Unfit, match=said):
        release.gather(made(tmp_path, **versions), tag)


def test_this_repository_could_be_released_as_it_says() -> None:
    version = release.released(release.ROOT, "")
    assert release.TAG.fullmatch(f"v{version}")
    assert yaml.safe_load((release.ROOT / "CITATION.cff").read_text())["version"] == version


def test_the_development_container_has_a_python_that_is_supported() -> None:
    stated = json.loads((release.ROOT / ".devcontainer" / "devcontainer.json").read_text())
    (minor,) = re.findall(r"/python:3\.(\d+)-", stated["image"])
    assert int(minor) in range(11, 14)
    assert stated["postCreateCommand"] == "make setup"
