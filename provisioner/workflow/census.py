"""The census of one read of an environment: what was looked at, unreadable, or not covered.

It is the denominator of every statement about the state. Called by `workflow.plan` and
`workflow.check`.
"""

from collections import Counter
from collections.abc import Iterator

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Scope, Tier
from provisioner.controls.resource_types import CLUSTER, DIAGNOSTIC_SETTING
from provisioner.documents.census import (
    ID_ALONE,
    JUDGEMENT,
    KUBERNETES_OBJECTS,
    NO_FACTS,
    UNDECLARED_CHILDREN,
    UNDECLARED_PROPERTIES,
    UNKNOWN_TYPE,
    CensusDocument,
    NotCoveredDocument,
    UnreadableDocument,
)
from provisioner.model.estate import Estate
from provisioner.plan.actual_state import hidden_by
from provisioner.plan.foreign_reads import MOST_FOREIGN
from provisioner.plan.reads import INVENTORY, list_of_children
from provisioner.plan.unreadable import unreadable_resources
from provisioner.workflow.environment_reader import Reading

_MOST_TYPES = 5


def count_desired(estate: Estate, graph: DesiredGraph) -> CensusDocument:
    """Return the census of a desired state: declared resources and the children in their bodies.

    Nothing of a desired state can be unreadable.
    """
    return CensusDocument(
        resources=len(estate.resources),
        declared=len(graph.resources),
        types=tuple(sorted({resource.type for resource in estate})),
        subscriptions=tuple(
            sorted({guid for each in estate if (guid := each.id.subscription) is not None})
        ),
        not_covered=(*_uncompared_properties(graph), *_unevaluated_resources(graph)),
    )


def take_census(reading: Reading, graph: DesiredGraph, catalog: Catalog) -> CensusDocument:
    """Return the census of a reading of an environment's desired graph."""
    # The inventory lists ids of every type: it covers none of them.
    answered = [read for read in reading.reads if read.type != INVENTORY]
    kinds = {hit.id.type for hit in reading.state.found.values()}
    known = (catalog.find(name) for name in (*kinds, *(read.type for read in answered)))
    return CensusDocument(
        resources=len(reading.state.found),
        types=tuple(sorted({resource_type.name for resource_type in known if resource_type})),
        subscriptions=tuple(
            sorted(
                {read.path.split("/")[2].lower() for read in answered if read.path.count("/") > 1}
            )
        ),
        unreadable=tuple(_unreadable_documents(reading, graph, catalog)),
        not_covered=tuple(_not_covered_documents(reading, graph, catalog)),
    )


def _unreadable_documents(
    reading: Reading, graph: DesiredGraph, catalog: Catalog
) -> Iterator[UnreadableDocument]:
    """Yield each resource of the blueprint that could not be read, and each other refused read."""
    hidden = unreadable_resources(graph, reading.state)
    for resource, reason in hidden:
        yield UnreadableDocument(id=resource.id.text, address=resource.address, reason=reason)
    shown = {resource.id.key for resource, _ in hidden}
    for unreadable in reading.state.unreadable:
        if unreadable.id.key not in shown:
            yield UnreadableDocument(id=unreadable.id.text, reason=unreadable.reason)
    unread = [
        (each.id, known.list_name)
        for each in reading.state.unreadable
        if (known := catalog.of(each.id)) is not None
    ]
    for answer in reading.refused:
        # The refused list is why those resources could not be read: counted with each of them
        # already.
        if any(hidden_by(answer, unread)):
            continue
        read, reason = answer.read, str(answer.refused)
        listed = (read.type or "resources") if read.is_list else None
        yield UnreadableDocument(id=read.path, listed=listed, reason=reason)


def _not_covered_documents(
    reading: Reading, graph: DesiredGraph, catalog: Catalog
) -> Iterator[NotCoveredDocument]:
    yield from _types_seen_by_id(reading, catalog)
    yield from _unlisted_settings(reading, graph)
    yield from _uncompared_properties(graph)
    yield from _unlisted_children(reading, graph, catalog)
    yield from _unevaluated_resources(graph)
    if reading.left_out:
        yield NotCoveredDocument(
            what="what it adds to the environment",
            count=reading.left_out,
            of="resource of others",
            reason=f"no more than {MOST_FOREIGN} resources of others are read one by one",
        )
    clusters = sum(
        resource.type.name == CLUSTER and resource.id.key in reading.state.found
        for resource in graph
    )
    if clusters:
        yield NotCoveredDocument(
            what=KUBERNETES_OBJECTS,
            count=clusters,
            of="cluster",
            reason="they are behind the Kubernetes API: only Azure Resource Manager was read",
        )


