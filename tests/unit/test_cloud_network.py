"""What `mlops init cloud` refuses of a private network before anything is made, and what it hands to the template."""

import pytest

from mlops.cli.init.cloud import _check_network
from mlops.clouds import PUBLIC, US_GOVERNMENT
from mlops.domain.repository.cloud import zones
from mlops.errors import BadInput

ZONE = "/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/privateDnsZones/"
MANAGED = {"subnet": "/s", "isolation": "AllowOnlyApprovedOutbound"}
NONE = {"subnet": "", "zones": (), "isolation": "Disabled"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"zones": (f"{ZONE}privatelink.api.azureml.ms",)}, "a DNS zone is for private endpoints"),
        ({"subnet": "/subnets/ours"}, "--subnet needs a managed network"),
        (
            {
                "subnet": "/s",
                "isolation": "AllowInternetOutbound",
                "zones": (f"{ZONE}privatelink.web.core.windows.net",),
            },
            "no endpoint has a DNS zone web",
        ),
    ],
)
def test_what_azure_would_refuse_or_leave_open_is_refused(said: dict[str, object], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        _check_network({**NONE, **said}, US_GOVERNMENT)


def test_the_zones_that_are_named_are_those_of_the_cloud() -> None:
    strange = {"subnet": "/s", "isolation": "AllowInternetOutbound", "zones": (f"{ZONE}privatelink.web.azure.us",)}
    with pytest.raises(BadInput) as refused:
        _check_network(strange, US_GOVERNMENT)
    assert "privatelink.api.ml.azure.us or privatelink.blob.core.usgovcloudapi.net" in refused.value.problems[0].fix


def test_nothing_private_and_all_of_it_pass() -> None:
    _check_network(NONE, PUBLIC)
    _check_network(
        {"subnet": "/s", "isolation": "AllowOnlyApprovedOutbound", "zones": (f"{ZONE}privatelink.azurecr.io",)}, PUBLIC
    )


def test_a_zone_is_given_to_the_endpoint_that_it_names() -> None:
    names = ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net", "privatelink.file.core.usgovcloudapi.net")
    found = zones(tuple(f"{ZONE}{name}" for name in names))
    assert {kind: len(given) for kind, given in found.items()} == {"amlworkspace": 2, "file": 1}
    assert found["file"][0]["properties"] == {"privateDnsZoneId": f"{ZONE}{names[2]}"}
