"""The part of Microsoft Graph in which clients of Azure look up principals.

Source: "Microsoft Graph REST API v1.0": users, groups, servicePrincipals, applications,
directoryObjects (getByIds, getMemberGroups). The directory is read-only: requests that would change
it are refused.
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
from provisioner.simulator.entra.graph_filter import UnsupportedQueryError, read_filter
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request

_OPTIONS = frozenset({"$filter", "$select", "$top", "$count", "api-version"})
_PAGE = 999
"""The largest `$top` of Microsoft Graph ("Paging Microsoft Graph data")."""


def get_me(authority: Authority, request: Request) -> Answer:
    """Answer the signed-in user.

    Raises:
        RefusalError: the caller is an application.
    """
    caller = read_caller(request)
    found = _find_principal(authority, caller.object_id)
    if found is None or found.kind is not PrincipalKind.USER:
        raise RefusalError(
            400, "BadRequest", "/me request is only valid with delegated authentication flow."
        )
    return Answer(200, _select_properties(request, _render_user(found), "users/$entity"))


def list_organizations(authority: Authority, request: Request) -> Answer:
    """Answer the tenant of the token."""
    tenant = read_caller(request).tenant or authority.cloud.home_tenant
    return _answer_list(request, [{"id": tenant, "displayName": "built-in Azure",
                              "verifiedDomains": []}], "organization")  # fmt: skip


def list_objects(authority: Authority, request: Request, kind: str) -> Answer:
    """Answer the objects of a kind, by `$filter`.

    Raises:
        UnsupportedQueryError: directoryObjects are not listed.
    """
    kind = _canonical_kind(kind)
    if kind == "directoryObjects":
        raise UnsupportedQueryError("directoryObjects are read by id.")
    return _answer_list(request, list(_objects_of_kind(authority, kind)), kind)


def get_object(authority: Authority, request: Request, kind: str, name: str) -> Answer:
    """Answer one object; a user by user principal name too.

    Raises:
        ObjectNotFoundError: there is none.
    """
    kind = _canonical_kind(kind)
    folded = name.lower()
    for each in _objects_of_kind(authority, kind):
        if folded in (each["id"], str(each.get("userPrincipalName", "")).lower()):
            return Answer(200, _select_properties(request, each, f"{kind}/$entity"))
    raise ObjectNotFoundError(name)


def get_by_app_id(authority: Authority, request: Request, kind: str, app_id: str) -> Answer:
    """Answer the application, or its service principal, of a client id.

    Raises:
        ObjectNotFoundError: there is none.
    """
    kind = _canonical_kind(kind)
    found = find_application(authority.directory, authority.cloud, app_id)
    shown = _RENDERERS.get(kind) if found is not None else None
    if found is None or shown is None or (kind == "applications" and found.managed):
        raise ObjectNotFoundError(app_id)
    return Answer(200, _select_properties(request, shown(found), f"{kind}/$entity"))


def list_by_ids(authority: Authority, request: Request) -> Answer:
    """Answer the existing objects of up to 1000 ids.

    Raises:
        RefusalError: there are more, or the body is malformed.
    """
    document = _read_document(request)
    ids, types = document.get("ids"), document.get("types") or []
    if not isinstance(ids, list) or not isinstance(types, list) or len(ids) > 1000:
        raise RefusalError(400, "Request_BadRequest", "Expected up to 1000 'ids', and 'types'.")
    sought_ids = {str(each).lower() for each in ids}
    kinds = {str(each).lower() for each in types} - {"directoryobject"}
    found = [
        {"@odata.type": f"#microsoft.graph.{kind.removesuffix('s')}", **each}
        for kind in _RENDERERS
        if not kinds or kind.removesuffix("s").lower() in kinds
        for each in _objects_of_kind(authority, kind)
        if each["id"] in sought_ids
    ]
    return _answer_list(request, found, "directoryObjects")


def list_members(authority: Authority, request: Request, name: str, which: str) -> Answer:
    """Answer the members of a group; with `transitiveMembers` those of nested groups too.

    Raises:
        ObjectNotFoundError: there is no such group.
    """
    group = _find_principal(authority, name)
    if group is None or group.kind is not PrincipalKind.GROUP:
        raise ObjectNotFoundError(name)
    everyone = list(all_principals(authority.directory, authority.cloud))
    members = [
        _render_typed(each)
        for each in everyone
        if each.object_id in group.members
        or (
            which.lower() == "transitivemembers"
            and group.object_id in authority.directory.groups_of(each.object_id)
        )
    ]
    return _answer_list(request, members, "directoryObjects")


def list_groups_of(
    authority: Authority, request: Request, kind: str, name: str, which: str
) -> Answer:
    """Answer the groups of an object; with `transitiveMemberOf` indirect ones too."""
    del kind
    found = _require_principal(authority, name)
    through = authority.directory.groups_of(found.object_id)
    groups = [
        _render_typed(each)
        for each in authority.directory.declared
        if each.object_id in through
        and (which.lower() == "transitivememberof" or found.object_id in each.members)
    ]
    return _answer_list(request, groups, "directoryObjects")


def list_group_ids(
    authority: Authority, request: Request, kind: str, name: str, which: str
) -> Answer:
    """Answer the ids of the groups of an object, direct and transitive."""
    del kind, which
    _read_document(request)
    found = _require_principal(authority, name)
    return Answer(200, {"value": sorted(authority.directory.groups_of(found.object_id))})


def _find_principal(authority: Authority, name: str) -> Principal | None:
    folded = name.lower()
    return next(
        (
            each
            for each in all_principals(authority.directory, authority.cloud)
            if folded in (each.object_id, (each.user_name or "").lower())
        ),
        None,
    )


def _require_principal(authority: Authority, name: str) -> Principal:
    found = _find_principal(authority, name)
    if found is None:
        raise ObjectNotFoundError(name)
    return found


def _objects_of_kind(authority: Authority, kind: str) -> Iterator[dict[str, Any]]:
    kinds = _KINDS if kind == "directoryObjects" else {kind: _KINDS[kind]}
    for name, principal_kind in kinds.items():
        for each in all_principals(authority.directory, authority.cloud):
            if each.kind is principal_kind and not (name == "applications" and each.managed):
                yield _RENDERERS[name](each)


def _render_user(each: Principal) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "displayName": each.name,
        "userPrincipalName": each.user_name,
        "mail": each.user_name,
        "mailNickname": (each.user_name or "").partition("@")[0],
        "accountEnabled": True,
    }


def _render_group(each: Principal) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "displayName": each.name,
        "mailNickname": each.name,
        "mail": None,
        "mailEnabled": False,
        "securityEnabled": True,
    }


def _render_service_principal(each: Principal) -> dict[str, Any]:
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


def _render_application(each: Principal) -> dict[str, Any]:
    return {
        "id": each.application_object_id,
        "appId": each.app_id,
        "displayName": each.name,
        "identifierUris": [],
        "signInAudience": "AzureADMyOrg",
    }


_RENDERERS = {
    "users": _render_user,
    "groups": _render_group,
    "servicePrincipals": _render_service_principal,
    "applications": _render_application,
}
_KINDS = {
    "users": PrincipalKind.USER,
    "groups": PrincipalKind.GROUP,
    "servicePrincipals": PrincipalKind.APPLICATION,
    "applications": PrincipalKind.APPLICATION,
}
_TYPES = {
    PrincipalKind.USER: ("user", _render_user),
    PrincipalKind.GROUP: ("group", _render_group),
    PrincipalKind.APPLICATION: ("servicePrincipal", _render_service_principal),
}


def _render_typed(each: Principal) -> dict[str, Any]:
    name, show = _TYPES[each.kind]
    return {"@odata.type": f"#microsoft.graph.{name}", **show(each)}


def _canonical_kind(kind: str) -> str:
    """Return a collection's documented name: paths are matched without case."""
    return next((each for each in _RENDERERS if each.lower() == kind.lower()), "directoryObjects")


