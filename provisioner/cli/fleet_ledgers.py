"""The ledger of `--ledger`: a SQLite file, or a container of Azure Storage."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.cli.fleet_options import DEFAULT_LEDGER
from provisioner.cli.workspace import LOCAL_ENDPOINT, TRUST, make_folder, state_path
from provisioner.engine.ledger_port import Ledger
from provisioner.filesystem.protection import (
    ProtectedPathError,
    check_replaceable,
    check_writable_in_place,
)
from provisioner.ledgers.sqlite_ledger import SqliteLedger
from provisioner.model.blob_address import ContainerAddress, parse_container_url
from provisioner.model.diagnostic import DiagnosticError, error


@contextmanager
def open_ledger(place: str, *, create: bool = True) -> Iterator[Ledger]:
    """Open the ledger at a path or a URL; a missing file is made with `create`.

    Raises DiagnosticError where it cannot be used.
    """
    address = find_container(place)
    if address is not None:
        with _open_container(address) as ledger:
            yield ledger
        return
    path = Path(place)
    if not create:
        with _open_existing(path) as opened:
            yield opened
        return
    if place == DEFAULT_LEDGER:
        state_path(None)  # azsec's own folder, which ignores itself
    _check_file(path, check_writable_in_place)
    make_folder(path.parent)
    with SqliteLedger.open(path) as opened:
        yield opened


def _open_existing(path: Path) -> SqliteLedger:
    if not path.exists():
        raise DiagnosticError(
            error(
                "no-ledger",
                f"there is no ledger {path}.",
                None,
                "A run writes one: state the --ledger that it was given.",
            )
        )
    _check_file(path, check_replaceable)
    return SqliteLedger.open_to_read(path)


def _check_file(path: Path, check: Callable[[Path], None]) -> None:
    """Check the file of a ledger before SQLite opens it and would follow a link to its target.

    Raises:
        DiagnosticError: Where it is not a regular file (a link, a device), or must not be changed.
    """
    try:
        check(path)
    except ProtectedPathError as problem:
        raise DiagnosticError(error("ledger-unreadable", f"the ledger {problem}.")) from None


def find_container(place: str) -> ContainerAddress | None:
    """Return the container that `--ledger` names, None for a file.

    Raises:
        DiagnosticError: Where a URL is not one of a container.
    """
    if "://" not in place:
        return None
    address = parse_container_url(place)
    if address is None:
        raise DiagnosticError(
            error(
                "wrong-ledger",
                f"{place.partition('?')[0]} is not a URL of a blob container.",
                None,
                "Expected https://ACCOUNT.blob.core.windows.net/CONTAINER or a folder below it, "
                "without a query: azsec signs in with Entra ID, never with a key or a SAS.",
            )
        )
    return address


@contextmanager
def _open_container(address: ContainerAddress) -> Iterator[Ledger]:
    from provisioner.azure.blobs import ContainerClient, ContainerPlace, cloud_of, storage_cloud
    from provisioner.azure.cloud import local_cloud
    from provisioner.azure.credential import open_credential
    from provisioner.ledgers.blob_ledger import PARALLELISM, BlobLedger

    endpoint = os.environ.get(LOCAL_ENDPOINT)
    cloud = (
        local_cloud(endpoint, os.environ.get(TRUST, "")) if endpoint else cloud_of(address.origin)
    )
    where = storage_cloud(cloud, address.origin)
    credential = open_credential("default", where, "", os.environ)
    place = ContainerPlace(where, address.account, address.container)
    with ContainerClient(place, credential, PARALLELISM) as client:
        yield BlobLedger(client, address.prefix, address.url)
