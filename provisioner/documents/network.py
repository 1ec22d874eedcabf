"""Address plans of one or more environments."""

from typing import Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)


class SubnetDocument(Document):
    """One subnet.

    `usable` is how many IPv4 addresses of it Azure does not reserve, `needed` how many its
    resources take at most (null: not known, or the service's own business), `free` the difference.
    `arithmetic` is how `needed` is counted, `holds` what is in it.
    """

    address: str
    name: str
    ranges: tuple[str, ...] = ()
    usable: int | None = None
    needed: int | None = None
    free: int | None = None
    arithmetic: str = ""
    holds: tuple[str, ...] = ()
    delegations: tuple[str, ...] = ()
    security_group: str | None = None
    route_table: str | None = None


class VirtualNetworkDocument(Document):
    """One virtual network.

    `declared` is whether the blueprint declares it, and does not only refer to it. `free` are the
    ranges of its address spaces that are in no subnet; `peers` the networks that it is peered with.
    """

    address: str
    id: str
    declared: bool
    spaces: tuple[str, ...] = ()
    addresses: int = 0
    free: tuple[str, ...] = ()
    free_addresses: int = 0
    peers: tuple[str, ...] = ()
    subnets: tuple[SubnetDocument, ...] = ()


class ClusterRangesDocument(Document):
    """The address ranges inside of one cluster.

    `nodes` is how many nodes there are at most during an upgrade (null: not known), `node_room` for
    how many the pod ranges are enough (null: pods take addresses of a subnet).
    """

    address: str
    plugin: str
    nodes: int | None = None
    node_room: int | None = None
    arithmetic: str = ""
    pods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    dns_address: str | None = None


class SiteDocument(Document):
    """The on-premises ranges behind a gateway."""

    address: str
    ranges: tuple[str, ...] = ()


class EnvironmentNetworkDocument(Document):
    """The address plan of one environment, and what is wrong with it."""

    environment: EnvironmentDocument
    networks: tuple[VirtualNetworkDocument, ...] = ()
    clusters: tuple[ClusterRangesDocument, ...] = ()
    sites: tuple[SiteDocument, ...] = ()
    diagnostics: tuple[DiagnosticDocument, ...] = ()


class NetworkDocument(Document):
    """The address plans of one or more environments.

    `notes` are what is allowed and worth knowing; `diagnostics` state which environments of the
    directory could not be compared with.
    """

    kind: Literal["azsec/network"] = "azsec/network"
    format_version: str = FORMAT_VERSION
    environments: tuple[EnvironmentNetworkDocument, ...]
    notes: tuple[str, ...] = ()
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether one of the address plans cannot be."""
        told = [d for one in self.environments for d in one.diagnostics]
        return any(d.severity == "error" for d in (*told, *self.diagnostics))
