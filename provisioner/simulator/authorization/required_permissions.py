"""The permissions that a request requires: for itself, and for the resources in its body.

A write also needs the actions on what it refers to, such as `subnets/join/action`; without them
Azure answers LinkedAuthorizationFailed (guidelines.md §3.5). A list needs `read` on the container
of the listed resources.
"""

import json
import re
from dataclasses import dataclass

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.catalog.permissions import (
    DELETED_GROUP,
    LIST_GROUP_RESOURCES,
    LIST_RESOURCES,
    changed_actions,
    linked_actions,
)
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import Cloud, type_label

_VERBS = {"PUT": "write", "PATCH": "write", "DELETE": "delete", "GET": "read", "HEAD": "read"}
_S = "(?P<scope>/subscriptions/[^/]+)"
_LIST_ACTIONS = (
    (re.compile(f"{_S}/resources", re.IGNORECASE), LIST_RESOURCES),
    (
        re.compile("(?P<scope>/subscriptions/[^/]+/resourcegroups/[^/]+)/resources", re.IGNORECASE),
        LIST_GROUP_RESOURCES,
    ),
    (re.compile(f"{_S}/operationresults/[^/]+", re.IGNORECASE), DELETED_GROUP),
)
_DEPLOYMENT = re.compile(
    f"(?P<scope>.*)/providers/{DEPLOYMENT_TYPE}(?:/(?P<name>[^/]+)(?:/(?P<part>.+?))?)?/?",
    re.IGNORECASE,
)
_OPERATIONS = re.compile(
    "(?P<scope>/subscriptions/[^/]+/resourcegroups/[^/]+)/deployments/(?P<name>[^/]+)/"
    "(?P<part>operations.*)",
    re.IGNORECASE,
)
_DEPLOYMENT_ACTIONS = {
    "exporttemplate": "exportTemplate",
    "operationresults": "operationstatuses",
    "operationstatuses": "operationstatuses",
    "whatif": "whatIf",
}
_POLLED = re.compile(
    f"{_S}/providers/(?P<namespace>[^/]+)/locations/[^/]+/"
    "(?P<kind>operations|operationResults|asyncoperations)/.+",
    re.IGNORECASE,
)
_POLLING = {
    "operations": "locations/operations",
    "operationresults": "locations/operationResults",
    "asyncoperations": "operations",
}
"""What is read, in the words of an action, where an operation is polled."""


_ANY_NAME = "-"
"""In the place of a name in the id that a list's path lacks one for."""


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """An action that a request requires on a scope.

    linked  it is for a resource that the body refers to
    within  a role anywhere in the scope suffices: a Contributor of a resource group polls their
            operations, whose URLs are in the subscription
    """

    action: str
    scope: str
    linked: bool = False
    within: bool = False

    @property
    def scope_id(self) -> ResourceId | None:
        """The scope at which a role must apply; None for the tenant.

        The path of a list names no resource: its scope is the container of the listed resources.
        """
        named = parse_resource_id(self.scope)
        listed = parse_resource_id(f"{self.scope}/{_ANY_NAME}") if named is None else None
        return listed.container if listed is not None else named


def named_type(cloud: Cloud, request: Request) -> tuple[ResourceType | None, ResourceId | None]:
    """Return the type that a request is about, and the id if it names a resource."""
    named = parse_resource_id(request.path)
    resource = named or parse_resource_id(f"{request.path}/{_ANY_NAME}")
    return (cloud.catalog.of(resource) if resource else None), resource


def required_permissions(cloud: Cloud, request: Request) -> tuple[RequiredPermission, ...]:
    """Return the permissions that a request requires, its own first; none if it requires none."""
    own = _own_permission(cloud, request)
    if own is None:
        return ()
    if request.method not in ("PUT", "PATCH"):
        return (own,)
    resource_type, resource = named_type(cloud, request)
    body = _body_of(request)
    if resource_type is None or body is None:
        return (own,)
    links = linked_actions(resource_type, cloud.catalog.schemas, body)
    row = cloud.store.resources.get(resource.key) if resource is not None else None
    changed = changed_actions(resource_type, row.body, body) if row is not None else ()
    return (
        own,
        *(RequiredPermission(action, own.scope) for action in changed),
        *(RequiredPermission(action, target.text, linked=True) for action, target in links),
    )


def _own_permission(cloud: Cloud, request: Request) -> RequiredPermission | None:
    actions = (endpoint.action_at(request.method, request.path) for endpoint in cloud.endpoints)
    action = next((action for action in actions if action is not None), None)
    if action is not None:
        return RequiredPermission(action, _scope_of(request) or _named_scope(request))
    return _deployment_permission(request) or _resource_permission(cloud, request)


def _deployment_permission(request: Request) -> RequiredPermission | None:
    """Return the permission of a request about deployments, which are no type of the catalog.

    Source: "Azure permissions for Management and governance": Microsoft Resources.
    """
    match = _DEPLOYMENT.fullmatch(request.path) or _OPERATIONS.fullmatch(request.path)
    if match is None:
        return None
    part = match["part"]
    verb = _VERBS.get(request.method, "action")
    if part is not None:
        kind = part.partition("/")[0].lower()
        verb = f"{_DEPLOYMENT_ACTIONS.get(kind, kind)}/{verb}"
    scope_id = match["scope"]
    if match["name"] is not None:
        scope_id += f"/providers/{DEPLOYMENT_TYPE}/{match['name']}"
    return RequiredPermission(f"{DEPLOYMENT_TYPE}/{verb}", scope_id)


def _scope_of(request: Request) -> str:
    """Return the id before the last part of a path, or the subscription if that is no id."""
    scope = request.path.partition("/providers")[0]
    if not scope or parse_resource_id(scope) is not None:
        return scope
    return "/".join(scope.split("/")[:3])


def _named_scope(request: Request) -> str:
    """Return the first subscription in a body: a Resource Graph query has none in its path."""
    body = _body_of(request) or {}
    named = body.get("subscriptions")
    return f"/subscriptions/{named[0]}" if isinstance(named, list) and named else ""


def _resource_permission(cloud: Cloud, request: Request) -> RequiredPermission | None:
    for pattern, action in _LIST_ACTIONS:
        match = pattern.fullmatch(request.path)
        if match is not None and request.method == "GET":
            return RequiredPermission(action, match["scope"])
    match = _POLLED.fullmatch(request.path)
    if match is not None:
        read = _POLLING[match["kind"].lower()]
        return RequiredPermission(f"{match['namespace']}/{read}/read", match["scope"], within=True)
    if request.method == "POST":
        base, _, verb = request.path.rpartition("/")
        resource = parse_resource_id(base)
        resource_type = cloud.catalog.of(resource) if resource else None
        if resource is None or resource_type is None:
            return None
        return RequiredPermission(
            f"{type_label(resource, resource_type)}/{verb}/action", resource.text
        )
    resource_type, resource = named_type(cloud, request)
    together = cloud.catalog.listed_together(resource.type) if resource is not None else ()
    if resource is None or not (resource_type or together):
        return None
    verb = _VERBS.get(request.method, "action")
    label = type_label(resource, resource_type) if resource_type else together[0].list_name
    return RequiredPermission(f"{label}/{verb}", resource.text.removesuffix(f"/{_ANY_NAME}"))


def _body_of(request: Request) -> dict[str, object] | None:
    try:
        body = json.loads(request.content or b"{}")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
