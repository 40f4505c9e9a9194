"""The names that exist in a fresh emulator: tenant, identity, subscription, workspace.

They are plainly not real, so nobody takes an emulator's answer for Azure's.
"""

TENANT_ID = "00000000-0000-0000-0000-0000000e0001"
CLIENT_ID = "00000000-0000-0000-0000-0000000e0002"
OBJECT_ID = "00000000-0000-0000-0000-0000000e0003"
SUBSCRIPTION_ID = "00000000-0000-0000-0000-0000000e0004"
CLIENT_SECRET = "emulator-accepts-any-secret"  # noqa: S105 - not a secret: the emulator accepts any
RESOURCE_GROUP = "rg-emulator"
WORKSPACE = "mlw-emulator"
STORAGE_ACCOUNT = "stemulator"
CONTAINER = "azureml-blobstore-emulator"
REGISTRY_SUBSCRIPTION_ID = "00000000-0000-0000-0000-0000000e0005"
REGISTRY_RESOURCE_GROUP = "rg-registries"
CONTAINER_REGISTRY = (
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
    "/providers/Microsoft.ContainerRegistry/registries/cremulator"
)
FRESH_SETTING = "subscription.fresh"  # "on" where the subscription begins without that workspace
