"""System-assigned identities (Managed Identity "System Assigned Identities - Get By Scope")."""

from provisioner.catalog.service_actions import SYSTEM_IDENTITY
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import require_resource
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.bodies.computed_values import lifetime_guid
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import TENANT, Cloud

_TYPE = SYSTEM_IDENTITY.action.removesuffix("/read")


def get_system_identity(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer the system-assigned identity of a resource.

    Raises:
        InvalidResourceTypeError: the path names no resource.
        RefusalError: the resource has none.
    """
    scope_id = parse_resource_id(scope)
    if scope_id is None:
        raise InvalidResourceTypeError(request.path)
    row = require_resource(cloud, scope_id)
    principal = value_at(row.body, "identity.principalId")
    if not isinstance(principal, str):
        raise RefusalError(
            404,
            "ResourceNotFound",
            f"The resource '{row.id.text}' has no system-assigned identity.",
            by_provider=True,
        )
    body: Json = {
        "id": f"{row.id.text}/providers/{_TYPE}/default",
        "name": "default",
        "type": _TYPE,
        "location": value_at(row.body, "location"),
        "properties": {
            "tenantId": TENANT,
            "principalId": principal,
            "clientId": lifetime_guid(cloud, row.id.text, "client"),
        },
    }
    return Answer(200, body)
