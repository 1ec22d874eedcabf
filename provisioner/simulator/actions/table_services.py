"""The table service of a storage account, which exists from the account's creation.

Source: the Storage resource provider's "Table Services - Get Service Properties". A write to it is
stored like any resource outside the catalog.
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


def list_services(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the account's only table service."""
    return Answer(200, {"value": [_render_service(cloud, find_target(cloud, request))]})


def get_service(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the table service: as it was written, or with the values of a new account."""
    return Answer(200, _render_service(cloud, find_target(cloud, request, segments=2)))


def _render_service(cloud: Cloud, account: Record) -> Json:
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
