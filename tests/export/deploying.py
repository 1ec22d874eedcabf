"""Deploys templates to a built-in Azure with Azure's own client."""

from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.resource.deployments import DeploymentsMgmtClient


class _Token(SansIOHTTPPolicy[Any, Any]):
    """Sends a token over plain HTTP, which azure-core's own policies refuse to do."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = "Bearer local"


class _Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("local", 4102444800)


def management_client(endpoint: str, subscription: str) -> Any:
    return DeploymentsMgmtClient(
        _Credential(),
        subscription,
        base_url=endpoint,
        authentication_policy=_Token(),
        retry_total=0,
    )


def deployments_client(endpoint: str, subscription: str) -> Any:
    return management_client(endpoint, subscription).deployments


def deploy(
    endpoint: str, subscription: str, template: object, name: str = "main"
) -> dict[str, Any]:
    """Deploy a template into a subscription; return what became of the deployment, as JSON."""
    deployments = deployments_client(endpoint, subscription)
    content = {"template": template, "mode": "Incremental"}
    done = deployments.begin_create_or_update_at_subscription_scope(
        name, {"location": "westeurope", "properties": content}, polling_interval=0
    ).result()
    return done.as_dict()
