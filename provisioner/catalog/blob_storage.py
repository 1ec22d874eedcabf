"""Blobs of storage accounts: their URLs, and the data action of each request.

Source: "Azure resource providers operations" (Microsoft.Storage, data actions), which are in the
built-in roles Storage Blob Data Reader and Storage Blob Data Contributor.
"""

from provisioner.model.resource_id import ResourceId

STORAGE_ACCOUNT = "Microsoft.Storage/storageAccounts"

_CONTAINER = f"{STORAGE_ACCOUNT}/blobServices/containers"
_BLOBS = f"{_CONTAINER}/blobs"
READ_BLOB = f"{_BLOBS}/read"
WRITE_BLOB = f"{_BLOBS}/write"
DELETE_BLOB = f"{_BLOBS}/delete"


def container_in(account: ResourceId, name: str) -> ResourceId:
    """Return the id of a container in a storage account."""
    return ResourceId(_CONTAINER, (*account.names, "default", name), account.scope)
