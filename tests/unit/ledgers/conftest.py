"""The ledgers: one in a file, and one in a container of the built-in Azure, over a socket."""

from collections.abc import Callable, Iterator

import pytest

from provisioner.azure.blobs import ContainerClient, ContainerPlace, storage_cloud
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.catalog.registry import Catalog
from provisioner.ledgers.blob_ledger import BlobLedger
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, Caller

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stfleet"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/ledger"
ORIGIN = "https://stfleet.blob.core.windows.net"


@pytest.fixture(scope="session")
def azure(catalog: Catalog) -> Iterator[LocalAzure]:
    with LocalAzure.start(catalog, None) as running:
        call = Caller(running.endpoint)
        call.create_group()
        body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        assert call("PUT", ACCOUNT, {**body, "properties": {}}).status == 202
        call.close()
        yield running


@pytest.fixture
def container(azure: LocalAzure) -> Iterator[Callable[..., ContainerClient]]:
    """Return an empty container: each call is one more machine that uses it."""
    call = Caller(azure.endpoint)
    assert call("PUT", CONTAINER, {}).status == 201
    opened: list[ContainerClient] = []

    def connect(name: str = "ledger") -> ContainerClient:
        where = storage_cloud(local_cloud(azure.endpoint), ORIGIN)
        place = ContainerPlace(where, "stfleet", name)
        opened.append(ContainerClient(place, LocalToken(), 16, sleep=lambda _seconds: None))
        return opened[-1]

    yield connect
    for client in opened:
        client.__exit__()
    assert call("DELETE", CONTAINER).status == 200
    call.close()


@pytest.fixture
def blob_ledger(container: Callable[..., ContainerClient]) -> BlobLedger:
    return BlobLedger(container(), "nightly/", f"{ORIGIN}/ledger/nightly")
