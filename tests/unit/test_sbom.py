"""What a runner installs is listed with its hashes and its licence, and each licence is one that is allowed."""

import sys
from pathlib import Path

import pytest

from tools import sbom
from tools.sbom import Component

LOCK = (Path(__file__).parents[2] / "requirements" / "run.txt").read_text(encoding="utf-8")
NOT_FOR_HERE = {"httpx2-jsfetch"}  # for browsers alone


def test_every_package_of_the_lock_is_listed_with_its_hashes() -> None:
    found = {one.name: one for one in sbom.components(LOCK)}
    assert len(list(sbom.components(LOCK))) == sum(line[:1].isalnum() and "==" in line for line in LOCK.splitlines())
    assert len(found) > 80
    assert all(one.hashes for one in found.values())
    assert {"azure-ai-ml", "pydantic", "rich"} <= set(found)
    listed = sbom.document(LOCK)["components"]
    assert isinstance(listed, list)
    assert {"alg": "SHA-256", "content": found["rich"].hashes[0]} in next(
        one for one in listed if one["name"] == "rich"
    )["hashes"]


def test_every_licence_is_allowed() -> None:
    found = list(sbom.components(LOCK))
    assert [one for one in found if sbom.refused(one)] == []
    assert {one.name for one in found if not one.licence} <= NOT_FOR_HERE


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False),
        ("Apache-2.0 OR BSD-3-Clause", False),
        ("MPL-2.0 AND MIT", False),
        ("GPL-3.0-only OR MIT", False),
        ("GPL-3.0-only", True),
        ("MIT AND AGPL-3.0", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("none stated", True),
        ("Proprietary", True),
    ],
)
def test_a_licence_that_nobody_allowed_is_refused(licence: str, refused: bool) -> None:
    assert sbom.refused(Component("x", "1", (), licence)) is refused


def test_what_the_sdks_telemetry_carries_is_never_loaded(sdk_imported: None) -> None:
    """Decision 37: it stands in the lock because the SDK asks for it."""
    carried = ("django", "fastapi", "flask", "psycopg2")
    assert all(f"opentelemetry-instrumentation-{name}" in LOCK for name in carried), "then the decision is out of date"
    assert not [name for name in sys.modules if name.startswith("opentelemetry.instrumentation")]
