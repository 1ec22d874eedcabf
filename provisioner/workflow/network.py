"""`azsec network`: the address plan of an environment and of its siblings in the directory.

Called by `cli`; `azsec validate` runs its checks, too. Azure is not read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from provisioner.blueprint.file_schemas import Sources
from provisioner.catalog.registry import Catalog
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.network import (
    ClusterRangesDocument,
    EnvironmentNetworkDocument,
    NetworkDocument,
    SiteDocument,
    SubnetDocument,
    VirtualNetworkDocument,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, Severity, warning
from provisioner.model.estate import Estate
from provisioner.model.ranges import free_ranges
from provisioner.network.addresses.checks import check_addresses
from provisioner.network.addresses.cluster_ranges import Cluster
from provisioner.network.addresses.demand import describe_nodes
from provisioner.network.addresses.overlaps import find_repeated
from provisioner.network.addresses.plan import (
    AddressPlan,
    Subnet,
    VirtualNetwork,
    read_address_plan,
)
from provisioner.network.addresses.subnet_checks import describe_demands
from provisioner.network.model.topology_reader import topology_of
from provisioner.network.paths.route_checks import check_routes
from provisioner.plan.estates import desired_estate
from provisioner.plan.missing_locations import warn_of_unstated_locations
from provisioner.plan.service_refusals import check_services
from provisioner.workflow.plan import Desired, Invocation, check_adoptions, load_desired, require_id
from provisioner.workflow.security_evaluation import check_desired_network, check_desired_waivers


@dataclass(frozen=True, slots=True)
class Siblings:
    """The other environments of a directory; `problems` are of those that do not compose."""

    environments: tuple[Desired, ...]
    problems: tuple[Diagnostic, ...] = ()


def load_siblings(
    paths: Iterable[str],
    catalog: Catalog,
    sources: Sources,
    today: date,
    invocation: Invocation | None = None,
) -> Siblings:
    """Read and compose the environments at `paths`, as far as they can be.

    `invocation` is the same for all of them.
    """
    composed: list[Desired] = []
    problems: list[Diagnostic] = []
    for path in paths:
        try:
            composed.append(load_desired(path, catalog, sources, today, invocation=invocation))
        except DiagnosticError as problem:
            first = problem.diagnostics[0]
            problems.append(
                warning(
                    "not-compared",
                    f"{path} cannot be composed, so nothing is compared with it: {first.message}",
                    first.span,
                    f"`azsec validate {path}` prints all diagnostics.",
                )
            )
    return Siblings(tuple(composed), tuple(problems))


def validate_environment(
    desired: Desired, catalog: Catalog, siblings: Siblings
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of an environment that composes, without a request to Azure.

    Failed network proofs are errors only where the addresses are right, and the environment's gate
    does not merely warn.

    Raises:
        DiagnosticError: Where one of the diagnostics is an error, with all of them.
    """
    require_id(desired)
    check_adoptions(desired.environment.adopt, desired)
    check_desired_waivers(desired.environment, desired.graph, catalog)
    estate = desired_estate(desired.graph, catalog)
    others = _estates_by_name(siblings.environments)
    diagnostics = (
        *desired.diagnostics,
        *check_addresses(estate, others),
        *check_routes(topology_of(estate, desired.environment)),
        *check_services(desired.graph, catalog),
        *warn_of_unstated_locations(desired.graph),
    )
    if not any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        diagnostics = (
            *diagnostics,
            *check_desired_network(desired.environment, desired.graph, catalog),
        )
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        raise DiagnosticError(*diagnostics)
    return diagnostics


def describe_network(
    desired: Desired, siblings: Siblings, catalog: Catalog, *, show_all: bool = False
) -> NetworkDocument:
    """Return the address plan of an environment, checked against its siblings.

    It has the plans of the siblings, too, where all are to be shown.
    """
    estates = _estates_by_name((desired, *siblings.environments))
    plans = {name: read_address_plan(estate) for name, estate in estates.items()}
    described = []
    described_environments = (desired, *siblings.environments) if show_all else (desired,)
    for one, name in zip(described_environments, estates, strict=False):
        others = {other: estate for other, estate in estates.items() if other != name}
        diagnostics = (*check_addresses(estates[name], others), *check_services(one.graph, catalog))
        described.append(_describe_environment(one, plans[name], diagnostics))
    return NetworkDocument(
        environments=tuple(described),
        notes=find_repeated(plans),
        diagnostics=tuple(DiagnosticDocument.of(problem) for problem in siblings.problems),
    )


