"""The requests that read an environment: one list call for each type and scope, however large.

Reading goes in rounds. The first lists whole types in each subscription, and what carries this
environment's tag. The second lists the children of the parents that the first found, the content of
the environment's groups, and fetches what is owned but of no type that was listed. Further ones are
needed only below what the second found (the rules of a network manager), where a mark stands for
what neither the blueprint has nor a read found, and for what others put into a group that may reach
into something of the environment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import OWNER_TAG
from provisioner.catalog import api_versions
from provisioner.catalog.private_link import domains_of
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType, Scope
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    SUBSCRIPTION,
    ResourceId,
    parse_resource_id,
    subscription_id,
)
from provisioner.model.values import ABSENT, Body, lookup

INVENTORY = ""
"""The `type` of a read whose items are of mixed types and carry no properties."""


@dataclass(frozen=True, slots=True)
class Read:
    """One GET of a path of Azure Resource Manager, paged to its end where it is a list.

    `path` starts with `/subscriptions/…`; `type` is what its items are (INVENTORY where they are
    mixed).
    """

    path: str
    api_version: str
    type: str
    is_list: bool
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a read: the items of a list (one item for a single resource), or the refusal.

    A 404 is no refusal: `items` is then empty. `calls` counts requests, pages and retries
    included.
    """

    read: Read
    items: tuple[Body, ...] = ()
    refused: AzureError | None = None
    calls: int = 1


def wide_reads(
    graph: DesiredGraph, catalog: Catalog, owner: str, subscriptions: Sequence[str]
) -> tuple[Read, ...]:
    """Return the first round: every type of the graph, in each subscription where it occurs.

    `owner` is what the environment's resources carry in their tag of that name (`Marks.owner`).

    Types that hang on any scope (role assignments, locks) are read in every subscription of the
    environment, because one that left the blueprint leaves no other trace. So are those that affect
    a type of the graph, where the environment has one in a subscription of its own; and in all of
    them what reaches in from wherever it stands (a private endpoint, a zone of names).
    """
    pairs: set[tuple[str, str]] = set()
    singles: list[Read] = []
    own = {subscription.lower() for subscription in subscriptions}
    for resource in graph:
        listed = _listed_type(resource.type, catalog)
        # What stands above subscriptions (at the tenant, at a management group) is in none of
        # their lists as itself.
        if resource.type.lists is ListRead.SINGLE or resource.id.subscription is None:
            singles.append(_read_of(resource))
        if resource.id.subscription is None:
            continue
        if listed is not None:
            pairs.add((resource.id.subscription, listed.name))
        pairs |= {
            (resource.id.subscription, other.name)
            for other in catalog.affecting(resource.type.name)
            if other.lists is ListRead.SUBSCRIPTION and resource.id.subscription.lower() in own
        }
    named = {name for _, name in pairs}
    reaching = {
        name
        for name in named
        if (known := catalog.get(name)).parent is None and (known.adds_to or known.resolves)
    }
    for subscription in subscriptions:
        pairs |= {(subscription, name) for name in reaching}
        pairs |= {
            (subscription, resource_type.name)
            for resource_type in catalog
            if resource_type.lists is ListRead.SUBSCRIPTION
            and (
                resource_type.scope is Scope.EXTENSION or resource_type.name_in_id == RESOURCE_GROUP
            )
        }
    reads = [
        list_in_subscription(subscription, catalog.get(name))
        for subscription, name in sorted(pairs)
    ]
    singles.sort(key=lambda read: read.path.lower())
    return (*reads, *singles, *tagged_reads(OWNER_TAG, owner, subscriptions), SUBSCRIPTIONS)


def _read_of(resource: DesiredResource) -> Read:
    return Read(resource.id.text, resource.type.api_version, resource.type.name, False)


def child_reads(
    graph: DesiredGraph,
    catalog: Catalog,
    found: Mapping[str, Body],
    owned: Sequence[ResourceId],
    done: Iterable[Read] = (),
    *,
    removing: bool = False,
) -> tuple[Read, ...]:
    """Return the reads below what was found so far: the second round and further ones.

    `found` is by the key of the id.

    Lists are read only below resources that exist and that azsec has something below, in the
    blueprint or by the tags in Azure; whether what the blueprint only names the id of (a network
    watcher) exists shows when its list is read. `owned` is what carries the environment's tag;
    `removing` tells that all of it is to go, so that all that may stand in it is listed.
    """
    reads: dict[str, Read] = {}
    already = {read.path.lower() for read in done}
    for parent, child in _listed_children(graph, catalog, found, owned, removing=removing):
        read = list_of_children(parent, child)
        reads[read.path.lower()] = read
    for scope, extension in _listed_extensions(graph, catalog, found):
        path = f"{scope}/providers/{extension.name}"
        reads[path.lower()] = Read(path, extension.api_version, extension.name, True)
    for resource in graph:
        if _is_shown_in_part(resource.type, found.get(resource.id.key)):
            reads[resource.id.key] = _read_of(resource)
    gone = [resource for resource in owned if resource.type == RESOURCE_GROUP]
    for resource_group in (*_managed_groups(graph, found), *gone):
        path = f"{resource_group}/resources"
        reads[path.lower()] = Read(path, api_versions.RESOURCES, INVENTORY, True)
    for orphan in owned:
        resource_type = catalog.of(orphan)
        if orphan.key in found or resource_type is None:
            continue
        # A list of this round may show it; where none did, it is read by itself in the next.
        shown_by = f"{orphan.parent}/{resource_type.kind}".lower()
        if shown_by not in reads or shown_by in already:
            reads[orphan.key] = Read(
                orphan.text, resource_type.api_version, resource_type.name, False
            )
    return tuple(reads[key] for key in sorted(reads.keys() - already))


