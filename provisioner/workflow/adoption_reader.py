"""Discovery for `azsec adopt`: reads the chosen roots and all that belongs to them, in rounds.

Each round reads what the last one referred to; `MOST_ROUNDS` bounds them. Called by
`workflow.adopt`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provisioner.adoption.discovery import (
    Findings,
    Roots,
    below_reads,
    first_reads,
    inventory_reads,
    shown_in_part,
    type_reads,
    wide_extension_reads,
    wide_reads,
)
from provisioner.adoption.references import group_of
from provisioner.adoption.related_resources import (
    grants_to,
    joining_lists,
    joins,
    named_by,
    principals_of,
)
from provisioner.catalog.registry import Catalog
from provisioner.engine.ports import Source
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.plan.reads import Read
from provisioner.workflow.adoption_types import select_versions_for, with_tracked

MOST_ROUNDS = 100


@dataclass
class Discovery:
    """The resources that were read, with the catalog of all their types.

    `silent` are types without a usable api version, each with the reason; `unlisted` are types
    whose child types are not known.
    """

    catalog: Catalog
    source: Source
    stated: Mapping[str, str]
    findings: Findings = field(default_factory=Findings)
    silent: dict[str, str] = field(default_factory=dict)
    unlisted: dict[str, str] = field(default_factory=dict)

    def read_types(self, resources: Iterable[ResourceId]) -> None:
        """Read the bodies of resources that are known by id alone."""
        ids = list(resources)
        selected = select_versions_for(ids, self.catalog, self.source, self.stated)
        self.catalog = selected.catalog
        self.silent |= selected.silent
        self.unlisted |= selected.unlisted
        self.findings.ids |= {each.key: each for each in ids if each.key not in self.findings.ids}
        self.take(type_reads(ids, self.findings, self.catalog))

    def take(self, reads: Iterable[Read]) -> None:
        """Send reads, and keep their answers."""
        self.findings.take(self.source.read(tuple(reads)), self.catalog)


def discover(
    roots: Roots, catalog: Catalog, source: Source, stated: Mapping[str, str]
) -> Discovery:
    """Read the resources at the roots and what belongs to them.

    `stated` are api versions of types, by the type's name in lower case. Raises AzureError where
    nothing can be read, DiagnosticError for a root that does not exist, and where more than
    `MOST_ROUNDS` rounds of requests would be needed.
    """
    discovery = Discovery(catalog, source, stated)
    findings = discovery.findings
    discovery.take(first_reads(roots, catalog))
    discovery.read_types(roots.resources)
    _check_roots(roots, findings)
    findings.groups = _root_groups(roots, findings)
    # The list of a resource group has ids and no bodies of most types: the bodies are read by type.
    discovery.take(inventory_reads(findings.groups.values(), findings))
    listed = [each for each, _ in findings.inventory()]
    findings.chosen |= {each.key for each in (*listed, *roots.clusters)}
    discovery.read_types(listed)
    _read_until_complete(discovery, set(roots.clusters))
    findings.chosen |= {e.key for e in roots.resources if e.type != RESOURCE_GROUP}
    findings.groups |= {e.key: e for e in roots.resources if e.type == RESOURCE_GROUP}
    discovery.take(shown_in_part(findings, discovery.catalog))
    discovery.read_types(_unread_groups(findings))
    discovery.catalog = with_tracked(discovery.catalog, findings.ids, findings.bodies)
    return discovery


def _root_groups(roots: Roots, findings: Findings) -> dict[str, ResourceId]:
    groups = {each.key: each for each in roots.groups}
    for key, each in findings.ids.items():
        if each.type == RESOURCE_GROUP and str(each.subscription).lower() in roots.subscriptions:
            groups[key] = each
    return groups


def _unread_groups(findings: Findings) -> list[ResourceId]:
    """Return the resource groups of chosen resources that were not read yet."""
    found = {
        group.key: group
        for key in findings.chosen
        if (group := group_of(findings.ids[key])) is not None
    }
    return [found[key] for key in sorted(found) if key not in findings.bodies]


def _read_until_complete(discovery: Discovery, clusters: set[ResourceId]) -> None:
    """Read what is below the chosen resources, and what belongs to clusters, until nothing is new.

    Raises:
        DiagnosticError: Where `MOST_ROUNDS` rounds of requests did not suffice (`too-large`).
    """
    findings = discovery.findings
    for _ in range(MOST_ROUNDS):
        before = len(findings.chosen)
        discovery.take(wide_extension_reads(findings, discovery.catalog))
        findings.chosen |= _contained_resources(findings)
        reads = (
            *below_reads(findings, discovery.catalog),
            *shown_in_part(findings, discovery.catalog),
        )
        discovery.take(reads)
        findings.chosen |= _contained_resources(findings)
        if clusters:
            _choose_related(discovery)
        # A role assignment may lead to a scope, and that to resources with identities of their own:
        # it takes rounds.
        if not reads and len(findings.chosen) == before:
            return
    raise DiagnosticError(
        error(
            "too-large",
            f"what belongs to the clusters was not read whole in {MOST_ROUNDS} rounds of requests: "
            "each round found more.",
            None,
            "Adopt by --resource-group.",
        )
    )


def _choose_related(discovery: Discovery) -> None:
    """Choose what the chosen resources refer to, what applies to them, and their identities' roles.

    The scopes of those roles are chosen too.
    """
    findings, catalog = discovery.findings, discovery.catalog
    subscriptions = {str(findings.ids[key].subscription).lower() for key in findings.chosen}
    discovery.take(wide_reads(subscriptions, joining_lists(catalog), findings))
    named = {
        each.key: each
        for key in findings.chosen
        if key in findings.bodies
        for each in named_by(findings.ids[key], findings.bodies[key], catalog)
    }
    findings.chosen |= {
        key
        for key, body in findings.bodies.items()
        if key not in findings.chosen and joins(findings.ids[key], body, findings.chosen)
    }
    principals = principals_of(findings.bodies, findings.chosen)
    findings.chosen |= {
        key
        for key, body in findings.bodies.items()
        if "/roleassignments/" in key and grants_to(body, principals)
    }
    new = [each for key, each in named.items() if key not in findings.chosen]
    discovery.read_types(new)
    findings.chosen |= {each.key for each in new if each.key in findings.bodies}


def _contained_resources(findings: Findings) -> set[str]:
    """Return the keys of children and extension resources of what is chosen, groups included.

    A scope below a chosen resource that is no resource itself counts too (a role assignment at a
    Kubernetes namespace).
    """
    holders = findings.chosen | set(findings.groups)
    found = set()
    for key in findings.bodies:
        container = findings.ids[key].container
        # Azure has no resource for a Kubernetes namespace: the scope of its role assignments is
        # below the cluster.
        while container is not None and container.key not in findings.ids:
            container = container.parent
        is_group = findings.ids[key].type == RESOURCE_GROUP
        if container is not None and container.key in holders and not is_group:
            found.add(key)
    return found


def _check_roots(roots: Roots, findings: Findings) -> None:
    refused = {
        answer.read.path.lower(): str(answer.refused)
        for answer in findings.answers
        if answer.refused is not None
    }
    errors = [
        error(
            "root-not-found",
            f"{each} cannot be adopted: {refused.get(each.key, 'Azure has no such resource')}.",
            None,
            "Check the subscription, the name and the tenant; `az group list -o table` lists "
            "groups.",
        )
        for each in (*roots.groups, *roots.clusters)
        if each.key not in findings.bodies
    ]
    if errors:
        raise DiagnosticError(*errors)
