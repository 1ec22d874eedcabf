"""Reads and writes one blob of Azure Storage, with a token of Entra.

The REST API and no package of its own: it takes two requests (learn.microsoft.com, "Get Blob", "Put
Blob", "Authorize with Microsoft Entra ID"). Their retries, bounds and tokens are those of requests
to Azure Resource Manager.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest, HttpResponse

from provisioner import __version__
from provisioner.azure.cloud import AZURE, CHINA, US_GOVERNMENT, Cloud
from provisioner.azure.credential import SharedToken
from provisioner.azure.errors import is_absent
from provisioner.azure.pipeline import BudgetPolicy, EndpointPolicy, TokenPolicy
from provisioner.azure.retry import Circumstances, RetryBudget
from provisioner.azure.transport import open_transport
from provisioner.model.azure_error import AzureError
from provisioner.model.blob_address import BlobAddress

MOST_BYTES = 64 * 2**20
"""The largest blob that is read or written."""

_SCOPE = "https://storage.azure.com/.default"
"""The same in every cloud ("Authorize access to blobs using Microsoft Entra ID": resource ID)."""

_VERSION = "2023-11-03"
"""Tokens of Entra take 2017-11-09 or later."""

_BUDGET = RetryBudget(attempts=6, total_seconds=60.0)


def storage_cloud(cloud: Cloud, blob: BlobAddress) -> Cloud:
    """Return a cloud whose endpoint is that of a blob's account, and whose tokens are for it.

    The built-in Azure answers for every account at its own address, as Azurite does: the account
    is the first part of the path.
    """
    origin = cloud.resource_manager if cloud.is_local else blob.origin
    bounds = replace(cloud.bounds, answer_bytes=MOST_BYTES)
    return replace(cloud, resource_manager=origin, scope=_SCOPE, bounds=bounds)


def cloud_of(blob: BlobAddress) -> Cloud:
    """Return the cloud that a blob's host belongs to: who issues the tokens for it."""
    endings = {".usgovcloudapi.net": US_GOVERNMENT, ".chinacloudapi.cn": CHINA}
    return next((cloud for ending, cloud in endings.items() if blob.origin.endswith(ending)), AZURE)


class BlobClient:
    """A client of one blob. A context manager: its connections end with it."""

    def __init__(
        self,
        cloud: Cloud,
        blob: BlobAddress,
        credential: TokenCredential,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`cloud` is what `storage_cloud` returns."""
        account = f"/{blob.account}" if cloud.is_local else ""
        self._url = f"{cloud.resource_manager}{account}/{blob.container}/{blob.name}"
        tokens = SharedToken(credential)
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            cloud.resource_manager,
            transport=open_transport(cloud, 1),
            policies=[
                RequestIdPolicy(),
                UserAgentPolicy(base_user_agent=f"azsec/{__version__}"),
                EndpointPolicy(cloud),
                BudgetPolicy(cloud, _BUDGET, Circumstances(), (sleep, time.time)),
                TokenPolicy(tokens, cloud.scope),
            ],
        )

    def __enter__(self) -> "BlobClient":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._client.close()

    def read(self) -> bytes | None:
        """Return the content of the blob, None where there is none. Raises AzureError."""
        try:
            return self._send("GET").content
        except AzureError as refusal:
            if is_absent(refusal):
                return None
            raise

    def write(self, content: bytes) -> None:
        """Write the blob anew, at once: who reads meanwhile gets the old one. Raises AzureError.

        Raises ValueError for more than `MOST_BYTES`.
        """
        if len(content) > MOST_BYTES:
            raise ValueError(f"the blob would take {len(content):,} bytes")
        kind = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/gzip"}
        self._send("PUT", content, kind)

    def _send(
        self, method: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        every = {"x-ms-version": _VERSION, "Accept": "*/*", **(headers or {})}
        request: Any = HttpRequest(method, self._url, headers=every, content=content)
        return self._client.send_request(request)
