"""Who does everything in the emulator, as the services of a workspace's region show whoever called them."""

from typing import Any

from azureml_emulator.core import clouds, defaults


def shown() -> dict[str, Any]:
    """The one identity that everything is done with."""
    return {
        "userObjectId": defaults.OBJECT_ID,
        "userPuId": "0" * 16,
        "userIdp": None,
        "userAltSecId": None,
        "userIss": clouds.here(f"https://sts.windows.net/{defaults.TENANT_ID}/"),
        "userTenantId": defaults.TENANT_ID,
        "userName": "emulator",
        "upn": None,
    }
