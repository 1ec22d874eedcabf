"""Blobs in the built-in Azure: the product's client over a socket, and Blob Storage's refusals.

The codes are those of "Blob service error codes" and of "Authorize with Microsoft Entra ID".
"""

import re
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError
from azure.storage import blob as storage

from provisioner.azure.blobs import ContainerClient, ContainerPlace, storage_cloud
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.catalog.registry import Catalog
from provisioner.model.azure_error import AzureError
from provisioner.model.blob_address import parse_blob_url
from provisioner.simulator.access_options import Access
from provisioner.simulator.server import LocalAzure
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stseen"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/seen"
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
"""Storage Blob Data Reader ("Azure built-in roles")."""
SOMEBODY = "cccccccc-0000-4000-8000-000000000003"
HEADERS = {"x-ms-version": "2023-11-03", "Authorization": "Bearer local"}


def url(container: str = "seen", account: str = "stseen", name: str = "prod/o.json.gz") -> str:
    return f"https://{account}.blob.core.windows.net/{container}/{name}"


class Signed:
    """A credential of somebody whose token for an API names them."""

    def __init__(self, azure: LocalAzure, audience: str = "https://storage.azure.com/") -> None:
        self._token = azure.issue_token(SOMEBODY, audience=audience)

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(self._token, 2**31 - 1)


NAME = "prod/o.json.gz"


def client(
    azure: LocalAzure, container: str = "seen", credential: object = None
) -> ContainerClient:
    where = storage_cloud(local_cloud(azure.endpoint), "https://stseen.blob.core.windows.net")
    place = ContainerPlace(where, "stseen", container)
    return ContainerClient(place, credential or LocalToken(), sleep=lambda _seconds: None)


def make_container(azure: LocalAzure, trust: str | None = None) -> None:
    send = requests.Session()
    send.trust_env = False
    send.headers["Authorization"] = "Bearer local"
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
               "properties": {}}  # fmt: skip
    for path, body, version in (
        (GROUP, {"location": "westeurope"}, "2024-03-01"),
        (ACCOUNT, account, "2024-01-01"),
        (CONTAINER, {}, "2024-01-01"),
    ):
        answer = send.put(
            f"{azure.endpoint}{path}?api-version={version}", json=body, verify=trust, timeout=5
        )
        assert answer.ok, answer.text


@pytest.fixture(scope="module")
def azure(real_catalog: Catalog) -> Iterator[LocalAzure]:
    access = Access(enforces_roles=True, signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, access=access) as running:
        make_container(running)
        yield running


def test_a_blob_is_read_as_it_was_written(azure: LocalAzure) -> None:
    with client(azure) as container:
        assert container.read(NAME) is None
        container.write(NAME, b"\x1f\x8b one")
        container.write(NAME, b"\x1f\x8b another", {"of": "prod"})
        found = container.read(NAME)
    assert found is not None
    assert (found.content, found.metadata) == (b"\x1f\x8b another", {"of": "prod"})


def test_a_blob_is_written_under_a_condition(azure: LocalAzure) -> None:
    with client(azure) as container:
        assert container.create("one.json", b"{}")
        assert not container.create("one.json", b"[]")
        first = container.read("one.json")
        assert first is not None
        assert first.content == b"{}"
        assert container.replace("one.json", b"{}", {"number": "2"}, first.etag)
        assert not container.replace("one.json", b"{}", {"number": "3"}, first.etag)
        assert not container.replace("two.json", b"{}", {}, first.etag)
        second = container.read("one.json")
    assert second is not None
    assert (second.metadata, second.etag != first.etag) == ({"number": "2"}, True)


def test_a_write_whose_answer_was_lost_is_not_taken_for_that_of_another(azure: LocalAzure) -> None:
    with client(azure) as container:
        azure.faults.drop("lost.json", method="PUT", after_effect=True)
        assert container.create("lost.json", b"mine")
        azure.faults.drop("lost.json", method="PUT", after_effect=True)
        assert not container.create("lost.json", b"another's")