def _answer_list(request: Request, found: list[dict[str, Any]], context: str) -> Answer:
    unknown = [name for name in request.query if name.startswith("$") and name not in _OPTIONS]
    if unknown:
        raise UnsupportedQueryError(f"The query option '{unknown[0]}' is not supported.")
    text = request.query.get("$filter", "")
    if text:
        test = read_filter(text, _FILTERABLE)
        found = [each for each in found if test(each)]
    most = request.query.get("$top", str(_PAGE))
    if not most.isdigit() or not 1 <= int(most) <= _PAGE:
        raise RefusalError(400, "BadRequest", f"Invalid page size specified: '{most}'.")
    body: dict[str, Any] = {"@odata.context": _context_url(request, context)}
    if request.query.get("$count") == "true":
        body["@odata.count"] = len(found)
    names_shown = _selected_names(request)
    body["value"] = [_keep_properties(each, names_shown) for each in found[: int(most)]]
    return Answer(200, body)


_FILTERABLE = (
    "id", "displayName", "appId", "userPrincipalName", "servicePrincipalNames",
    "servicePrincipalType", "mail", "mailNickname", "appDisplayName", "identifierUris",
    "alternativeNames", "accountEnabled", "securityEnabled", "mailEnabled",
)  # fmt: skip


def _select_properties(request: Request, shown: Mapping[str, Any], context: str) -> dict[str, Any]:
    return {
        "@odata.context": _context_url(request, context),
        **_keep_properties(shown, _selected_names(request)),
    }


def _selected_names(request: Request) -> frozenset[str]:
    return frozenset(n.strip().lower() for n in request.query.get("$select", "").split(",")) - {""}


def _keep_properties(shown: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in shown.items()
        if not names or name.startswith("@") or name.lower() in names
    }


def _context_url(request: Request, what: str) -> str:
    root = request.path.split("/")[1:3]
    return f"{request.base}/{'/'.join(root)}/$metadata#{what}"


def _read_document(request: Request) -> dict[str, Any]:
    return request.read_object()


class ObjectNotFoundError(RefusalError):
    """The directory has no such object."""

    def __init__(self, name: str) -> None:
        super().__init__(
            404,
            "Request_ResourceNotFound",
            f"Resource '{name}' does not exist or one of its queried reference-property objects "
            "are not present.",
        )
