"""The target resource of an action, and the long-running operation that an action starts."""

from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.operations import (
    OperationEffect,
    check_idle,
    operation_headers,
    start_operation,
)
from provisioner.simulator.protocol.errors import (
    InvalidResourceTypeError,
    RefusalError,
    ResourceNotFoundError,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.state.records import OperationKind, Record

_NO_EFFECT = OperationEffect()
_POLLING_HEADERS = ("Azure-AsyncOperation", "Location")


def find_target(cloud: Cloud, request: Request, segments: int = 1) -> Record:
    """Return the record of the resource that a path names before its last `segments`.

    A resource that does not exist, or whose group does not, is a RefusalError (404). So is a POST
    under a ReadOnly lock ("Lock your resources to protect your infrastructure": it blocks every
    POST, such as listing keys).

    Raises:
        InvalidResourceTypeError: the path names no resource.
    """
    resource = parse_resource_id(request.path.rstrip("/").rsplit("/", segments)[0])
    if resource is None:
        raise InvalidResourceTypeError(request.path)
    row = require_resource(cloud, resource)
    if request.method == "POST":
        check_unlocked(cloud, row.id, row.body, deleting=False)
    return row


def require_resource(cloud: Cloud, resource: ResourceId) -> Record:
    """Return the record of a resource.

    Raises:
        ResourceNotFoundError: it does not exist.
    """
    row = cloud.find(resource)
    if row is None:
        resource_type = cloud.type_of(resource)
        check_scope_exists(cloud, resource_type, resource, writing=False)
        raise ResourceNotFoundError(cloud.canonical(resource), resource_type.codes.not_found)
    return row


def start_action(
    cloud: Cloud,
    request: Request,
    row: Record,
    kind: OperationKind,
    effect: OperationEffect = _NO_EFFECT,
) -> Answer:
    """Start the long-running operation of an action and answer 202 with its polling URLs.

    Another running operation on the resource is a RefusalError.
    """
    resource_type = cloud.catalog.get(row.type)
    if kind is not OperationKind.READ:
        check_idle(cloud, resource_type, row.id, row.body)
    operation = start_operation(cloud, request, resource_type, row.id, kind, effect)
    return Answer(
        202, None, operation_headers(cloud, request, resource_type, operation, _POLLING_HEADERS)
    )


class BadRequestError(RefusalError):
    """A resource provider refuses an action with 400."""

    def __init__(self, message: str, target: str | None = None, code: str = "BadRequest") -> None:
        super().__init__(400, code, message, target=target, by_provider=True)
