"""ARM above the subscriptions: cloud metadata, tenants, subscriptions.

Source: "Tenants - List", "Subscriptions - List" of the Resources REST reference; the metadata
endpoint of management.azure.com as az, azurerm and older clients read it, in each version's shape.
"""

from provisioner.model.values import Json
from provisioner.simulator.authorization.permissions import sees_subscription
from provisioner.simulator.entra.audiences import GRAPH_PATH
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_FLAT_UNTIL = "2017-12-31"
_LIST_UNTIL = "2020-05-31"
"""Of 2015 one flat object, of 2018 and 2019 a list of objects, since 2020-06-01 one object."""


def get_metadata(_cloud: Cloud, request: Request) -> Answer:
    """Answer the endpoints of this cloud, in the shape of the API version."""
    version = request.query.get("api-version", "")[:10]
    if version <= _FLAT_UNTIL:
        return Answer(200, _flat_metadata(request))
    if version <= _LIST_UNTIL:
        return Answer(200, [_cloud_metadata(request)])
    return Answer(200, _cloud_metadata(request))


def _cloud_metadata(request: Request) -> dict[str, Json]:
    graph = f"{request.base}{GRAPH_PATH}"
    return {
        "name": "local",
        "portal": request.base,
        "authentication": {
            "loginEndpoint": request.base,
            "audiences": [request.base, f"{request.base}/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": request.base,
        "microsoftGraphResourceId": graph,
        "graph": graph,
        "graphAudience": graph,
        # The data planes of the public cloud: what of them there is here answers at this address.
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyVaultDns": "vault.azure.net",
            "mhsmDns": "managedhsm.azure.net",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
        },
    }


def _flat_metadata(request: Request) -> dict[str, Json]:
    return {
        "galleryEndpoint": request.base,
        "graphEndpoint": f"{request.base}{GRAPH_PATH}",
        "portalEndpoint": request.base,
        "authentication": {"loginEndpoint": request.base, "audiences": [request.base]},
    }


def list_tenants(cloud: Cloud, request: Request) -> Answer:
    """Answer the tenants of the caller: that of the token, or all for the local operator."""
    own = read_caller(request).tenant
    tenants: list[Json] = [
        {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "displayName": "built-in Azure",
            "tenantCategory": "Home",
            "tenantType": "AAD",
        }
        for tenant in cloud.tenants
        if own in (None, tenant)
    ]
    return Answer(200, {"value": tenants})


def list_subscriptions(cloud: Cloud, request: Request) -> Answer:
    """Answer the subscriptions of the caller's tenant that the caller has a role in."""
    caller = read_caller(request)
    shown: list[Json] = [
        _render_subscription(cloud, key, name)
        for key, name in cloud.store.subscriptions.items()
        if caller.tenant in (None, cloud.tenant_of(key)) and sees_subscription(cloud, caller, key)
    ]
    return Answer(200, {"value": shown, "count": {"type": "Total", "value": len(shown)}})


def get_subscription(cloud: Cloud, _request: Request, subscription: str) -> Answer:
    """Answer one subscription."""
    name = cloud.store.subscriptions.get(subscription.lower()) or "local"
    return Answer(200, _render_subscription(cloud, subscription, name))


def _render_subscription(cloud: Cloud, subscription: str, name: str) -> dict[str, Json]:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": cloud.tenant_of(subscription),
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }
