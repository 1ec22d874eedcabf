"""PUT …/vaults/NAME/accessPolicies/add, replace and remove (Key Vault "Vaults - Update Access
Policy"): what single principals may do, without the rest of the vault."""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.model.values import Json
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import put, thaw, value_at
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_LIST = "properties.accessPolicies"
_WHO = ("tenantId", "objectId", "applicationId")
_KINDS = ("add", "replace", "remove")

_Policy = dict[str, Any]


def update_access_policies(cloud: Cloud, request: Request, kind: str, **_place: str) -> Answer:
    """Answer the access policies of the vault, which has them from then on.

    `add` adds permissions to what a principal has, `replace` puts others in their place, `remove`
    takes them away, and the principal with the last.
    """
    row = find_target(cloud, request, segments=2)
    if kind.lower() not in _KINDS:
        raise BadRequestError(f"'{kind}' is none of {', '.join(_KINDS)}.", "operationKind")
    check_unlocked(cloud, row.id, row.body, deleting=False)
    stated = value_at(request.read_object(), _LIST)
    if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
        raise BadRequestError(f"{_LIST} is no list of access policies.", _LIST)
    whole: dict[str, Any] = thaw(row.body)
    held = value_at(whole, _LIST)
    policies = _changed(held if isinstance(held, list) else [], stated, kind.lower())
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


def _changed(held: Iterable[_Policy], stated: Iterable[_Policy], kind: str) -> list[_Policy]:
    policies = {_who(policy): policy for policy in held}
    for policy in stated:
        who = _who(policy)
        mine = policies.get(who)
        if kind == "replace" or (kind == "add" and mine is None):
            policies[who] = policy
        elif mine is not None:
            permissions = _permissions(mine, policy, adds=kind == "add")
            policies[who] = {**mine, "permissions": permissions}
            if not any(permissions.values()):
                del policies[who]
    return list(policies.values())


def _permissions(held: _Policy, stated: _Policy, *, adds: bool) -> dict[str, list[str]]:
    mine, theirs = (one.get("permissions") for one in (held, stated))
    mine = mine if isinstance(mine, Mapping) else {}
    theirs = theirs if isinstance(theirs, Mapping) else {}
    result: dict[str, list[str]] = {}
    for of in dict.fromkeys((*mine, *theirs)):
        before, named = list(mine.get(of) or ()), list(theirs.get(of) or ())
        folded = {str(one).lower() for one in (before if adds else named)}
        if adds:
            result[of] = [*before, *(one for one in named if str(one).lower() not in folded)]
        else:
            result[of] = [one for one in before if str(one).lower() not in folded]
    return result


def _who(policy: _Policy) -> tuple[str, ...]:
    return tuple(str(policy.get(name) or "").lower() for name in _WHO)