def test_blobs_are_listed_by_their_prefix_a_page_at_a_time(azure: LocalAzure) -> None:
    with client(azure) as container:
        for number in (3, 1, 2):
            container.write(f"list/{number}", b"", {"number": str(number)})
        container.write("list/a&<b>.json", b"")
        container.write("listed", b"")
        found = list(container.find("list/"))
        assert [one.name for one in found] == ["list/1", "list/2", "list/3", "list/a&<b>.json"]
        assert found[0].metadata == {"number": "1"}
        assert [one.name for one in container.find("list/", most=2)] == ["list/1", "list/2"]
        assert list(container.find("nothing/")) == []
    address = f"{azure.endpoint}/stseen/seen?restype=container&comp=list&prefix=list/"
    first = requests.get(f"{address}&maxresults=2", headers=HEADERS, timeout=5).text
    marker = re.search("<NextMarker>(.+)</NextMarker>", first)
    assert marker is not None
    assert "<Metadata>" not in first
    rest = requests.get(f"{address}&marker={marker[1]}", headers=HEADERS, timeout=5).text
    assert re.findall("<Name>(.+?)</Name>", rest) == ["list/3", "list/a&amp;&lt;b&gt;.json"]
    assert "<NextMarker></NextMarker>" in rest
    folders = requests.get(
        f"{azure.endpoint}/stseen/seen?restype=container&comp=list&delimiter=/&prefix=li",
        headers=HEADERS,
        timeout=5,
    ).text
    assert "<BlobPrefix><Name>list/</Name></BlobPrefix><Blob><Name>listed</Name>" in folders


def test_what_azure_storage_refuses_comes_with_its_code(azure: LocalAzure) -> None:
    with client(azure, "other") as container:
        for ask in (
            lambda: container.write(NAME, b"x"),
            lambda: container.read(NAME),
            lambda: list(container.find("")),
        ):
            with pytest.raises(AzureError) as refused:
                ask()
            assert refused.value.code == "ContainerNotFound"
            assert refused.value.message == "The specified container does not exist."


def test_a_role_of_data_opens_what_it_is_for(azure: LocalAzure) -> None:
    call = Caller(azure.endpoint)
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
    path = f"{CONTAINER}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    given = {"roleDefinitionId": role + READER, "principalId": SOMEBODY,
             "principalType": "ServicePrincipal"}  # fmt: skip
    assert call("PUT", path, {"properties": given}).status == 201
    with client(azure) as mine, client(azure, credential=Signed(azure)) as theirs:
        mine.write(NAME, b"seen")
        for reader in (mine, theirs):
            found = reader.read(NAME)
            assert found is not None
            assert found.content == b"seen"
        assert NAME in {one.name for one in theirs.find("prod/")}
        with pytest.raises(AzureError) as refused:
            theirs.write(NAME, b"forged")
        assert refused.value.code == "AuthorizationPermissionMismatch"
    call.close()


def test_a_token_for_another_api_is_not_taken(azure: LocalAzure) -> None:
    credential = Signed(azure, azure.endpoint)
    with client(azure, credential=credential) as theirs, pytest.raises(AzureError) as refused:
        theirs.read(NAME)
    assert refused.value.code == "InvalidAuthenticationInfo"


REFUSED = (
    ("no-token", "GET", {"Authorization": ""}, 401, "NoAuthenticationInformation"),
    ("old-version", "GET", {"x-ms-version": "2015-02-21"}, 400, "InvalidHeaderValue"),
    ("no-kind", "PUT", {}, 400, "MissingRequiredHeader"),
    ("verb", "PATCH", {}, 405, "UnsupportedHttpVerb"),
    ("metadata", "PUT", {"x-ms-blob-type": "BlockBlob", "x-ms-meta-a-b": "1"}, 400,
     "InvalidMetadata"),
    ("tag", "PUT", {"x-ms-blob-type": "BlockBlob", "If-Match": '"0x1"'}, 412, "ConditionNotMet"),
)  # fmt: skip
LISTS = (
    ("none", "maxresults=0", 400, "OutOfRangeQueryParameterValue"),
    ("no-number", "maxresults=many", 400, "InvalidQueryParameterValue"),
    ("marker", "marker=2!a", 400, "InvalidQueryParameterValue"),
    ("unknown-include", "include=colour", 400, "InvalidQueryParameterValue"),
    ("include", "include=snapshots", 501, "NotImplemented"),
    ("unknown", "where=x", 400, "UnsupportedQueryParameter"),
)


