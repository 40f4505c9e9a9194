"""Blob Storage, and Data Lake Storage on top of it."""

from azureml_emulator.http.routing import Route
from azureml_emulator.services.storage import (
    blob,
    blob_batch,
    blob_blocks,
    blob_containers,
    blob_labels,
    data_lake,
    lease_calls,
)

BLOB_HOST = "{account}.blob.core.windows.net"
LAKE_HOST = "{account}.dfs.core.windows.net"
CONTAINER, BLOB = "/{container}", "/{container}/{blob...}"
ROUTES = (
    Route(BLOB_HOST, "GET", "/", blob_containers.list_containers, "comp=list"),
    Route(BLOB_HOST, "POST", "/", blob_containers.user_delegation_key, "comp=userdelegationkey"),
    Route(BLOB_HOST, "POST", "/", blob_batch.batch, "comp=batch"),
    Route(BLOB_HOST, "GET", "/", blob_labels.find, "comp=blobs"),
    Route(BLOB_HOST, "GET HEAD", "/{path...}", blob_containers.account_properties, "restype=account comp=properties"),
    Route(BLOB_HOST, "GET", "/", blob_containers.account_properties, "restype=service comp=properties"),
    Route(BLOB_HOST, "GET", CONTAINER, blob_containers.list_blobs, "restype=container comp=list"),
    Route(BLOB_HOST, "GET", CONTAINER, blob_labels.find, "restype=container comp=blobs"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.access_policy, "restype=container comp=acl"),
    Route(BLOB_HOST, "PUT", CONTAINER, blob_containers.set_metadata, "restype=container comp=metadata"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.properties, "restype=container comp=metadata"),
    Route(BLOB_HOST, "PUT", CONTAINER, lease_calls.on_container, "restype=container comp=lease"),
    Route(BLOB_HOST, "POST", CONTAINER, blob_batch.batch, "restype=container comp=batch"),
    Route(BLOB_HOST, "GET HEAD PUT POST", CONTAINER, blob.not_emulated, "restype=container comp"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.properties, "restype=container"),
    Route(BLOB_HOST, "PUT", CONTAINER, blob_containers.create, "restype=container"),
    Route(BLOB_HOST, "DELETE", CONTAINER, blob_containers.delete, "restype=container"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.put_block, "comp=block"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.put_block_list, "comp=blocklist"),
    Route(BLOB_HOST, "GET", BLOB, blob_blocks.get_block_list, "comp=blocklist"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.append_block, "comp=appendblock"),
    Route(BLOB_HOST, "PUT", BLOB, blob.set_metadata, "comp=metadata"),
    Route(BLOB_HOST, "GET HEAD", BLOB, blob.get_metadata, "comp=metadata"),
    Route(BLOB_HOST, "PUT", BLOB, blob.set_properties, "comp=properties"),
    Route(BLOB_HOST, "PUT", BLOB, lease_calls.on_blob, "comp=lease"),
    Route(BLOB_HOST, "PUT", BLOB, blob.snapshot, "comp=snapshot"),
    Route(BLOB_HOST, "GET", BLOB, blob_labels.get_tags, "comp=tags"),
    Route(BLOB_HOST, "PUT", BLOB, blob_labels.set_tags, "comp=tags"),
    Route(BLOB_HOST, "PUT", BLOB, blob_labels.set_tier, "comp=tier"),
    Route(BLOB_HOST, "GET HEAD PUT POST DELETE", BLOB, blob.not_emulated, "comp"),
    Route(BLOB_HOST, "PUT", BLOB, blob.put),
    Route(BLOB_HOST, "GET HEAD", BLOB, blob.get),
    Route(BLOB_HOST, "DELETE", BLOB, blob.delete),
    Route(LAKE_HOST, "GET", CONTAINER, data_lake.list_paths, "resource"),
    Route(LAKE_HOST, "PUT", BLOB, data_lake.create, "resource"),
    Route(LAKE_HOST, "PATCH", BLOB, data_lake.update, "action"),
    Route(LAKE_HOST, "HEAD", BLOB, data_lake.properties),
    Route(LAKE_HOST, "GET", BLOB, blob.get),
    Route(LAKE_HOST, "DELETE", BLOB, data_lake.delete),
)
