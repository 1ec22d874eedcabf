"""Discovery of the resources to adopt: which reads are needed, round by round.

A resource group is listed, then each of its types by one list call, then the children and extension
resources of what was found. Azure has no list of the resources that belong to a cluster: they are
found by references in both directions (`related_resources`). Every round is one set of reads, so
the number of round trips does not grow with the number of resources.

`workflow/adoption_reader.py` calls it and sends the reads.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from provisioner.catalog import api_versions
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType, Scope, Tier
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    SUBSCRIPTION,
    ResourceId,
    parse_resource_id,
    subscription_id,
)
from provisioner.model.values import Body
from provisioner.plan.actual_state import bodies_of
from provisioner.plan.reads import (
    INVENTORY,
    Answer,
    Read,
    extension_reads,
    list_of_children,
    listable_children,
)


@dataclass(frozen=True, slots=True)
class Roots:
    """The starting points of an adoption.

    Whole subscriptions (GUIDs), whole resource groups, single resources, and clusters with
    everything that belongs to each.
    """

    subscriptions: tuple[str, ...] = ()
    groups: tuple[ResourceId, ...] = ()
    resources: tuple[ResourceId, ...] = ()
    clusters: tuple[ResourceId, ...] = ()


@dataclass(frozen=True, slots=True)
class Hidden:
    """A read that Azure refused, or something that no list covers, and the reason.

    What it would have returned is unknown.
    """

    path: str
    reason: str


@dataclass
class Findings:
    """The results of the rounds so far.

    Bodies by the key of the id, ids that only an inventory lists, and refused reads. `chosen` are
    the keys of the resources to adopt, in no order; the other bodies were read on the way (a list
    returns all resources of its type).
    """

    answers: list[Answer] = field(default_factory=list)
    bodies: dict[str, Body] = field(default_factory=dict)
    ids: dict[str, ResourceId] = field(default_factory=dict)
    chosen: set[str] = field(default_factory=set)
    groups: dict[str, ResourceId] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def take(self, answers: Sequence[Answer], catalog: Catalog) -> None:
        """Store the answers of a round of reads."""
        self.answers += answers
        for answer in answers:
            self.done.add(answer.read.path.lower())
            for item in answer.items:
                found = parse_resource_id(item.get("id"))
                if found is not None:
                    self.ids.setdefault(found.key, found)
        for key, body in bodies_of(answers, catalog).items():
            self.bodies[key] = body
            named = parse_resource_id(body.get("id"))
            if named is not None:
                self.ids[key] = named

    def hidden(self, catalog: Catalog) -> tuple[Hidden, ...]:
        """Return the reads that were refused and would have shown something, each once."""
        refused = {
            answer.read.path: str(answer.refused)
            for answer in self.answers
            if answer.refused is not None and not _has_no_list(answer, catalog)
        }
        return tuple(Hidden(path, refused[path]) for path in sorted(refused))

    def inventory(self) -> Iterator[tuple[ResourceId, Body]]:
        """Yield the entries of lists of mixed types: no properties, but `managedBy` and tags."""
        for answer in self.answers:
            if answer.read.type == INVENTORY:
                for item in answer.items:
                    found = parse_resource_id(item.get("id"))
                    if found is not None:
                        yield found, item


_NOT_SUPPORTED = frozenset({"ResourceTypeNotSupported", "UnsupportedResourceType"})
"""Azure Monitor's error for a type without diagnostic settings (learn.microsoft.com, "Diagnostic
settings in Azure Monitor", troubleshooting)."""
_NO_LIST = frozenset({400, 404, 405})
_WRONG_VERSION = frozenset({"NoRegisteredProviderFound", "InvalidApiVersionParameter"})
"""Azure Resource Manager's error for an API version that a provider does not have for a type: the
list may exist nevertheless ("Resolve errors for no registered resource provider found")."""


def _has_no_list(answer: Answer, catalog: Catalog) -> bool:
    """Return whether a refusal means that no such list exists.

    That is so for extension resources that a type cannot have, and for children of a type outside
    the catalog, where the list is only inferred.
    """
    assert answer.refused is not None
    if answer.refused.code in _NOT_SUPPORTED:
        return True
    known = catalog.find(answer.read.type)
    inferred = known is not None and known.tier is Tier.RAW and answer.read.is_list
    spoken = answer.refused.code not in _WRONG_VERSION
    return inferred and spoken and answer.refused.status in _NO_LIST


def first_reads(roots: Roots, catalog: Catalog) -> tuple[Read, ...]:
    """Return the reads of the roots themselves."""
    group_type = catalog.get(RESOURCE_GROUP)
    reads = [
        Read(
            f"{subscription_id(each)}/{RESOURCE_GROUP}",
            group_type.api_version,
            group_type.name,
            is_list=True,
        )
        for each in roots.subscriptions
    ]
    reads += [
        Read(each.text, group_type.api_version, group_type.name, is_list=False)
        for each in roots.groups
    ]
    singles = [_resource_read(each, catalog) for each in roots.clusters]
    reads += [read for read in singles if read is not None]
    return tuple({read.path.lower(): read for read in reads}.values())


