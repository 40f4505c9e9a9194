"""Names of deployments: what Azure takes, one for each version."""

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.promote.planner import deployment_name

AZURE_NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
versions = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=40)


@given(st.text(min_size=1, max_size=40), versions)
def test_deployment_names_are_what_azure_takes(model: str, version: str) -> None:
    name = deployment_name(model, version)
    assert 3 <= len(name) <= 32
    assert AZURE_NAME.fullmatch(name)
    assert name == deployment_name(model, version)


@given(versions, versions)
def test_versions_do_not_share_a_deployment_name(one: str, other: str) -> None:
    names = {deployment_name("chat", one).casefold(), deployment_name("chat", other).casefold()}
    assert len(names) == len({one, other})


def test_a_deployment_is_named_after_its_version() -> None:
    assert deployment_name("chat", "3") == "model-3"
