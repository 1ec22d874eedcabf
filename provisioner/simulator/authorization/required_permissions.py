"""What a caller has to be allowed: the request itself, and all that its body points to."""

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
_PLAIN = (
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
_OF_DEPLOYMENTS = {
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
class Demand:
    """An action that a request takes, on a scope. `linked` is for what a body points to. `within`
    is for what a role anywhere in the scope grants: a Contributor of a resource group polls the
    operations that they started, whose addresses are in the subscription."""

    action: str
    scope: str
    linked: bool = False
    within: bool = False

    @property
    def place(self) -> ResourceId | None:
        """Where a role has to hold: at the scope; for a list, whose path names no resource, at what
        its resources stand in. None for the tenant."""
        named = parse_resource_id(self.scope)
        listed = parse_resource_id(f"{self.scope}/{_ANY_NAME}") if named is None else None
        return listed.container if listed is not None else named


def named_type(cloud: Cloud, request: Request) -> tuple[ResourceType | None, ResourceId | None]:
    """Return the type that a request is about, and the id where it names one."""
    named = parse_resource_id(request.path)
    resource = named or parse_resource_id(f"{request.path}/{_ANY_NAME}")
    return (cloud.catalog.of(resource) if resource else None), resource


def demands_of(cloud: Cloud, request: Request) -> tuple[Demand, ...]:
    """Return the actions that a request takes, its own first; none where it needs no permission."""
    own = _own(cloud, request)
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
        *(Demand(action, own.scope) for action in changed),
        *(Demand(action, target.text, linked=True) for action, target in links),
    )


def _own(cloud: Cloud, request: Request) -> Demand | None:
    asked = (endpoint.action_at(request.method, request.path) for endpoint in cloud.endpoints)
    action = next((action for action in asked if action is not None), None)
    if action is not None:
        return Demand(action, _scope_of(request) or _named_scope(request))
    return _of_deployment(request) or _of_resource(cloud, request)


def _of_deployment(request: Request) -> Demand | None:
    """Return what a request about deployments takes: they are no type of the catalog. ("Azure
    permissions for Management and governance": Microsoft Resources.)"""
    match = _DEPLOYMENT.fullmatch(request.path) or _OPERATIONS.fullmatch(request.path)
    if match is None:
        return None
    part = match["part"]
    verb = _VERBS.get(request.method, "action")
    if part is not None:
        kind = part.partition("/")[0].lower()
        verb = f"{_OF_DEPLOYMENTS.get(kind, kind)}/{verb}"
    place = match["scope"]
    if match["name"] is not None:
        place += f"/providers/{DEPLOYMENT_TYPE}/{match['name']}"
    return Demand(f"{DEPLOYMENT_TYPE}/{verb}", place)


def _scope_of(request: Request) -> str:
    """Return the id before the last part of a path: the subscription where that is none."""
    scope = request.path.partition("/providers")[0]
    if not scope or parse_resource_id(scope) is not None:
        return scope
    return "/".join(scope.split("/")[:3])


def _named_scope(request: Request) -> str:
    """Return the first subscription that a body names: a query of Resource Graph has none in its
    path."""
    body = _body_of(request) or {}
    named = body.get("subscriptions")
    return f"/subscriptions/{named[0]}" if isinstance(named, list) and named else ""


def _of_resource(cloud: Cloud, request: Request) -> Demand | None:
    for pattern, action in _PLAIN:
        match = pattern.fullmatch(request.path)
        if match is not None and request.method == "GET":
            return Demand(action, match["scope"])
    match = _POLLED.fullmatch(request.path)
    if match is not None:
        read = _POLLING[match["kind"].lower()]
        return Demand(f"{match['namespace']}/{read}/read", match["scope"], within=True)
    if request.method == "POST":
        base, _, verb = request.path.rpartition("/")
        resource = parse_resource_id(base)
        resource_type = cloud.catalog.of(resource) if resource else None
        if resource is None or resource_type is None:
            return None
        return Demand(f"{type_label(resource, resource_type)}/{verb}/action", resource.text)
    resource_type, resource = named_type(cloud, request)
    together = cloud.catalog.listed_together(resource.type) if resource is not None else ()
    if resource is None or not (resource_type or together):
        return None
    verb = _VERBS.get(request.method, "action")
    label = type_label(resource, resource_type) if resource_type else together[0].list_name
    return Demand(f"{label}/{verb}", resource.text.removesuffix(f"/{_ANY_NAME}"))


def _body_of(request: Request) -> dict[str, object] | None:
    try:
        body = json.loads(request.content or b"{}")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
