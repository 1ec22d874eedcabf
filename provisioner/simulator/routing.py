"""Routing of ARM requests: a route, a deleted resource, a resource, or a list.

Routes of operations are tried first, since their paths may also read as ids of resources
(`…/vaults/NAME/accessPolicies/add`). A subscription exists from its first use on.
"""

import re
from collections.abc import Iterable

from provisioner.model.resource_id import parse_resource_id
from provisioner.simulator.actions import routes as actions
from provisioner.simulator.arm import listing, resources, subscriptions
from provisioner.simulator.arm import routes as arm
from provisioner.simulator.arm.offered_versions import check_offered
from provisioner.simulator.authorization import routes as authorization
from provisioner.simulator.authorization.required_permissions import named_type
from provisioner.simulator.deployments import routes as deployments
from provisioner.simulator.entra.authority import Authority
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.logs import routes as logs
from provisioner.simulator.policy import routes as policy
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.query_options import check_query_options
from provisioner.simulator.protocol.routes import PROVIDER, Handler, Route, compile_path
from provisioner.simulator.resource_graph import routes as resource_graph
from provisioner.simulator.services import deleted
from provisioner.simulator.services import routes as services
from provisioner.simulator.state.cloud import Cloud

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9-]+)?", re.IGNORECASE)


def match_route(
    routes: Iterable[Route], world: Cloud | Authority, request: Request
) -> Answer | None:
    """Answer by the first matching route; None if none matches."""
    method = "GET" if request.method == "HEAD" else request.method
    for each in routes:
        match = each.pattern.fullmatch(request.path) if each.method == method else None
        if match is not None:
            return each.handler(world, request, **match.groupdict())
    return None


def route(cloud: Cloud, request: Request) -> Answer:
    """Answer a request to Azure Resource Manager; an invalid request is a RefusalError."""
    _check_subscription(cloud, request)
    answer = match_route(ROUTES, cloud, request)
    if answer is not None:
        return answer
    resource_type, _ = named_type(cloud, request)
    if resource_type is not None:
        check_offered(cloud, resource_type, request.query["api-version"])
    return _route_deleted(cloud, request) or _route_resource(cloud, request)


ROUTES: tuple[Route, ...] = (
    *arm.ROUTES,
    *deployments.ROUTES,
    *services.ROUTES,
    *actions.ROUTES,
    *policy.ROUTES,
    *authorization.ROUTES,
    *logs.ROUTES,
    *resource_graph.ROUTES,
)
"""Everything of Azure Resource Manager that is answered beside resources, their lists and what is
soft-deleted."""
_DELETED = compile_path(
    PROVIDER + r"(/locations/{location})?/deleted(?P<kind>\w+)(/{name})?(?P<purge>/purge)?"
)


def _route_deleted(cloud: Cloud, request: Request) -> Answer | None:
    """Answer a request about soft-deleted resources; None for any other."""
    match = _DELETED.fullmatch(request.path)
    if match is None:
        return None
    resource_type = deleted.find_soft_deleting(cloud, match["namespace"], match["kind"])
    if resource_type is None:
        return None
    if match["name"] is None:
        check_query_options(request, ())
        return deleted.list_deleted(cloud, resource_type, match["subscription"])
    place, name = match["location"] or "", match["name"]
    if match["purge"] and request.method == "POST":
        return deleted.purge_deleted(cloud, request, resource_type, place, name)
    return deleted.get_deleted(cloud, resource_type, place, name)


_METHODS: dict[str, Handler] = {
    "GET": resources.get_resource,
    "HEAD": resources.head_resource,
    "PUT": resources.put_resource,
    "PATCH": resources.patch_resource,
    "DELETE": resources.delete_resource,
}


def _route_resource(cloud: Cloud, request: Request) -> Answer:
    """Answer a request about one resource, or a list of one type.

    Raises:
        InvalidResourceTypeError: the path is no id.
        RefusalError: the method is not supported.
    """
    resource = parse_resource_id(request.path.rstrip("/"))
    if resource is not None and request.method in _METHODS:
        return _METHODS[request.method](cloud, request, resource)
    sample = parse_resource_id(request.path.rstrip("/") + "/-")
    if sample is not None and request.method == "GET":
        return listing.list_type(cloud, request, sample)
    if resource is None and sample is None:
        raise InvalidResourceTypeError(request.path)
    raise RefusalError(
        405,
        "MethodNotAllowed",
        f"The built-in Azure does not know {request.method} {request.path}.",
    )


def check_api_version(request: Request) -> None:
    """Check that a request has a well-formed API version.

    Raises:
        RefusalError: it has none.
    """
    version = request.query.get("api-version")
    if version is None:
        raise RefusalError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _API_VERSION.fullmatch(version):
        raise RefusalError(
            400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid."
        )


def _check_subscription(cloud: Cloud, request: Request) -> None:
    segments = request.path.split("/")
    if len(segments) < 3 or segments[1].lower() != "subscriptions":
        return
    if not GUID.fullmatch(segments[2]):
        raise RefusalError(
            400,
            "InvalidSubscriptionId",
            f"The provided subscription identifier '{segments[2]}' is malformed or invalid.",
        )
    subscriptions.record_subscription(cloud, segments[2], read_caller(request).tenant)