@pytest.mark.parametrize(("query", "status", "code"), [row[1:] for row in LISTS],
                         ids=[row[0] for row in LISTS])  # fmt: skip
def test_a_wrong_list_is_refused_as_azure_storage_does(
    azure: LocalAzure, query: str, status: int, code: str
) -> None:
    address = f"{azure.endpoint}/stseen/seen?restype=container&comp=list&{query}"
    answer = requests.get(address, headers=HEADERS, timeout=5)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)


@pytest.mark.parametrize(("method", "headers", "status", "code"), [r[1:] for r in REFUSED],
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_a_wrong_request_is_refused_as_azure_storage_does(
    azure: LocalAzure, method: str, headers: dict[str, str], status: int, code: str
) -> None:
    path = f"{azure.endpoint}/stseen/seen/prod/o.json.gz"
    answer = requests.request(method, path, headers=HEADERS | headers, data=b"x", timeout=5)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)
    assert f"<Code>{code}</Code>" in answer.text


def test_blobs_go_with_their_container(azure: LocalAzure) -> None:
    call = Caller(azure.endpoint)
    with client(azure) as container:
        container.write(NAME, b"seen")
        assert call("DELETE", CONTAINER).status == 200
        assert call("PUT", CONTAINER, {}).status == 201
        assert container.read(NAME) is None
    call.close()


def test_azures_own_client_reads_lists_and_deletes_what_it_wrote(
    real_catalog: Catalog, tmp_path: Path
) -> None:
    access = Access(certificates=tmp_path, signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, access=access) as running:
        assert running.certificate is not None
        trust = str(running.certificate.authority)
        make_container(running, trust)
        with storage.ContainerClient(
            f"{running.endpoint}/stseen", "seen", credential=Signed(running),
            connection_verify=trust, max_single_get_size=4, max_chunk_get_size=4,
        ) as seen:  # fmt: skip
            for number in range(3):
                seen.upload_blob(f"d/{number}", b"0123456789", metadata={"n": str(number)})
            with pytest.raises(ResourceExistsError):
                seen.upload_blob("d/1", b"")
            pages = seen.list_blobs("d/", include=["metadata"], results_per_page=2).by_page()
            listed = [[(one.name, one.metadata, one.size) for one in page] for page in pages]
            assert [len(page) for page in listed] == [2, 1]
            assert listed[0][1] == ("d/1", {"n": "1"}, 10)
            assert [one.name for one in seen.walk_blobs()] == ["d/"]
            assert seen.download_blob("d/1").readall() == b"0123456789", "by ranges of 4 bytes"
            assert seen.download_blob("d/1", offset=3, length=4).readall() == b"3456"
            blob = seen.get_blob_client("d/1")
            found = blob.get_blob_properties()
            assert (found.size, found.metadata) == (10, {"n": "1"})
            only_this = {"etag": found.etag, "match_condition": MatchConditions.IfNotModified}
            blob.upload_blob(b"", overwrite=True, **only_this)
            assert blob.download_blob().readall() == b""
            for change in (blob.delete_blob, partial(blob.upload_blob, b"x", overwrite=True)):
                with pytest.raises(ResourceModifiedError):
                    change(**only_this)
            blob.delete_blob()
            assert not blob.exists()


NO_BLOBS = (
    ("signature", url() + "?sv=2024-11-04&sig=x"),
    ("http", url().replace("https", "http")),
    ("elsewhere", "https://stseen.blob.core.windows.net.example.com/seen/o"),
    ("user", "https://stseen.blob.core.windows.net@example.com/seen/o"),
    ("container-alone", "https://stseen.blob.core.windows.net/seen"),
    ("up", url(name="../other/o")),
    ("port", "https://stseen.blob.core.windows.net:8443/seen/o"),
)


@pytest.mark.parametrize("text", [row[1] for row in NO_BLOBS], ids=[row[0] for row in NO_BLOBS])
def test_a_token_goes_to_azure_storage_alone(text: str) -> None:
    assert parse_blob_url(text) is None