def _estates_by_name(environments: Sequence[Desired]) -> dict[str, Estate]:
    """Return the estates by the name of the environment; by its path where a name is taken."""
    found: dict[str, Estate] = {}
    for one in environments:
        name = one.environment.path if one.environment.name in found else one.environment.name
        found[name] = desired_estate(one.graph, one.catalog)
    return found


def _describe_environment(
    desired: Desired, plan: AddressPlan, diagnostics: tuple[Diagnostic, ...]
) -> EnvironmentNetworkDocument:
    return EnvironmentNetworkDocument(
        environment=desired.document,
        networks=tuple(
            _network_document(network, plan.networks) for network in plan.networks.values()
        ),
        clusters=tuple(_cluster_document(cluster) for cluster in plan.clusters),
        sites=tuple(
            SiteDocument(address=site.resource.label, ranges=tuple(map(str, site.ranges)))
            for site in plan.sites
        ),
        diagnostics=tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics),
    )


def _network_document(
    network: VirtualNetwork, networks: Mapping[str, VirtualNetwork]
) -> VirtualNetworkDocument:
    taken = [one for subnet in network.subnets for one in subnet.ranges]
    free = [gap for space in network.spaces for gap in free_ranges(space, taken)]
    return VirtualNetworkDocument(
        address=network.label,
        id=network.id.text,
        declared=network.resource is not None,
        spaces=tuple(map(str, network.spaces)),
        addresses=sum(space.num_addresses for space in network.spaces),
        free=tuple(map(str, free)),
        free_addresses=sum(gap.num_addresses for gap in free),
        peers=tuple(sorted(networks[key].label for key in network.peers if key in networks)),
        subnets=tuple(
            _subnet_document(subnet)
            for subnet in sorted(network.subnets, key=lambda s: [(r.version, r) for r in s.ranges])
        ),
    )


def _subnet_document(subnet: Subnet) -> SubnetDocument:
    usable, needed = subnet.usable, subnet.needed
    holds = dict.fromkeys(f"{d.kind} of {d.resource.label}" for d in subnet.demands)
    return SubnetDocument(
        address=subnet.resource.label,
        name=subnet.name,
        ranges=tuple(map(str, subnet.ranges)),
        usable=usable,
        needed=needed,
        free=usable - needed if usable is not None and needed is not None else None,
        arithmetic=describe_demands(subnet),
        holds=tuple(holds),
        delegations=subnet.delegations,
        security_group=subnet.security_group.name if subnet.security_group else None,
        route_table=subnet.route_table.name if subnet.route_table else None,
    )


def _cluster_document(cluster: Cluster) -> ClusterRangesDocument:
    # Node auto-provisioning creates nodes as pods need them: no pool states how many.
    is_bounded = (
        all(pool.nodes is not None for pool in cluster.pools) and not cluster.provisions_nodes
    )
    pods = [one for one in cluster.pods if one.version == 4]
    # Azure CNI Overlay gives each node a /24 of the pod range ("Azure CNI Overlay networking").
    room = sum(one.num_addresses // 256 for one in pods) if pods else None
    return ClusterRangesDocument(
        address=cluster.resource.label,
        plugin=cluster.plugin.value,
        nodes=sum(pool.most for pool in cluster.pools) if is_bounded else None,
        node_room=room,
        arithmetic=describe_nodes(cluster.pools),
        pods=tuple(map(str, cluster.pods)),
        services=tuple(map(str, cluster.services)),
        bridges=tuple(map(str, cluster.bridges)),
        dns_address=str(cluster.dns_address) if cluster.dns_address else None,
    )
