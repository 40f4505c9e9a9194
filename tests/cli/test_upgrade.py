"""`mlops upgrade` moves pins, tells what changed, and renames keys; everything else stays byte for byte."""

import json
import subprocess
from pathlib import Path

import pytest

from mlops import product
from mlops.domain.repository import changelog
from mlops.params.renames import RENAMED, rewritten
from tests.cli.conftest import Run, files

OLD, NEW = "0" * 39 + "1", "f" * 40
PARAMS = """\
# ours
environments:   # in order
  production:
    "soak_seconds": 60   # a minute
    traffic_steps: [10, 100]
  soak_seconds: {endpoint: x, soak_seconds: 5}
rehearsal:
  environments.production.soak_seconds: 2  # short
other: {soak_seconds: 1}
"""


@pytest.fixture
def team(mlops: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A team's repository, made by an older mlops; the shell stands in it."""
    made = tmp_path / "team"
    environment.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    assert mlops("init", made, "--yes", "--workflows", f"acme/mlops@{OLD}").code == 0
    params = made / "params.yaml"
    params.write_text(params.read_text().replace("bake_seconds", "soak_seconds"))
    environment.chdir(made)
    return made


def test_pins_and_keys_move_and_the_rest_stays(mlops: Run, team: Path) -> None:
    before = files(team)
    told = mlops("--json", "upgrade", "--to", f"acme/mlops@{NEW}")
    assert told.code == 0, told.err
    result = json.loads(told.out)["result"]
    assert (result["before"], result["after"]) == ([f"acme/mlops@{OLD}"], f"acme/mlops@{NEW}")
    after = files(team)
    expected = {
        name: text.replace(OLD.encode(), NEW.encode()) if name.startswith(".github/workflows/") else text
        for name, text in before.items()
    }
    expected["params.yaml"] = before["params.yaml"].replace(b"soak_seconds", b"bake_seconds")
    assert after == expected
    renamed = {one["path"]: one["renamed"] for one in result["files"]}["params.yaml"]
    assert len(renamed) == 2
    assert mlops("check").code == 0


def test_a_dry_run_and_a_second_run_change_nothing(mlops: Run, team: Path) -> None:
    before = files(team)
    assert mlops("upgrade", "--to", f"acme/mlops@{NEW}", "--dry-run").code == 0
    assert files(team) == before
    mlops("upgrade", "--to", f"acme/mlops@{NEW}")
    again = mlops("upgrade", "--to", f"acme/mlops@{NEW}")
    assert "Nothing to upgrade" in again.out


def test_a_repository_that_calls_nothing_of_ours_is_refused(
    mlops: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.chdir(tmp_path)
    told = mlops("upgrade", "--to", f"acme/mlops@{NEW}")
    assert told.code == 2
    assert "a fork is upgraded by a merge" in told.err
    assert mlops("upgrade", "--to", "acme/mlops@main").code == 2


def test_only_the_words_of_an_old_key_change() -> None:
    text, told = rewritten(PARAMS)
    assert text == (
        PARAMS.replace('"soak_seconds": 60', '"bake_seconds": 60')
        .replace("x, soak_seconds: 5", "x, bake_seconds: 5")
        .replace("production.soak_seconds", "production.bake_seconds")
    )
    assert [line.partition(":")[0] for line in told] == ["line 4", "line 6", "line 8"]
    assert rewritten(text) == (text, ())


def test_every_new_name_is_a_key_that_is_known() -> None:
    schema = (product.ROOT / "docs" / "params.schema.json").read_text()
    for old, new in RENAMED.items():
        assert f'"{new}"' in schema
        assert f'"{old.rpartition(".")[2]}"' not in schema


def test_what_is_told_is_what_the_older_changelog_lacks() -> None:
    old = "# Changelog\n\n## Unreleased\n### Added\n- One\n  thing.\n"
    new = "# Changelog\n\n## Unreleased\n- Three.\n\n## 0.1.0\n### Added\n- Two.\n- One\n  thing.\n"
    assert changelog.between(old, new) == ["Three.", "Two."]
    assert changelog.since("0.1.0", new) == ["Three."]
    assert changelog.since("0.0.9", new) == ["Three.", "Two.", "One thing."]


def test_a_commit_of_this_checkout_tells_what_came_after_it(mlops: Run, team: Path) -> None:
    git = ["git", "-C", str(product.ROOT)]
    done = subprocess.run(
        [*git, "log", "-n", "2", "--format=%H", "--", "CHANGELOG.md"], capture_output=True, text=True, check=False
    )
    commits = done.stdout.split()
    if len(commits) < 2:
        pytest.skip("this clone has no history")
    for path in (team / ".github" / "workflows").glob("*.yml"):
        path.write_text(path.read_text().replace(OLD, commits[1]))
    found = json.loads(mlops("--json", "upgrade", "--to", f"acme/mlops@{NEW}", "--dry-run").out)["result"]
    assert found["compared"]
    assert len(found["changes"]) < len(changelog.entries(product.changelog()))