def _is_shown_in_part(resource_type: ResourceType, body: Body | None) -> bool:
    """Return whether the found body of a resource may lack what its list does not answer."""
    return body is not None and any(
        lookup(body, path.split(".")) is ABSENT for path in resource_type.list_omits
    )


def list_of_children(parent: ResourceId, child: ResourceType) -> Read:
    """Return the read of the children of a type in a parent, with those that its list includes."""
    kind = child.listed_as or child.kind
    return Read(f"{parent}/{kind}", child.api_version, child.list_name, True)


def extension_reads(
    scopes: Iterable[ResourceId], catalog: Catalog, done: Iterable[Read]
) -> tuple[Read, ...]:
    """Return the reads of the extension resources that no wide list covers, at some scopes."""
    already = {read.path.lower() for read in done}
    reads: dict[str, Read] = {}
    for scope in scopes:
        for resource_type in catalog:
            affects = resource_type.affects
            if (
                resource_type.lists is ListRead.RESOURCE
                and resource_type.scope is Scope.EXTENSION
                and resource_type.deletable
                and (not affects or scope.type.lower() in map(str.lower, affects))
            ):
                path = f"{scope}/providers/{resource_type.name}"
                reads[path.lower()] = Read(
                    path, resource_type.api_version, resource_type.name, True
                )
    return tuple(reads[key] for key in sorted(reads.keys() - already))


def _listed_children(
    graph: DesiredGraph,
    catalog: Catalog,
    found: Mapping[str, Body],
    owned: Iterable[ResourceId],
    *,
    removing: bool,
) -> Iterator[tuple[ResourceId, ResourceType]]:
    """Yield (parent, type of children) for the lists to read below single resources.

    What is owned and left the blueprint is looked into as well, before anything deletes it.
    """
    named = {(r.id.parent.key, r.type.name) for r in graph if r.id.parent is not None}
    for resource in graph:
        children = catalog.children(resource.type)
        if not children or not _may_exist(resource, found):
            continue
        holder = resource.id
        for child in children:
            if child.lists is ListRead.PARENT and (holder.key, child.name) in named:
                yield holder, child
        yield from listable_children(holder, catalog, as_proof=removing)
    for left in owned:
        if left.key not in graph.by_id:
            yield from listable_children(left, catalog)
    for stranger in _undeclared_with_effect(graph, catalog, found):
        yield from listable_children(stranger, catalog)
    for resource in graph:
        parent = resource.id.parent
        if resource.type.lists is ListRead.PARENT and parent and parent.key not in graph.by_id:
            yield parent, resource.type


def _undeclared_with_effect(
    graph: DesiredGraph, catalog: Catalog, found: Mapping[str, Body]
) -> Iterator[ResourceId]:
    """Yield undeclared resources that may change the effect of declared ones, with all below them.

    Such are a network manager, and a DNS zone that answers for a service of the blueprint (no other
    zone).
    """
    types = {
        other.name: other
        for resource_type in {resource.type.name: resource.type for resource in graph}.values()
        for other in catalog.affecting(resource_type.name)
        if other.scope is not Scope.EXTENSION
    }
    domains = {domain for r in graph for domain in domains_of(r.type.name, r.id.name)}
    for other in types.values():
        within = f"/providers/{other.name}/".lower()
        for key, body in found.items():
            stranger = parse_resource_id(body.get("id")) if within in key else None
            if stranger is None or key in graph.by_id:
                continue
            if not other.resolves or stranger.names[0].lower() in domains:
                yield stranger


