"""Credentials of a container registry, and its usage of the tier's limits.

Source: the REST reference of Container Registry ("Registries - List Credentials", "- Regenerate
Credential", "- Generate Credentials", "- List Usages"); hashicorp/terraform-provider-azurerm#21440
for the refusal where the admin user is disabled.
"""

from provisioner.catalog.registry_tiers import LIMITS
from provisioner.catalog.service_actions import PRIVATE_ENDPOINT, REGISTRY
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.fake_keys import InventedKey, invented_key, regenerate_key
from provisioner.simulator.actions.targets import (
    BadRequestError,
    find_target,
    require_resource,
    start_action,
)
from provisioner.simulator.arm.operations import OperationEffect
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

_ADMIN_PASSWORDS = ("password", "password2")
_TOKEN_PASSWORDS = ("password1", "password2")
_BYTES = 39
_CHILDREN = {
    "Webhooks": f"{REGISTRY}/webhooks",
    "Geo-replications": f"{REGISTRY}/replications",
    "ScopeMaps": f"{REGISTRY}/scopeMaps",
    "Tokens": f"{REGISTRY}/tokens",
}
_LISTS = {
    "IPRules": "properties.networkRuleSet.ipRules",
    "VNetRules": "properties.networkRuleSet.virtualNetworkRules",
}


def list_credentials(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the admin user's name and invented passwords."""
    return _answer_credentials(cloud, _registry_with_admin(cloud, request))


def regenerate_credential(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the admin user's passwords, one of them regenerated.

    Raises:
        BadRequestError: the admin user is disabled, or there is no such password.
    """
    row = _registry_with_admin(cloud, request)
    name = str(request.read_object().get("name", ""))
    if name not in _ADMIN_PASSWORDS:
        raise BadRequestError(
            f"name is '{name}' and has to be {' or '.join(_ADMIN_PASSWORDS)}.", "name"
        )
    regenerate_key(cloud, row, name)
    return _answer_credentials(cloud, row)


def generate_credentials(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer 202; new passwords of a registry token are at `Location`.

    Raises:
        BadRequestError: the token is none of this registry, or there is no such password.
    """
    row = find_target(cloud, request)
    document = request.read_object()
    target = parse_resource_id(document.get("tokenId"))
    if target is None or target.type.lower() != f"{REGISTRY}/tokens".lower():
        raise BadRequestError("tokenId is no id of a token.", "tokenId")
    token = require_resource(cloud, target)
    if token.id.parent != row.id:
        raise BadRequestError(f"tokenId is of another registry than '{row.id.name}'.", "tokenId")
    password_name = document.get("name")
    if password_name not in (None, *_TOKEN_PASSWORDS):
        raise BadRequestError(
            f"name is '{password_name}' and has to be {' or '.join(_TOKEN_PASSWORDS)}.", "name"
        )
    names = [str(password_name)] if password_name else list(_TOKEN_PASSWORDS)
    for name in names:
        regenerate_key(cloud, token, name)
    expiry = document.get("expiry")
    passwords: list[Json] = []
    for name in names:
        key = invented_key(cloud, token, name, _BYTES)
        passwords.append(
            {
                "creationTime": key.created,
                **({"expiry": str(expiry)} if expiry else {}),
                **_render_password(name, key),
            }
        )
    answer: Json = {"username": token.id.name, "passwords": passwords}
    return start_action(cloud, request, row, OperationKind.READ, OperationEffect(answer=answer))


def list_usages(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the limits of the registry's tier and their usage; there are no images here."""
    row = find_target(cloud, request)
    tier = str(value_at(row.body, "sku.name")).lower()
    used = {
        name: sum(child.type == kind for child in cloud.store.resources.inside(row.id.key))
        for name, kind in _CHILDREN.items()
    }
    for name, path in _LISTS.items():
        entries = value_at(row.body, path)
        used[name] = len(entries) if isinstance(entries, (list, tuple)) else 0
    users = cloud.store.resources.referring_to(row.id.key)
    used["PrivateEndpointConnections"] = sum(user.type == PRIVATE_ENDPOINT for user in users)
    shown: list[Json] = [
        {
            "name": name,
            "limit": limit,
            "currentValue": used.get(name, 0),
            "unit": "Bytes" if name == "Size" else "Count",
        }
        for name, limit in LIMITS.get(tier, LIMITS["basic"]).items()
    ]
    return Answer(200, {"value": shown})


def _registry_with_admin(cloud: Cloud, request: Request) -> Record:
    row = find_target(cloud, request)
    if value_at(row.body, "properties.adminUserEnabled") is not True:
        raise BadRequestError(
            f"Cannot perform credential operations for {row.id.text} as admin user is disabled. "
            "Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/"
            "container-registry/container-registry-authentication#admin-account",
            code="UnAuthorizedForCredentialOperations",
        )
    return row


def _answer_credentials(cloud: Cloud, row: Record) -> Answer:
    passwords: list[Json] = [
        _render_password(name, invented_key(cloud, row, name, _BYTES)) for name in _ADMIN_PASSWORDS
    ]
    return Answer(200, {"username": row.id.name, "passwords": passwords})


def _render_password(name: str, key: InventedKey) -> dict[str, Json]:
    return {"name": name, "value": key.text}
