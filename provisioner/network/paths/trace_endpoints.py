"""Sources and destinations of `azsec trace`, parsed from the command line."""

import re
from dataclasses import dataclass
from enum import StrEnum

from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.network.model.intervals import parse_addresses
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Subnet

NODES, PODS = "nodes", "pods"
"""The subnets of all clusters, instead of the name of one."""

_HTTPS = 443


class DestinationKind(StrEnum):
    """The kind of a trace's destination."""

    INTERNET = "internet"
    HOST = "fqdn"
    SUBNET = "subnet"
    ADDRESS = "address"
    API_SERVER = "api-server"
    VAULT = "vault"
    REGISTRY = "registry"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination: `name` is the host, the subnet or the address, empty for the other kinds."""

    kind: DestinationKind
    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name or self.kind.value}:{self.port}"


_DESTINATION = re.compile(r"(?:(?P<kind>fqdn|subnet):)?(?P<name>[^:\s]+)(?::(?P<port>[0-9]{1,5}))?")
_KIND_BY_NAME = {
    kind.value: kind for kind in DestinationKind if kind.value not in ("fqdn", "subnet")
}


def parse_destination(text: str) -> Destination:
    """Parse a destination.

    It is `internet`, `fqdn:HOST`, `subnet:NAME`, `vault`, `registry`, `storage`, `api-server` or an
    IPv4 address, each with `:PORT` behind it; the default port is 443.

    Raises:
        DiagnosticError: Where the text is no destination, or the port is not in 1-65535
            (`unknown-destination`).
    """
    match = _DESTINATION.fullmatch(text)
    port = int(match["port"] or _HTTPS) if match else 0
    if match and 0 < port < 65536:
        kind, name = match["kind"], match["name"]
        if kind:
            return Destination(DestinationKind(kind), name, port)
        if name in _KIND_BY_NAME and name != DestinationKind.ADDRESS:
            return Destination(_KIND_BY_NAME[name], "", port)
        found = parse_addresses(name)
        if found is not None and found.size == 1:
            return Destination(DestinationKind.ADDRESS, name, port)
    raise DiagnosticError(
        error(
            "unknown-destination",
            f"{text!r} is not a destination. Expected internet:PORT, fqdn:HOST:PORT, "
            "subnet:NAME:PORT, ADDRESS:PORT, vault, registry, storage or api-server.",
            None,
            "The port is 443 where none is given.",
        )
    )


def find_sources(topology: Topology, text: str) -> tuple[Subnet, ...]:
    """Return the subnets that `nodes`, `pods`, an address of the blueprint or a name mean.

    Where no cluster stands in a subnet that is known, `nodes` is a name like any other.
    Raises DiagnosticError where there is none.
    """
    pools = [pool for cluster in topology.clusters for pool in cluster.pools]
    if text == NODES:
        keys = [pool.subnet for pool in pools]
    elif text == PODS:
        keys = [pool.pod_subnet or pool.subnet for pool in pools]
    else:
        keys = []
    found = [
        topology.subnets[key] for key in dict.fromkeys(keys) if key and key in topology.subnets
    ]
    # A blueprint without clusters may well have a subnet called `nodes`.
    return tuple(found) or (find_subnet(topology, text),)


def find_subnet(topology: Topology, text: str) -> Subnet:
    """Return the subnet at an address of the blueprint, or the only one with a name.

    Raises:
        DiagnosticError: Where there is no such subnet, or more than one with the name
            (`unknown-subnet`).
    """
    # The address in the blueprint is unique; names of subnets repeat in every spoke.
    by_label = [s for s in topology.subnets.values() if s.label == text]
    matching = by_label or [s for s in topology.subnets.values() if s.name.lower() == text.lower()]
    if len(matching) == 1:
        return matching[0]
    labels = [subnet.label for subnet in topology.subnets.values()]
    problem = "there is no subnet" if not matching else f"there are {len(matching)} subnets"
    hint = (
        nearest(text, labels)
        if not matching
        else f"Take the address: {', '.join(s.label for s in matching)}."
    )
    raise DiagnosticError(error("unknown-subnet", f"{problem} {text!r}.", None, hint))