def _listed_extensions(
    graph: DesiredGraph, catalog: Catalog, found: Mapping[str, Body]
) -> Iterator[tuple[ResourceId, ResourceType]]:
    """Yield (scope, type) for the lists of extension resources that no wide list covers.

    They are of types that the blueprint has, of those that affect what it makes, and of those that
    would do harm there (`always_listed_at`).
    """
    subscriptions: set[str] = set()
    for resource in graph:
        scope = resource.id.scope
        if resource.type.lists is ListRead.RESOURCE and scope is not None:
            yield scope, resource.type
        if resource.managed and resource.id.key in found:
            subscriptions.add(str(resource.id.subscription))
            for other in catalog.affecting(resource.type.name):
                if other.scope is Scope.EXTENSION and other.lists is ListRead.RESOURCE:
                    yield resource.id, other
    for subscription in sorted(subscriptions):
        for other in catalog.affecting(SUBSCRIPTION):
            yield subscription_id(subscription), other


def comes_along(child: ResourceType) -> bool:
    """Return whether Azure makes one with each parent and never deletes it (a blob service)."""
    return bool(child.with_parent) and not child.deletable


def listable_children(
    holder: ResourceId, catalog: Catalog, *, as_proof: bool = True
) -> Iterator[tuple[ResourceId, ResourceType]]:
    """Yield (parent, type of children) for the lists that show what stands in one resource.

    Two kinds are read `as_proof` alone, that nothing is in what is to be deleted. Those of types
    outside the catalog: of raw ones it is only inferred that there is such a list, and many kinds
    of children have one that a service refuses. And those that are `listed_if_declared`: one more
    secret of a vault does no harm, until the vault is deleted with it.

    What comes along with it says nothing by being there, but may hold something itself: the
    containers of an account's blob service.
    """
    known = catalog.of(holder)
    for child in catalog.children(known) if known is not None else ():
        if comes_along(child):
            for name in child.rule.fixed:
                inner = ResourceId(child.name, (*holder.names, name), holder.scope)
                yield from listable_children(inner, catalog, as_proof=as_proof)
        elif (child.lists is ListRead.PARENT and not child.listed_if_declared) or (
            as_proof and (child.lists is ListRead.PARENT or child.listable)
        ):
            yield holder, child


def _may_exist(resource: DesiredResource, found: Mapping[str, Body]) -> bool:
    """Return whether there can be something below a resource.

    There can where it was found, or is itself a child whose list is read in this same round (the
    blob service between an account and its containers).
    """
    parent = resource.id.parent
    if resource.id.key in found:
        return True
    return resource.type.lists is ListRead.PARENT and parent is not None and parent.key in found


def _managed_groups(graph: DesiredGraph, found: Mapping[str, Body]) -> list[ResourceId]:
    return [
        resource.id
        for resource in graph
        if resource.id.type == RESOURCE_GROUP and resource.managed and resource.id.key in found
    ]


def _listed_type(resource_type: ResourceType, catalog: Catalog) -> ResourceType | None:
    """Return the type whose subscription-wide list answers this one, or None."""
    if resource_type.lists is ListRead.SUBSCRIPTION:
        return resource_type
    if resource_type.lists is ListRead.SINGLE:
        return None
    if resource_type.parent is not None:
        return _listed_type(catalog.get(resource_type.parent), catalog)
    return None


def list_in_subscription(subscription: str, resource_type: ResourceType) -> Read:
    """Return the read of all resources of a type in a subscription."""
    prefix = subscription_id(subscription).text
    if resource_type.name_in_id == RESOURCE_GROUP:
        path = f"{prefix}/{RESOURCE_GROUP}"
    else:
        path = f"{prefix}/providers/{resource_type.name}"
    return Read(path, resource_type.api_version, resource_type.name, True, resource_type.list_query)


SUBSCRIPTIONS = Read(f"/{SUBSCRIPTION}", api_versions.SUBSCRIPTIONS, SUBSCRIPTION, True)
"""Every subscription that the credential can see; a list that takes no permission."""

_MOST_SUBSCRIPTIONS = 50


def stray_reads(
    answers: Iterable[Answer], owner: str, subscriptions: Iterable[str]
) -> tuple[Read, ...]:
    """Return the lists that show what an environment left in subscriptions no longer its own.

    Only the first 50 visible subscriptions are covered.
    """
    own = {each.lower() for each in subscriptions}
    visible = {
        str(item.get("subscriptionId", "")).lower()
        for answer in answers
        if answer.read == SUBSCRIPTIONS
        for item in answer.items
    }
    others = sorted(visible - own - {""})[:_MOST_SUBSCRIPTIONS]
    return tagged_reads(OWNER_TAG, owner, others)


def tagged_reads(tag: str, value: str, subscriptions: Sequence[str]) -> tuple[Read, ...]:
    """Return the lists of the resources that have a tag with a value, one a subscription."""
    query = {"$filter": f"tagName eq '{tag}' and tagValue eq '{value}'"}
    return tuple(
        Read(
            f"{subscription_id(subscription).text}/resources",
            api_versions.RESOURCES,
            INVENTORY,
            True,
            query,
        )
        for subscription in sorted(set(subscriptions))
    )
