"""Usages of network and storage limits by a subscription in a region.

Source: "Usages - List" of Microsoft's Network and Storage references (shapes and names); "Azure
subscription and service limits, quotas, and constraints" for the limits, none of which is enforced
here.
"""

from collections.abc import Iterable

from provisioner.catalog.service_limits import NETWORK_LIMITS, STORAGE_LIMITS, ServiceLimit
from provisioner.model.values import Json
from provisioner.simulator.bodies.validation import normalise_location
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud


def list_network_usages(cloud: Cloud, request: Request, subscription: str, location: str) -> Answer:
    """Answer the number of each kind of network resource in a region, and its limit."""
    return _answer_usages(cloud, request, NETWORK_LIMITS, subscription, location)


def list_storage_usages(cloud: Cloud, request: Request, subscription: str, location: str) -> Answer:
    """Answer the number of storage accounts in a region, and its limit."""
    return _answer_usages(cloud, request, STORAGE_LIMITS, subscription, location)


def _answer_usages(
    cloud: Cloud,
    request: Request,
    limits: Iterable[ServiceLimit],
    subscription: str,
    location: str,
) -> Answer:
    check_options(request, ())
    region = normalise_location(location)
    base = request.path.rstrip("/")

    def shown(limit: ServiceLimit) -> dict[str, Json]:
        return {
            "id": f"{base}/{limit.name}",
            "unit": "Count",
            "currentValue": _count_resources(cloud, limit.type, subscription, region),
            "limit": limit.most,
            "name": {"value": limit.name, "localizedValue": limit.words},
        }

    return page(cloud, request, list(limits), shown)


def _count_resources(cloud: Cloud, type_name: str, subscription: str, region: str) -> int:
    return sum(
        str(row.id.subscription).lower() == subscription.lower()
        and row.body.get("location") == region
        for row in cloud.store.resources.of_type(type_name)
    )
