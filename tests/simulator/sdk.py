"""Clients of the Azure SDK for a built-in Azure over plain HTTP."""

from collections.abc import Callable
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import SUBSCRIPTION

Connect = Callable[[type[Any]], Any]
"""Returns the SDK client of a class, for one built-in Azure."""


class _Token(SansIOHTTPPolicy[Any, Any]):
    """Sends a token over plain HTTP, which azure-core's own policies refuse to do."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = "Bearer local"


class _Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("local", 4102444800)


def connect_to(local: LocalAzure) -> Connect:
    """Return what makes clients of one built-in Azure."""

    def client(kind: type[Any]) -> Any:
        return kind(
            _Credential(),
            SUBSCRIPTION,
            base_url=local.endpoint,
            authentication_policy=_Token(),
            retry_total=0,
        )

    return client
