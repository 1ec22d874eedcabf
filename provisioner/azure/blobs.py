"""Client of one Blob Storage container: Get Blob, Put Blob and List Blobs with Entra tokens.

It uses the REST API without azure-storage-blob, since three requests suffice (learn.microsoft.com,
"Get Blob", "Put Blob", "List Blobs", "Authorize with Microsoft Entra ID"), and since they then
share retries, bounds and tokens with the requests to Azure Resource Manager.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import count
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest, HttpResponse

from provisioner import __version__
from provisioner.azure.blob_listing import BlobPage, read_page, unexpected_list
from provisioner.azure.cloud import AZURE, CHINA, US_GOVERNMENT, Cloud
from provisioner.azure.credential import SharedToken
from provisioner.azure.pipeline import BudgetPolicy, EndpointPolicy, TokenPolicy
from provisioner.azure.retry import ClientHistory, RetryBudget
from provisioner.azure.transport import open_transport
from provisioner.engine.container_port import ListedBlob, StoredBlob
from provisioner.model.azure_error import AzureError

MOST_BYTES = 64 * 2**20
"""The largest blob that is read or written."""

PAGE = 5_000
"""The maximum of blobs in one page of a list ("List Blobs": maxresults)."""

_SCOPE = "https://storage.azure.com/.default"
"""The same in every cloud ("Authorize access to blobs using Microsoft Entra ID": resource ID)."""

_VERSION = "2023-11-03"
"""The `x-ms-version` of the requests; Entra tokens require 2017-11-09 or later."""

_BUDGET = RetryBudget(attempts=6, total_seconds=60.0)
_METADATA = "x-ms-meta-"
_UNMET = frozenset({"BlobAlreadyExists", "ConditionNotMet"})
"""The codes for a condition that does not hold: 409 for `If-None-Match: *` where the blob exists,
else 412 ("Blob service error codes"). Other codes of these statuses are refusals."""


def storage_cloud(cloud: Cloud, origin: str) -> Cloud:
    """Return `cloud` with the endpoint of a storage account and the scope of Azure Storage.

    `origin` is scheme and host of the account. The built-in Azure serves every account at its own
    address, as Azurite does: the account is the first segment of the path.
    """
    endpoint = cloud.resource_manager if cloud.is_local else origin
    bounds = replace(cloud.bounds, answer_bytes=MOST_BYTES)
    return replace(cloud, resource_manager=endpoint, scope=_SCOPE, bounds=bounds)


def cloud_of(origin: str) -> Cloud:
    """Return the cloud of a storage account by its host: it determines who issues the tokens."""
    endings = {".usgovcloudapi.net": US_GOVERNMENT, ".chinacloudapi.cn": CHINA}
    return next((cloud for ending, cloud in endings.items() if origin.endswith(ending)), AZURE)


@dataclass(frozen=True, slots=True)
class ContainerPlace:
    """A container: the cloud that `storage_cloud` returns, the account, and its own name."""

    cloud: Cloud
    account: str
    container: str


class ContainerClient:
    """A client of one container, with up to `parallelism` requests at once.

    A context manager: its connections end with it.
    """

    def __init__(
        self,
        place: ContainerPlace,
        credential: TokenCredential,
        parallelism: int = 1,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        cloud = place.cloud
        account = f"/{place.account}" if cloud.is_local else ""
        self._url = f"{cloud.resource_manager}{account}/{place.container}"
        self._bounds = cloud.bounds
        tokens = SharedToken(credential)
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            cloud.resource_manager,
            transport=open_transport(cloud, parallelism),
            policies=[
                RequestIdPolicy(),
                UserAgentPolicy(base_user_agent=f"azsec/{__version__}"),
                EndpointPolicy(cloud),
                BudgetPolicy(cloud, _BUDGET, ClientHistory(), (sleep, time.time)),
                TokenPolicy(tokens, cloud.scope),
            ],
        )

    def __enter__(self) -> "ContainerClient":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._client.close()

    def read(self, name: str) -> StoredBlob | None:
        """Return a blob, None where the container has none of the name.

        Raises:
            AzureError: for every other refusal, also that there is no such container.
        """
        try:
            answer = self._send_request("GET", f"/{name}")
        except AzureError as refusal:
            if (refusal.status, refusal.code) == (HTTPStatus.NOT_FOUND, "BlobNotFound"):
                return None
            raise
        metadata = {
            key.lower().removeprefix(_METADATA): value
            for key, value in answer.headers.items()
            if key.lower().startswith(_METADATA)
        }
        return StoredBlob(answer.content, answer.headers.get("ETag") or "", metadata)

    def write(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write a blob as a whole: a concurrent reader gets the old or the new content.

        Raises AzureError, and ValueError for more than `MOST_BYTES`.
        """
        self._put_blob(name, content, metadata or {}, {})

    def create(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write a blob if there is none of the name; else return False.

        Raises AzureError, and ValueError for more than `MOST_BYTES`.
        """
        return self._put_if(name, content, metadata or {}, {"If-None-Match": "*"})

    def replace(self, name: str, content: bytes, metadata: Mapping[str, str], etag: str) -> bool:
        """Replace the blob that has this entity tag; return False where it has another or is gone.

        Raises AzureError, and ValueError for more than `MOST_BYTES`.
        """
        return self._put_if(name, content, metadata, {"If-Match": etag})

    def find(self, prefix: str, most: int | None = None) -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with a prefix, in the order of their names.

        All of them, or the first `most`. Raises AzureError, also for a list beyond the bounds of
        the cloud (`Bounds`).
        """
        marker, found = "", 0
        for number in count(1):
            page = self._list_page(prefix, marker, min(most or PAGE, PAGE))
            for blob in page.blobs:
                found += 1
                yield blob
                if found == most:
                    return
            if not page.next_marker:
                return
            if page.next_marker == marker or number >= self._bounds.pages:
                raise unexpected_list(f"a list of blobs does not end ({number} pages)")
            if found > self._bounds.items:
                raise unexpected_list(f"a list has more than {self._bounds.items:,} blobs")
            marker = page.next_marker

    def _list_page(self, prefix: str, marker: str, most: int) -> BlobPage:
        query = {
            "restype": "container",
            "comp": "list",
            "include": "metadata",
            "prefix": prefix,
            "maxresults": str(most),
            **({"marker": marker} if marker else {}),
        }
        return read_page(self._send_request("GET", "", query=query).content)

    def _put_if(
        self, name: str, content: bytes, metadata: Mapping[str, str], condition: Mapping[str, str]
    ) -> bool:
        """Write under a condition, and return whether it held.

        A write whose answer was lost is sent again, and its condition may then fail because of the
        first attempt: it counts as written if content and metadata are those that were sent.

        Raises:
            AzureError: for every refusal but a condition that does not hold.
        """
        sent_again: list[AzureError] = []
        try:
            self._put_blob(name, content, metadata, condition, before_retry=sent_again.append)
        except AzureError as refusal:
            if refusal.code not in _UNMET:
                raise
            there = self.read(name) if sent_again else None
            return there is not None and (there.content, dict(there.metadata)) == (
                content,
                dict(metadata),
            )
        return True

    def _put_blob(
        self,
        name: str,
        content: bytes,
        metadata: Mapping[str, str],
        condition: Mapping[str, str],
        **options: Any,  # noqa: ANN401  those of a pipeline's request
    ) -> None:
        if len(content) > MOST_BYTES:
            raise ValueError(f"the blob would take {len(content):,} bytes")
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "Content-Type": _type_of(name),
            **{f"{_METADATA}{key}": value for key, value in metadata.items()},
            **condition,
        }
        self._send_request("PUT", f"/{name}", content, headers, **options)

    def _send_request(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401  those of a pipeline's request
    ) -> HttpResponse:
        every = {"x-ms-version": _VERSION, "Accept": "*/*", **(headers or {})}
        request: Any = HttpRequest(
            method, self._url + path, headers=every, content=content, params=query
        )
        return self._client.send_request(request, **options)


def _type_of(name: str) -> str:
    return "application/json" if name.endswith(".json") else "application/gzip"
