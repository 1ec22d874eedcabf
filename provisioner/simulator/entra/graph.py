"""The part of Microsoft Graph that clients of Azure look principals up in.

Source: "Microsoft Graph REST API v1.0": users, groups, servicePrincipals, applications,
directoryObjects (getByIds, getMemberGroups). The directory is read only: a request that would
change it is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.simulator.entra.authority import Authority
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.entra.directory import (
    Principal,
    PrincipalKind,
    all_principals,
    find_application,
)
from provisioner.simulator.entra.graph_filter import read_filter, refuse_query
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request

_OPTIONS = frozenset({"$filter", "$select", "$top", "$count", "api-version"})
_PAGE = 999


def get_me(authority: Authority, request: Request) -> Answer:
    """Answer the user who asks; an application has no /me."""
    caller = read_caller(request)
    found = _find(authority, caller.object_id)
    if found is None or found.kind is not PrincipalKind.USER:
        raise RefusalError(
            400, "BadRequest", "/me request is only valid with delegated authentication flow."
        )
    return Answer(200, _selected(request, _user(found), "users/$entity"))


def list_organizations(authority: Authority, request: Request) -> Answer:
    """Answer the tenant that the token is of."""
    tenant = read_caller(request).tenant or authority.cloud.home_tenant
    return _listed(request, [{"id": tenant, "displayName": "built-in Azure",
                              "verifiedDomains": []}], "organization")  # fmt: skip


def list_objects(authority: Authority, request: Request, kind: str) -> Answer:
    """Answer the objects of a kind that `$filter` names."""
    kind = _spelled(kind)
    if kind == "directoryObjects":
        raise refuse_query("directoryObjects are read by id.")
    return _listed(request, list(_objects(authority, kind)), kind)


def get_object(authority: Authority, request: Request, kind: str, name: str) -> Answer:
    """Answer one object, a user by user principal name too."""
    kind = _spelled(kind)
    folded = name.lower()
    for each in _objects(authority, kind):
        if folded in (each["id"], str(each.get("userPrincipalName", "")).lower()):
            return Answer(200, _selected(request, each, f"{kind}/$entity"))
    raise _not_found(name)


def get_by_app_id(authority: Authority, request: Request, kind: str, app_id: str) -> Answer:
    """Answer the application, or its service principal, of a client id."""
    kind = _spelled(kind)
    found = find_application(authority.directory, authority.cloud, app_id)
    shown = _SHOWN.get(kind) if found is not None else None
    if found is None or shown is None or (kind == "applications" and found.managed):
        raise _not_found(app_id)
    return Answer(200, _selected(request, shown(found), f"{kind}/$entity"))


def list_by_ids(authority: Authority, request: Request) -> Answer:
    """Answer the objects of up to 1000 ids, as far as there are any."""
    document = _document(request)
    ids, types = document.get("ids"), document.get("types") or []
    if not isinstance(ids, list) or not isinstance(types, list) or len(ids) > 1000:
        raise RefusalError(400, "Request_BadRequest", "Expected up to 1000 'ids', and 'types'.")
    wanted = {str(each).lower() for each in ids}
    kinds = {str(each).lower() for each in types} - {"directoryobject"}
    found = [
        {"@odata.type": f"#microsoft.graph.{kind.removesuffix('s')}", **each}
        for kind in _SHOWN
        if not kinds or kind.removesuffix("s").lower() in kinds
        for each in _objects(authority, kind)
        if each["id"] in wanted
    ]
    return _listed(request, found, "directoryObjects")


def list_members(authority: Authority, request: Request, name: str, which: str) -> Answer:
    """Answer the members of a group, those of groups in it for `transitiveMembers`."""
    group = _find(authority, name)
    if group is None or group.kind is not PrincipalKind.GROUP:
        raise _not_found(name)
    everyone = list(all_principals(authority.directory, authority.cloud))
    members = [
        _typed(each)
        for each in everyone
        if each.object_id in group.members
        or (
            which.lower() == "transitivemembers"
            and group.object_id in authority.directory.groups_of(each.object_id)
        )
    ]
    return _listed(request, members, "directoryObjects")


def list_groups_of(
    authority: Authority, request: Request, kind: str, name: str, which: str
) -> Answer:
    """Answer the groups that an object is in, through others too for `transitiveMemberOf`."""
    del kind
    found = _require(authority, name)
    through = authority.directory.groups_of(found.object_id)
    groups = [
        _typed(each)
        for each in authority.directory.declared
        if each.object_id in through
        and (which.lower() == "transitivememberof" or found.object_id in each.members)
    ]
    return _listed(request, groups, "directoryObjects")


def list_group_ids(
    authority: Authority, request: Request, kind: str, name: str, which: str
) -> Answer:
    """Answer the ids of the groups that an object is in, through others too."""
    del kind, which
    _document(request)
    found = _require(authority, name)
    return Answer(200, {"value": sorted(authority.directory.groups_of(found.object_id))})


def _find(authority: Authority, name: str) -> Principal | None:
    folded = name.lower()
    return next(
        (
            each
            for each in all_principals(authority.directory, authority.cloud)
            if folded in (each.object_id, (each.user_name or "").lower())
        ),
        None,
    )


def _require(authority: Authority, name: str) -> Principal:
    found = _find(authority, name)
    if found is None:
        raise _not_found(name)
    return found


def _objects(authority: Authority, kind: str) -> Iterator[dict[str, Any]]:
    kinds = _KINDS if kind == "directoryObjects" else {kind: _KINDS[kind]}
    for name, principal_kind in kinds.items():
        for each in all_principals(authority.directory, authority.cloud):
            if each.kind is principal_kind and not (name == "applications" and each.managed):
                yield _SHOWN[name](each)


def _user(each: Principal) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "displayName": each.name,
        "userPrincipalName": each.user_name,
        "mail": each.user_name,
        "mailNickname": (each.user_name or "").partition("@")[0],
        "accountEnabled": True,
    }


def _group(each: Principal) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "displayName": each.name,
        "mailNickname": each.name,
        "mail": None,
        "mailEnabled": False,
        "securityEnabled": True,
    }


def _service_principal(each: Principal) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "appId": each.app_id,
        "displayName": each.name,
        "appDisplayName": each.name,
        "servicePrincipalNames": [each.app_id],
        "servicePrincipalType": "ManagedIdentity" if each.managed else "Application",
        "alternativeNames": [each.managed] if each.managed else [],
        "accountEnabled": True,
    }


def _application(each: Principal) -> dict[str, Any]:
    return {
        "id": each.application_object_id,
        "appId": each.app_id,
        "displayName": each.name,
        "identifierUris": [],
        "signInAudience": "AzureADMyOrg",
    }


_SHOWN = {
    "users": _user,
    "groups": _group,
    "servicePrincipals": _service_principal,
    "applications": _application,
}
_KINDS = {
    "users": PrincipalKind.USER,
    "groups": PrincipalKind.GROUP,
    "servicePrincipals": PrincipalKind.APPLICATION,
    "applications": PrincipalKind.APPLICATION,
}
_TYPES = {
    PrincipalKind.USER: ("user", _user),
    PrincipalKind.GROUP: ("group", _group),
    PrincipalKind.APPLICATION: ("servicePrincipal", _service_principal),
}


def _typed(each: Principal) -> dict[str, Any]:
    name, show = _TYPES[each.kind]
    return {"@odata.type": f"#microsoft.graph.{name}", **show(each)}


def _spelled(kind: str) -> str:
    """Return the name of a collection as it is documented: paths are compared without case."""
    return next((each for each in _SHOWN if each.lower() == kind.lower()), "directoryObjects")


def _listed(request: Request, found: list[dict[str, Any]], context: str) -> Answer:
    unknown = [name for name in request.query if name.startswith("$") and name not in _OPTIONS]
    if unknown:
        raise refuse_query(f"The query option '{unknown[0]}' is not supported.")
    text = request.query.get("$filter", "")
    if text:
        test = read_filter(text, _FILTERABLE)
        found = [each for each in found if test(each)]
    most = request.query.get("$top", str(_PAGE))
    if not most.isdigit() or not 1 <= int(most) <= _PAGE:
        raise RefusalError(400, "BadRequest", f"Invalid page size specified: '{most}'.")
    body: dict[str, Any] = {"@odata.context": _context(request, context)}
    if request.query.get("$count") == "true":
        body["@odata.count"] = len(found)
    names_shown = _selection(request)
    body["value"] = [_only(each, names_shown) for each in found[: int(most)]]
    return Answer(200, body)


_FILTERABLE = (
    "id", "displayName", "appId", "userPrincipalName", "servicePrincipalNames",
    "servicePrincipalType", "mail", "mailNickname", "appDisplayName", "identifierUris",
    "alternativeNames", "accountEnabled", "securityEnabled", "mailEnabled",
)  # fmt: skip


def _selected(request: Request, shown: Mapping[str, Any], context: str) -> dict[str, Any]:
    return {"@odata.context": _context(request, context), **_only(shown, _selection(request))}


def _selection(request: Request) -> frozenset[str]:
    return frozenset(n.strip().lower() for n in request.query.get("$select", "").split(",")) - {""}


def _only(shown: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in shown.items()
        if not names or name.startswith("@") or name.lower() in names
    }


def _context(request: Request, what: str) -> str:
    root = request.path.split("/")[1:3]
    return f"{request.base}/{'/'.join(root)}/$metadata#{what}"


def _document(request: Request) -> dict[str, Any]:
    return request.read_object()


def _not_found(name: str) -> RefusalError:
    return RefusalError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )
