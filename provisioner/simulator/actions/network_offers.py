"""Offers of the network provider in a region: delegations, service endpoints, service tags.

Shapes: the REST reference of Virtual Network ("Available Delegations - List", "Available Endpoint
Services - List", "Service Tags - List") and Private Link ("Available Private Endpoint Types -
List"). The values are those of `catalog.network_offers` and `catalog.private_link`; of service tags
only those whose addresses never change.
"""

from collections.abc import Callable, Iterable

from provisioner.catalog.network_offers import DELEGATIONS, ENDPOINT_SERVICES, FIXED_TAGS
from provisioner.catalog.private_link import groups_of
from provisioner.catalog.service_actions import NETWORK
from provisioner.model.values import Json
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_CHANGE = "1"


def list_delegations(
    _cloud: Cloud, _request: Request, subscription: str, **_path_parameters: str
) -> Answer:
    """Answer the services that a subnet can be delegated to."""

    def shown(service: str) -> dict[str, Json]:
        return {"serviceName": service, "actions": list(DELEGATIONS[service])}

    return _answer_list(subscription, "availableDelegations", DELEGATIONS, shown)


def list_endpoint_services(
    _cloud: Cloud, _request: Request, subscription: str, **_path_parameters: str
) -> Answer:
    """Answer the services that a subnet can have a service endpoint for."""
    return _answer_list(
        subscription, "virtualNetworkEndpointServices", ENDPOINT_SERVICES, _no_properties
    )


def list_private_endpoint_types(
    cloud: Cloud, _request: Request, subscription: str, **_path_parameters: str
) -> Answer:
    """Answer the catalog's types that a private endpoint can connect to."""

    def shown(type_name: str) -> dict[str, Json]:
        return {"resourceName": type_name, "displayName": type_name}

    types = [one.name for one in cloud.catalog if groups_of(one.name)]
    return _answer_list(subscription, "availablePrivateEndpointTypes", types, shown)


def list_service_tags(
    _cloud: Cloud, _request: Request, subscription: str, **_path_parameters: str
) -> Answer:
    """Answer the service tags whose addresses never change."""
    tags_id = f"/subscriptions/{subscription}/providers/{NETWORK}/serviceTags/Public"
    values: list[Json] = [
        {
            "name": name,
            "id": name,
            "properties": {
                "changeNumber": _CHANGE,
                "region": "",
                "systemService": name,
                "addressPrefixes": list(prefixes),
            },
        }
        for name, prefixes in FIXED_TAGS.items()
    ]
    body: Json = {
        "name": "Public",
        "id": tags_id,
        "type": f"{NETWORK}/serviceTags",
        "changeNumber": _CHANGE,
        "cloud": "Public",
        "values": values,
    }
    return Answer(200, body)


def _no_properties(_name: str) -> dict[str, Json]:
    return {}


def _answer_list(
    subscription: str, kind: str, names: Iterable[str], shown: Callable[[str], dict[str, Json]]
) -> Answer:
    found: list[Json] = []
    for name in names:
        plain = name.replace("/", ".")
        found.append(
            {
                "name": plain,
                "id": f"/subscriptions/{subscription}/providers/{NETWORK}/{kind}/{plain}",
                "type": f"{NETWORK}/{kind}",
                **shown(name),
            }
        )
    return Answer(200, {"value": found})
