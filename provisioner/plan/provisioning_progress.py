"""Resources in transition and failed resources, by their provisioning states.

The state is read from Azure at each plan and remembered nowhere: an apply that was killed, another
apply and a person in the portal leave the same word in `properties.provisioningState`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Embedded
from provisioner.documents.plan import Action, InProgressDocument
from provisioner.model.actual import ActualState, Found
from provisioner.model.provisioning import (
    is_failed_word,
    is_transitional_word,
    provisioning_state,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value, lookup
from provisioner.plan.changes import Changes, ResourceChange


@dataclass(frozen=True, slots=True)
class InProgress:
    """A resource whose last operation has not ended.

    `address` is None for one that the blueprint does not have; `state` is the provider's own word
    (`Creating`).
    """

    address: str | None
    id: ResourceId
    type: str
    api_version: str
    state: str

    @property
    def label(self) -> str:
        """What to call it: its address, or else its id."""
        return self.address or self.id.text


def find_in_progress(
    changes: Changes, graph: DesiredGraph, state: ActualState, catalog: Catalog
) -> tuple[InProgress, ...]:
    """Return the resources in transition that a plan would meet.

    They are the plan's own, those that it refers to, and what stands in either: a node pool that
    somebody adds keeps its whole cluster busy (guidelines.md §3.7).
    """
    addresses = {change.id.key: change.address for change in changes.resources}
    addresses |= {
        change.stand_in.id.key: change.stand_in.address
        for change in changes.resources
        if change.stand_in is not None
    }
    read = (graph.resources[address] for address in _existing_referred(addresses.values(), graph))
    addresses |= {resource.id.key: resource.address for resource in read}
    holders = {
        key for key in addresses if (found := state.found.get(key)) and not found.id.is_container
    }
    return tuple(
        InProgress(
            addresses.get(key),
            found.id,
            known.name,
            known.api_version,
            provisioning_state(found.body) or "",
        )
        for key, found in sorted(state.found.items())
        if is_transitional_word(provisioning_state(found.body))
        and (known := catalog.of(found.id)) is not None
        and (key in addresses or any(above.key in holders for above in found.id.ancestors))
    )


def _existing_referred(addresses: Iterable[str], graph: DesiredGraph) -> frozenset[str]:
    """Return the addresses of the resources that are only read, to which these refer."""
    return frozenset(
        edge.on
        for address in addresses
        if (resource := graph.resources.get(address)) is not None
        for edge in resource.edges
        if edge.on in graph.resources and not graph.resources[edge.on].managed
    )


def in_progress_documents(entries: Iterable[InProgress]) -> tuple[InProgressDocument, ...]:
    """Return the documents of the resources in transition."""
    return tuple(
        InProgressDocument(
            address=entry.address, id=entry.id.text, type=entry.type, state=entry.state
        )
        for entry in entries
    )


def repair_failed(changes: Changes) -> Changes:
    """Return the changes in which resources that failed to provision are written again.

    A resource can have every declared value and not work: its last write ended as Failed or
    Canceled. Another PUT of the same body is what makes the provider try again.
    """
    return replace(
        changes, resources=tuple(_repair_of_failed(change) for change in changes.resources)
    )


def _repair_of_failed(change: ResourceChange) -> ResourceChange:
    failed = failures_of(change)
    if not failed:
        return change
    states = ", ".join(failed)
    if change.action is Action.NO_OP:
        if change.type.changed_by is not None:
            why = (
                f"{states}, and Azure Resource Manager does not change one that is there: use "
                f"{change.type.changed_by}"
            )
            return replace(change, action=Action.BLOCKED, reason=why)
        return replace(change, action=Action.UPDATE, reason=f"{states}: it is written again")
    if change.action in (Action.UPDATE, Action.ADOPT):
        return replace(change, reason=f"{change.reason}; {states}" if change.reason else states)
    return change


def failures_of(change: ResourceChange) -> tuple[str, ...]:
    """Return the failed states of a resource and of the children that its declared body states.

    Empty for a resource that is absent or deleted.
    """
    if change.found is None or change.desired is None:
        return ()
    return tuple(_failed_parts(change, change.found))


def _failed_parts(change: ResourceChange, found: Found) -> Iterator[str]:
    state = provisioning_state(found.body)
    if is_failed_word(state):
        yield f"provisioningState is {state}"
    for embedded in change.type.embedded:
        declared = {
            str(entry.get("name")).lower()
            for entry in _entries_of_children(change.desired, embedded)
        }
        for entry in _entries_of_children(found.body, embedded):
            inner = {"properties": entry} if embedded.flattened else entry
            state = provisioning_state(inner)
            if is_failed_word(state) and str(entry.get("name")).lower() in declared:
                kind = embedded.path.rpartition(".")[2]
                yield f"provisioningState of {kind}[{entry.get('name')}] is {state}"


def _entries_of_children(body: object, embedded: Embedded) -> list[Mapping[str, Value]]:
    entries = lookup(body, embedded.path.split(".")) if isinstance(body, Mapping) else ()
    listed = entries if isinstance(entries, (list, tuple)) else ()
    return [entry for entry in listed if isinstance(entry, Mapping)]
