"""Children that a parent's body states but that need a request of their own (AKS node pools).

AKS makes the pools of a cluster's body together with the cluster, and takes no more by it: a pool
that is stated there later is made at `…/agentPools/NAME` (`Embedded.separate`). One that leaves the
body is deleted there, as all is that azsec made.
"""

from collections.abc import Iterator
from dataclasses import replace

from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Missing
from provisioner.model.resource_id import ResourceId
from provisioner.plan.changes import Changes, ResourceChange, creation_of
from provisioner.plan.rotation import entries_of, without_children

_STAYS = (Action.NO_OP, Action.UPDATE, Action.ADOPT)


def separate_children(changes: Changes, state: ActualState, catalog: Catalog) -> Changes:
    """Return the changes with one more for each child that the body of an existing parent adds.

    The address of such a change is `ADDRESS/KIND/NAME`.
    """
    resources: list[ResourceChange] = []
    for change in changes.resources:
        added = list(_added_children(change, state, catalog)) if change.action in _STAYS else []
        resources += [without_children(change, added), *added]
    return replace(changes, resources=tuple(resources))


def _added_children(
    change: ResourceChange, state: ActualState, catalog: Catalog
) -> Iterator[ResourceChange]:
    for embedded in change.type.embedded if change.found is not None else ():
        child_type = catalog.get(embedded.child)
        for entry in entries_of(change.desired, embedded) if embedded.separate else ():
            name = str(entry["name"])
            child = ResourceId(child_type.name, (*change.id.names, name), change.id.scope)
            if not isinstance(state.get(child), Missing):
                continue
            stated = {key: value for key, value in entry.items() if key != "name"}
            desired = {"properties": stated} if embedded.flattened else entry
            made = creation_of(
                f"{change.address}/{child_type.kind}/{name}",
                child,
                child_type,
                desired,
                catalog.schemas,
            )
            refused = (c.refused for c in compare(child_type, catalog.schemas, desired, {}).changes)
            why = next((reason for reason in refused if reason is not None), None)
            yield (
                made
                if why is None
                else replace(made, action=Action.BLOCKED, reason=why, fields=(), desired=None)
            )
