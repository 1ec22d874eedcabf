"""The file, queue and table services of a storage account, which it has from the start.

Source: the Storage resource provider's "File Services - Get Service Properties" and its neighbours,
with the settings of a new account ("Enable soft delete on Azure file shares": 7 days). What
somebody writes to one is stored as any resource.
"""

from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import find_target
from provisioner.simulator.bodies.answers import render
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import invalid_type
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_NO_CORS: Json = {"cors": {"corsRules": []}}
_FILES: dict[str, Json] = {
    "protocolSettings": {"smb": {}},
    "cors": {"corsRules": []},
    "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
}
_KINDS = {
    kind.lower(): (kind, settings)
    for kind, settings in (
        ("fileServices", _FILES),
        ("queueServices", _NO_CORS),
        ("tableServices", _NO_CORS),
    )
}


def list_services(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the one service of a kind that an account has."""
    account = find_target(cloud, request)
    return Answer(200, {"value": [_show(cloud, account, request.path.rstrip("/") + "/default")]})


def get_service(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer a service: as somebody wrote it, or as a new account has it."""
    account = find_target(cloud, request, segments=2)
    return Answer(200, _show(cloud, account, request.path.rstrip("/")))


def _show(cloud: Cloud, account: Record, path: str) -> Json:
    named = parse_resource_id(path)
    if named is None:
        raise invalid_type(path)
    row = cloud.store.resources.get(named.key)
    if row is not None:
        return render(cloud, row)
    kind, settings = _KINDS[named.type.rpartition("/")[2].lower()]
    place = ResourceId(f"{account.type}/{kind}", (account.id.name, "default"), account.id.scope)
    return {
        "sku": value_at(account.body, "sku"),
        "id": place.text,
        "name": "default",
        "type": place.type,
        "properties": settings,
    }
