"""Access policies of single principals (Key Vault "Vaults - Update Access Policy").

PUT accessPolicies/add, replace or remove changes them without the rest of the vault.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.model.values import Json
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import mutable_copy, put, value_at
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_LIST = "properties.accessPolicies"
_PRINCIPAL = ("tenantId", "objectId", "applicationId")
_KINDS = ("add", "replace", "remove")

_Policy = dict[str, Any]


def update_access_policies(
    cloud: Cloud, request: Request, kind: str, **_path_parameters: str
) -> Answer:
    """Answer the access policies of the vault after the change.

    `add` adds permissions to a principal's, `replace` replaces them, `remove` removes them, and the
    principal along with the last one.

    Raises:
        BadRequestError: the operation is unknown, or the policies are no list.
    """
    row = find_target(cloud, request, segments=2)
    if kind.lower() not in _KINDS:
        raise BadRequestError(f"'{kind}' is none of {', '.join(_KINDS)}.", "operationKind")
    check_unlocked(cloud, row.id, row.body, deleting=False)
    stated = value_at(request.read_object(), _LIST)
    if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
        raise BadRequestError(f"{_LIST} is no list of access policies.", _LIST)
    whole: dict[str, Any] = mutable_copy(row.body)
    current = value_at(whole, _LIST)
    policies = _apply_change(current if isinstance(current, list) else [], stated, kind.lower())
    put(whole, _LIST, policies)
    resource_type = cloud.catalog.get(row.type)
    version = request.query["api-version"]
    written = write_resource(cloud, resource_type, row.id, whole, version)
    shown: Json = {
        "id": f"{row.id.text}/accessPolicies/",
        "type": f"{row.type}/accessPolicies",
        "properties": {"accessPolicies": value_at(render(cloud, written), _LIST)},
    }
    return Answer(200, shown)


def _apply_change(
    current: Iterable[_Policy], stated: Iterable[_Policy], kind: str
) -> list[_Policy]:
    policies = {_principal_of(policy): policy for policy in current}
    for policy in stated:
        principal = _principal_of(policy)
        current_policy = policies.get(principal)
        if kind == "replace" or (kind == "add" and current_policy is None):
            policies[principal] = policy
        elif current_policy is not None:
            permissions = _merged_permissions(current_policy, policy, adds=kind == "add")
            policies[principal] = {**current_policy, "permissions": permissions}
            if not any(permissions.values()):
                del policies[principal]
    return list(policies.values())


def _merged_permissions(current: _Policy, stated: _Policy, *, adds: bool) -> dict[str, list[str]]:
    current_policy, stated_permissions = (one.get("permissions") for one in (current, stated))
    current_policy = current_policy if isinstance(current_policy, Mapping) else {}
    stated_permissions = stated_permissions if isinstance(stated_permissions, Mapping) else {}
    result: dict[str, list[str]] = {}
    for category in dict.fromkeys((*current_policy, *stated_permissions)):
        before, stated_names = (
            list(current_policy.get(category) or ()),
            list(stated_permissions.get(category) or ()),
        )
        folded = {str(one).lower() for one in (before if adds else stated_names)}
        if adds:
            result[category] = [
                *before,
                *(one for one in stated_names if str(one).lower() not in folded),
            ]
        else:
            result[category] = [one for one in before if str(one).lower() not in folded]
    return result


def _principal_of(policy: _Policy) -> tuple[str, ...]:
    return tuple(str(policy.get(name) or "").lower() for name in _PRINCIPAL)
