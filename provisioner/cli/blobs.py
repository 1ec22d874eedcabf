"""Observations in Azure Storage blobs: which identity signs in, reads and writes.

`cli.observation_source` and `cli.observe` call it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.azure.blobs import (
    MOST_BYTES,
    ContainerClient,
    ContainerPlace,
    cloud_of,
    storage_cloud,
)
from provisioner.azure.cloud import Cloud, local_cloud
from provisioner.azure.credential import open_credential
from provisioner.cli.workspace import LOCAL_ENDPOINT, TRUST
from provisioner.model.azure_error import AzureError
from provisioner.model.blob_address import BlobAddress, parse_blob_url
from provisioner.model.diagnostic import DiagnosticError, error

_ROLES = {"read": "Storage Blob Data Reader", "written": "Storage Blob Data Contributor"}


def require_blob(url: str) -> BlobAddress:
    """Return the address of a blob.

    Raises:
        DiagnosticError: Where the URL is not one of a blob.
    """
    blob = parse_blob_url(url)
    if blob is None:
        raise DiagnosticError(
            error(
                "wrong-blob",
                f"{url.partition('?')[0]} is not a URL of a blob.",
                None,
                "Expected https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME, without a query.",
            )
        )
    return blob


def read_blob(blob: BlobAddress, cloud: Cloud, auth: str, tenant_id: str) -> bytes:
    """Return the content of a blob, signed in by the `auth` of an environment.

    Raises DiagnosticError too where the blob cannot be read.

    Raises:
        DiagnosticError: Where there is no such blob.
    """
    with _open_container(blob, cloud, auth, tenant_id, "read") as client:
        found = client.read(blob.name)
    if found is None:
        raise DiagnosticError(
            error(
                "no-observation",
                f"{blob.url}: there is no such blob.",
                None,
                "The observer has not written one yet: its CronJob is in azsec-observer.",
            )
        )
    return found.content


def write_blob(blob: BlobAddress, content: bytes, auth: str, tenant_id: str = "") -> None:
    """Write a blob, signed in by `auth`.

    With the variable AZSEC_LOCAL_ENDPOINT it is written to the built-in Azure at that endpoint.
    Raises DiagnosticError too where Azure refuses the write.

    Raises:
        DiagnosticError: Where the content is larger than an observation may be.
    """
    if len(content) > MOST_BYTES:
        raise DiagnosticError(
            error("too-large", f"the observation takes {len(content):,} bytes.", None, _TOO_LARGE)
        )
    endpoint = os.environ.get(LOCAL_ENDPOINT)
    cloud = local_cloud(endpoint, os.environ.get(TRUST, "")) if endpoint else cloud_of(blob.origin)
    with _open_container(blob, cloud, auth, tenant_id, "written") as client:
        client.write(blob.name, content)


_TOO_LARGE = f"The most is {MOST_BYTES:,}. Write it to a file: --out FILE."


@contextmanager
def _open_container(
    blob: BlobAddress, cloud: Cloud, auth: str, tenant_id: str, done: str
) -> Iterator[ContainerClient]:
    where = storage_cloud(cloud, blob.origin)
    credential = open_credential(auth, where, tenant_id, os.environ)
    try:
        with ContainerClient(
            ContainerPlace(where, blob.account, blob.container), credential
        ) as client:
            yield client
    except AzureError as refusal:
        raise DiagnosticError(
            error(
                "no-observation" if done == "read" else "not-written",
                f"{blob.url} was not {done}: {refusal.code}: {refusal.message}",
                None,
                _hint_for(refusal.code, done),
            )
        ) from refusal


def _hint_for(code: str, done: str) -> str | None:
    hints = {
        "AuthorizationPermissionMismatch": f"Assign {_ROLES[done]} on the container "
        "(blueprints/modules/observation.yaml); a new assignment takes up to 10 minutes.",
        "AuthorizationFailure": "The account's firewall refuses this machine: run where "
        "its private endpoint is reached.",
        "ContainerNotFound": "blueprints/modules/observation.yaml makes the container.",
    }
    return hints.get(code)
