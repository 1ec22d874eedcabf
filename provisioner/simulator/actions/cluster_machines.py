"""The machines of a node pool: listed, read, deleted.

Shapes: the REST reference of AKS ("Machines - List", "Agent Pools - Delete Machines"); the names
are as recorded (`aks-POOL-NNNNNNNN-vmss000000`, one number for a cluster). The built-in Azure runs
no machines, and they have no addresses: there is one for each node in the pool's count.
"""

from collections.abc import Iterator

from provisioner.catalog.node_pools import POOL, machines_of
from provisioner.catalog.service_actions import SCALE_SET
from provisioner.model.values import Json
from provisioner.simulator.actions.cluster_power import RUNNING, check_power
from provisioner.simulator.actions.targets import (
    BadRequestError,
    find_target,
    require_resource,
    start_action,
)
from provisioner.simulator.arm.operations import OperationEffect
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.state.records import OperationKind, Record

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def list_machines(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the machines of a pool; none while it is stopped."""
    pool = find_target(cloud, request)
    return Answer(
        200, {"value": [_render_machine(cloud, pool, name) for name in _machine_names(cloud, pool)]}
    )


def get_machine(cloud: Cloud, request: Request, machine: str, **_path_parameters: str) -> Answer:
    """Answer one machine.

    Raises:
        RefusalError: the pool does not have it.
    """
    pool = find_target(cloud, request, segments=2)
    for name in _machine_names(cloud, pool):
        if name.lower() == machine.lower():
            return Answer(200, _render_machine(cloud, pool, name))
    raise RefusalError(
        404, "NotFound", f"The pool '{pool.id.name}' has no machine '{machine}'.", by_provider=True
    )


def delete_machines(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST deleteMachines: the pool's count is lower by as many when the operation ends.

    Raises:
        BadRequestError: a machine is not of the pool, or the pool has no count of its own.
    """
    pool = find_target(cloud, request)
    assert pool.id.parent is not None
    check_power(require_resource(cloud, pool.id.parent), RUNNING, "deleting machines")
    requested = request.read_object().get("machineNames")
    to_delete = {str(name).lower() for name in requested} if isinstance(requested, list) else set()
    existing = {name.lower(): name for name in _machine_names(cloud, pool)}
    if not to_delete or not to_delete <= set(existing):
        unknown = ", ".join(sorted(to_delete - set(existing))) or "none"
        raise BadRequestError(
            f"machineNames has to name machines of the pool '{pool.id.name}': {unknown} is not.",
            "machineNames",
            "InvalidParameter",
        )
    count = value_at(pool.body, "properties.count")
    if not isinstance(count, int):
        raise BadRequestError(
            f"The machines of the pool '{pool.id.name}' are not counted by it.", "machineNames"
        )
    changes = {pool.id.key: {"properties": {"count": count - len(to_delete)}}}
    answer = start_action(cloud, request, pool, OperationKind.UPDATE, OperationEffect(changes))
    deleted = {
        number
        for number in _machine_numbers(cloud, pool)
        if _machine_name(pool, number).lower() in to_delete
    }
    cloud.store.service_state.put(
        _deleted_key(pool), sorted(deleted | set(_deleted_numbers(cloud, pool)))
    )
    return answer


def _machine_names(cloud: Cloud, pool: Record) -> list[str]:
    return [_machine_name(pool, number) for number in _machine_numbers(cloud, pool)]


def _machine_numbers(cloud: Cloud, pool: Record) -> Iterator[int]:
    """Yield the numbers of the machines; those of deleted machines are not reused."""
    if value_at(pool.body, "properties.powerState.code") == "Stopped":
        return
    count = sum(machines.first for machines in machines_of(pool.body.get("properties")))
    deleted, number = set(_deleted_numbers(cloud, pool)), 0
    while count > 0:
        if number not in deleted:
            yield number
            count -= 1
        number += 1


def _deleted_numbers(cloud: Cloud, pool: Record) -> list[int]:
    stored = cloud.store.service_state.get(_deleted_key(pool))
    return stored if isinstance(stored, list) else []


def _deleted_key(pool: Record) -> str:
    return f"{pool.id.key}|deleted machines"


def _machine_name(pool: Record, number: int) -> str:
    """Return the name of a machine; scale sets count instances in base 36."""
    return f"{_scale_set_name(pool)}{_base_36(number):0>6}"


def _base_36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text or "0"


def _scale_set_name(pool: Record) -> str:
    cluster = pool.id.parent.text if pool.id.parent else ""
    serial = int(stable_guid(cluster, "machines")[:8], 16) % 10**8
    return f"aks-{pool.id.name}-{serial:08}-vmss"


def _render_machine(cloud: Cloud, pool: Record, name: str) -> Json:
    assert pool.id.parent is not None
    cluster = require_resource(cloud, pool.id.parent)
    group = value_at(cluster.body, "properties.nodeResourceGroup")
    number = int(name[-6:], 36)
    zones = value_at(pool.body, "properties.availabilityZones")
    shown: dict[str, Json] = {
        "id": f"{pool.id.text}/machines/{name}",
        "name": name,
        "type": f"{POOL}/machines",
        "properties": {
            "resourceId": f"/subscriptions/{pool.id.subscription}/resourceGroups/{group}/providers"
            f"/{SCALE_SET}/{_scale_set_name(pool)}"
            f"/virtualMachines/{number}",
        },
    }
    if isinstance(zones, (list, tuple)) and zones:
        shown["zones"] = [zones[number % len(zones)]]
    return shown