def _types_seen_by_id(reading: Reading, catalog: Catalog) -> Iterator[NotCoveredDocument]:
    """Yield the resources in the environment's groups that were seen by id alone, by type."""
    by_type = Counter(
        (resource.type, catalog.of(resource) is None)
        for resource in reading.inventory.in_groups
        if resource.key not in reading.state.found
    )
    for (name, is_unknown), count in sorted(by_type.items()):
        reason = UNKNOWN_TYPE if is_unknown else ID_ALONE
        yield NotCoveredDocument(what=name, count=count, reason=reason)


def _uncompared_properties(graph: DesiredGraph) -> Iterator[NotCoveredDocument]:
    """Yield how many resources are compared only by their declared properties, by tier."""
    by_tier: dict[Tier, list[str]] = {}
    for resource in graph:
        if resource.managed and resource.type.tier is not Tier.KNOWN:
            by_tier.setdefault(resource.type.tier, []).append(resource.type.name)
    for tier, names in sorted(by_tier.items()):
        kinds = sorted(set(names))
        more = f" and {len(kinds) - _MOST_TYPES} more" if len(kinds) > _MOST_TYPES else ""
        yield NotCoveredDocument(
            what=UNDECLARED_PROPERTIES,
            count=len(names),
            of=f"resource of {tier.replace(' ', '-')} types",
            reason=(
                "the catalog has no facts of their types: what the blueprint declares is compared "
                f"({', '.join(kinds[:_MOST_TYPES])}{more})"
            ),
        )


def _unlisted_children(
    reading: Reading, graph: DesiredGraph, catalog: Catalog
) -> Iterator[NotCoveredDocument]:
    """Yield how many resources may have children that were not listed, by type.

    Children of types without facts are only listed before a delete (`listable_children`); of raw
    types no list is known.
    """
    read = {each.path.lower() for each in reading.reads}
    by_tier: dict[Tier, list[str]] = {}
    kinds: dict[str, None] = {}
    for resource in graph:
        tier = resource.type.tier
        if tier is Tier.KNOWN or not resource.managed:
            continue
        if resource.id.key not in reading.state.found:
            continue
        unlisted = [
            child
            for child in catalog.children(resource.type)
            if child.listable and list_of_children(resource.id, child).path.lower() not in read
        ]
        if unlisted or not resource.type.contents_known:
            by_tier.setdefault(tier, []).append(resource.type.name)
            kinds |= dict.fromkeys(child.name for child in unlisted)
    for tier, names in sorted(by_tier.items()):
        named = sorted(kinds) if tier is Tier.SCHEMA else sorted(set(names))
        more = f" and {len(named) - _MOST_TYPES} more" if len(named) > _MOST_TYPES else ""
        listed = f"{', '.join(named[:_MOST_TYPES])}{more}"
        yield NotCoveredDocument(
            what=UNDECLARED_CHILDREN,
            count=len(names),
            of=f"resource of {tier.replace(' ', '-')} types",
            reason=(
                f"the children that the blueprint lacks ({listed}) are listed only before a delete"
                if tier is Tier.SCHEMA
                else f"it is not known which children their types have ({listed})"
            ),
        )


def _unevaluated_resources(graph: DesiredGraph) -> Iterator[NotCoveredDocument]:
    """Yield how many resources no control, service rule or network path judges, by type.

    Those are the blueprint's resources of types without facts, the ones that are only read
    included.
    """
    by_type = Counter(
        resource.type.name for resource in graph if resource.type.tier is not Tier.KNOWN
    )
    for name, count in sorted(by_type.items()):
        yield NotCoveredDocument(
            what=JUDGEMENT, count=count, of=f"resource of {name}", reason=NO_FACTS
        )


def _unlisted_settings(reading: Reading, graph: DesiredGraph) -> Iterator[NotCoveredDocument]:
    """Yield how many resources of the blueprint may have diagnostic settings that were not listed.

    No list covers diagnostic settings of several scopes, so they are read scope by scope.
    """
    tail = f"/providers/{DIAGNOSTIC_SETTING.lower()}"
    read_at = [read.path.lower() for read in reading.reads]
    listed = {path.removesuffix(tail) for path in read_at if path.endswith(tail)}
    count = sum(
        resource.id.key not in listed
        for resource in graph
        if resource.managed
        and resource.id.key in reading.state.found
        and resource.id.parent is None
        and resource.type.scope is not Scope.EXTENSION
        and not resource.id.is_container
    )
    if count:
        yield NotCoveredDocument(
            what="diagnostic settings",
            count=count,
            of="resource",
            reason=(
                "no list covers them: they are read where the blueprint has some, and on what "
                "keeps audit logs"
            ),
        )
