"""The table service of a storage account, which it has from the start as its other services.

Source: the Storage resource provider's "Table Services - Get Service Properties". What somebody
writes to it is stored as any resource outside the catalog.
"""

from provisioner.catalog.service_actions import TABLE_SERVICE
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import find_target
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_TYPE = TABLE_SERVICE.action.removesuffix("/read")
_NAME = "default"


def list_services(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the one service that an account has."""
    return Answer(200, {"value": [_show(cloud, find_target(cloud, request))]})


def get_service(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the service: as somebody wrote it, or as a new account has it."""
    return Answer(200, _show(cloud, find_target(cloud, request, segments=2)))


def _show(cloud: Cloud, account: Record) -> Json:
    service = ResourceId(_TYPE, (account.id.name, _NAME), account.id.scope)
    row = cloud.store.resources.get(service.key)
    if row is not None:
        return render(cloud, row)
    return {
        "sku": value_at(account.body, "sku"),
        "id": service.text,
        "name": _NAME,
        "type": _TYPE,
        "properties": {"cors": {"corsRules": []}},
    }
