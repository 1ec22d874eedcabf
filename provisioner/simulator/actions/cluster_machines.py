"""The machines of a node pool: listed, read, deleted.

Shapes: the REST reference of AKS ("Machines - List", "Agent Pools - Delete Machines"); the names
are as recorded (`aks-POOL-NNNNNNNN-vmss000000`, one number for a cluster). The built-in Azure runs
no machines, and they have no addresses: there is one for each node that the pool counts.
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
from provisioner.simulator.arm.operations import Effect
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.state.records import OperationKind, Record

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def list_machines(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the machines of a pool; none where it is stopped."""
    pool = find_target(cloud, request)
    return Answer(200, {"value": [_show(cloud, pool, name) for name in _names(cloud, pool)]})


def get_machine(cloud: Cloud, request: Request, machine: str, **_place: str) -> Answer:
    """Answer one machine."""
    pool = find_target(cloud, request, segments=2)
    for name in _names(cloud, pool):
        if name.lower() == machine.lower():
            return Answer(200, _show(cloud, pool, name))
    raise RefusalError(
        404, "NotFound", f"The pool '{pool.id.name}' has no machine '{machine}'.", by_provider=True
    )


def delete_machines(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST deleteMachines: the pool counts as many nodes fewer in the end."""
    pool = find_target(cloud, request)
    assert pool.id.parent is not None
    check_power(require_resource(cloud, pool.id.parent), RUNNING, "deleting machines")
    named = request.read_object().get("machineNames")
    wanted = {str(name).lower() for name in named} if isinstance(named, list) else set()
    there = {name.lower(): name for name in _names(cloud, pool)}
    if not wanted or not wanted <= set(there):
        unknown = ", ".join(sorted(wanted - set(there))) or "none"
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
    changes = {pool.id.key: {"properties": {"count": count - len(wanted)}}}
    answer = start_action(cloud, request, pool, OperationKind.UPDATE, Effect(changes))
    gone = {number for number in _numbers(cloud, pool) if _name(pool, number).lower() in wanted}
    cloud.store.service_state.put(_deleted(pool), sorted(gone | set(_gone(cloud, pool))))
    return answer


def _names(cloud: Cloud, pool: Record) -> list[str]:
    return [_name(pool, number) for number in _numbers(cloud, pool)]


def _numbers(cloud: Cloud, pool: Record) -> Iterator[int]:
    """Yield the numbers of the machines: those of deleted ones are not given again."""
    if value_at(pool.body, "properties.powerState.code") == "Stopped":
        return
    count = sum(machines.first for machines in machines_of(pool.body.get("properties")))
    gone, number = set(_gone(cloud, pool)), 0
    while count > 0:
        if number not in gone:
            yield number
            count -= 1
        number += 1


def _gone(cloud: Cloud, pool: Record) -> list[int]:
    held = cloud.store.service_state.get(_deleted(pool))
    return held if isinstance(held, list) else []


def _deleted(pool: Record) -> str:
    return f"{pool.id.key}|deleted machines"


def _name(pool: Record, number: int) -> str:
    """Return a machine's name: scale sets count in base 36."""
    return f"{_scale_set(pool)}{_base_36(number):0>6}"


def _base_36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text or "0"


def _scale_set(pool: Record) -> str:
    cluster = pool.id.parent.text if pool.id.parent else ""
    serial = int(stable_guid(cluster, "machines")[:8], 16) % 10**8
    return f"aks-{pool.id.name}-{serial:08}-vmss"


def _show(cloud: Cloud, pool: Record, name: str) -> Json:
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
            f"/{SCALE_SET}/{_scale_set(pool)}"
            f"/virtualMachines/{number}",
        },
    }
    if isinstance(zones, (list, tuple)) and zones:
        shown["zones"] = [zones[number % len(zones)]]
    return shown