def inventory_reads(groups: Iterable[ResourceId], findings: Findings) -> tuple[Read, ...]:
    """Return the list calls for the resources in some resource groups."""
    reads = [
        Read(f"{group}/resources", api_versions.RESOURCES, INVENTORY, is_list=True)
        for group in groups
    ]
    return tuple(read for read in reads if read.path.lower() not in findings.done)


def type_reads(
    wanted: Iterable[ResourceId], findings: Findings, catalog: Catalog
) -> tuple[Read, ...]:
    """Return the reads for the bodies of resources that are known by id alone.

    That is one list call for a type of which a subscription has several, and a GET for each of the
    others.
    """
    missing = [each for each in wanted if each.key not in findings.bodies]
    counts = Counter((str(each.subscription).lower(), each.type.lower()) for each in missing)
    reads: dict[str, Read] = {}
    for each in missing:
        known = catalog.of(each)
        several = counts[str(each.subscription).lower(), each.type.lower()] > 1
        # One request for all of them; for a single resource, a GET does not return everybody
        # else's.
        if several and known is not None and known.lists is ListRead.SUBSCRIPTION:
            read = _subscription_read(str(each.subscription), known)
        else:
            single = _resource_read(each, catalog)
            if single is None:
                continue
            read = single
        reads[read.path.lower()] = read
    return tuple(reads[path] for path in sorted(reads.keys() - findings.done))


def wide_reads(
    subscriptions: Iterable[str], types: Iterable[ResourceType], findings: Findings
) -> tuple[Read, ...]:
    """Return the lists of some types in some subscriptions."""
    reads = [
        _subscription_read(each, known) for each in sorted(set(subscriptions)) for known in types
    ]
    return tuple(read for read in reads if read.path.lower() not in findings.done)


def shown_in_part(findings: Findings, catalog: Catalog) -> tuple[Read, ...]:
    """Return GETs of chosen resources whose list omits properties (`ResourceType.list_omits`)."""
    reads: dict[str, Read] = {}
    for key in findings.chosen:
        known = catalog.of(findings.ids[key])
        if known is not None and known.list_omits and key in findings.bodies:
            read = _resource_read(findings.ids[key], catalog)
            if read is not None:
                reads[read.path.lower()] = read
    return tuple(reads[path] for path in sorted(reads.keys() - findings.done))


def wide_extension_reads(findings: Findings, catalog: Catalog) -> tuple[Read, ...]:
    """Return the list calls for extension resources that cover a whole subscription.

    Role assignments and locks have such a list. There is one call for each subscription of the
    chosen resources.
    """
    subscriptions = sorted(
        {str(findings.ids[key].subscription).lower() for key in findings.chosen} - {"none"}
    )
    reads = [
        _subscription_read(each, known)
        for each in subscriptions
        for known in catalog
        if known.lists is ListRead.SUBSCRIPTION
        and known.scope is Scope.EXTENSION
        and known.parent is None
        and known.deletable
    ]
    return tuple(read for read in reads if read.path.lower() not in findings.done)


def below_reads(findings: Findings, catalog: Catalog) -> tuple[Read, ...]:
    """Return the list calls for children and extension resources of chosen resources."""
    chosen = [findings.ids[key] for key in sorted(findings.chosen)]
    reads: dict[str, Read] = {}
    for holder in chosen:
        known = catalog.of(holder)
        for parent, child in listable_children(holder, catalog) if known is not None else ():
            if child.listed_if_declared:
                continue  # many, and whoever makes them is no deployment: secrets, tables
            read = list_of_children(parent, child)
            reads[read.path.lower()] = read
    done = [answer.read for answer in findings.answers]
    holders = [each for each in chosen if _may_hold_extensions(each, catalog)]
    for read in extension_reads(holders, catalog, done):
        reads[read.path.lower()] = read
    return tuple(reads[path] for path in sorted(reads.keys() - findings.done))


def _may_hold_extensions(resource: ResourceId, catalog: Catalog) -> bool:
    """Return whether extension resources of a resource are read without a subscription-wide list.

    That is so for top-level resources, and for children that an extension type is always listed at
    (`always_listed_at`).
    """
    known = catalog.of(resource)
    if known is None or known.scope is Scope.EXTENSION or resource.is_container:
        return False
    return known.parent is None or any(known.name in each.always_listed_at for each in catalog)


def _subscription_read(subscription: str, known: ResourceType) -> Read:
    path = f"{subscription_id(subscription)}/providers/{known.name}"
    if known.name_in_id == RESOURCE_GROUP:
        path = f"{subscription_id(subscription)}/{RESOURCE_GROUP}"
    return Read(path, known.api_version, known.name, is_list=True, query=known.list_query)


def _resource_read(resource: ResourceId, catalog: Catalog) -> Read | None:
    known = catalog.of(resource)
    if known is None or resource.type == SUBSCRIPTION:
        return None
    return Read(resource.text, known.api_version, known.name, is_list=False)
