"""Reads the actual state of an environment, in rounds of lists that each cover many resources.

Called by the workflows that need Azure's present state (plan, access, census, inventory,
migration).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import Marks
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.model.values import Body
from provisioner.plan.actual_state import (
    Inventory,
    assemble_state,
    find_resources,
    take_inventory,
)
from provisioner.plan.foreign_reads import foreign_reads, occupants_of_ours
from provisioner.plan.owners import Owners, find_owners, find_unaccounted
from provisioner.plan.reads import (
    Answer,
    Read,
    child_reads,
    extension_reads,
    stray_reads,
    wide_reads,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one read of an environment: the resources, the answered reads, the refusals.

    `strays` carry its mark in subscriptions that are not (or no longer) its own. `left_out` is the
    number of resources of others that were not read for what they add to the environment's.
    """

    state: ActualState
    inventory: Inventory
    reads: tuple[Read, ...]
    refused: tuple[Answer, ...]
    strays: tuple[ResourceId, ...] = ()
    left_out: int = 0


def read_environment(
    graph: DesiredGraph,
    catalog: Catalog,
    marks: Marks,
    subscriptions: Sequence[str],
    reader: Reader,
    *,
    removing: bool = False,
) -> Reading:
    """Return the actual state of the resources that the graph and the environment's marks name.

    Their possible children are read too, all of them where it is for `removing`.

    Raises AzureError where nothing can be read at all.
    """
    first = reader.read(wide_reads(graph, catalog, marks.owner, subscriptions))
    owned = [entry.id for entry in take_inventory(first, marks).owned]
    seen = find_resources(first, catalog)
    bodies = {key: hit.body for key, hit in seen.items()}
    below = child_reads(graph, catalog, bodies, owned, removing=removing)
    elsewhere = stray_reads(first, marks.owner, subscriptions)
    second = reader.read((*below, *elsewhere))
    answers: list[Answer] = [*first, *second[: len(below)]]
    _add_resources(seen, bodies, second[: len(below)], catalog)
    strays = take_inventory(second[len(below) :], marks).owned
    # Children of children: each round lists below what the last one found, until nothing is new.
    while further := child_reads(
        graph,
        catalog,
        bodies,
        owned,
        [answer.read for answer in answers],
        removing=removing,
    ):
        found = reader.read(further)
        answers += found
        _add_resources(seen, bodies, found, catalog)
    state = assemble_state(answers, seen, graph, catalog, owned)
    inventory = take_inventory(answers, marks)
    owners = find_owners(state, catalog, marks)
    carriers = find_unaccounted(owners, graph, state, inventory)
    scopes = _scopes_of_marks(carriers, owners, graph, state, subscriptions) if carriers else []
    foreign = foreign_reads(answers, graph, catalog)
    done = [answer.read for answer in answers]
    # An orphan may be in a resource that is read by id, whose children are not listed otherwise.
    # A secret or a table is only deleted with its parent, so its list is read for that delete.
    inside = (
        [
            read
            for read in child_reads(graph, catalog, bodies, owned, done, removing=True)
            if (listed := catalog.find(read.type)) is None or not listed.listed_if_declared
        ]
        if carriers
        else ()
    )
    third = (*extension_reads(scopes, catalog, done), *inside, *foreign.reads)
    if third:
        found = reader.read(third)
        answers += found
        seen |= find_resources(found, catalog)
        state = assemble_state(answers, seen, graph, catalog, owned)
        inventory = take_inventory(answers, marks)
    return Reading(
        replace(
            state,
            unread=tuple(
                _without_facts(
                    (*inventory.in_groups, *occupants_of_ours(answers, graph, catalog)),
                    state,
                    catalog,
                )
            ),
        ),
        inventory,
        tuple(answer.read for answer in answers if answer.refused is None),
        tuple(answer for answer in answers if answer.refused is not None),
        tuple(stray.id for stray in strays),
        foreign.left_out,
    )


def _add_resources(
    seen: dict[str, Found], bodies: dict[str, Body], answers: Sequence[Answer], catalog: Catalog
) -> None:
    """Add to what was seen so far, resources and their bodies, what more answers hold."""
    more = find_resources(answers, catalog)
    seen |= more
    bodies |= {key: hit.body for key, hit in more.items()}


def _without_facts(
    seen: Iterable[ResourceId], state: ActualState, catalog: Catalog
) -> Iterator[ResourceId]:
    """Yield resources in the environment's groups or subnets that are of types without facts.

    Only their ids were seen.
    """
    for resource in {each.key: each for each in seen}.values():
        known = catalog.of(resource)
        if resource.key not in state.found and (known is None or known.tier is not Tier.KNOWN):
            yield resource


def _scopes_of_marks(
    carriers: Collection[str],
    owners: Owners,
    graph: DesiredGraph,
    state: ActualState,
    subscriptions: Sequence[str],
) -> list[ResourceId]:
    """Return the scopes of extension resources whose marks no resource that was read explains.

    These are the carriers of the marks (`carriers` are their keys), the resources below them
    without tags, what the blueprint only reads, and the subscriptions.
    """
    below = [
        hit.id
        for key, hit in state.found.items()
        if key in carriers
        or (key not in owners.by_tags and any(a.key in carriers for a in hit.id.ancestors))
    ]
    read_only = [resource.id for resource in graph if not resource.managed]
    return [*below, *read_only, *(subscription_id(each) for each in subscriptions)]
