"""The network of a shipped environment, as it stands in the built-in Azure, with faults put in."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.proof import Breach, Proof
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import actual_estate
from tests.environments import Bench, plan_environment

NETWORK = "Microsoft.Network"
RULE = f"{NETWORK}/networkSecurityGroups/securityRules"
ROUTE = f"{NETWORK}/routeTables/routes"
PEERING = f"{NETWORK}/virtualNetworks/virtualNetworkPeerings"
LINK = f"{NETWORK}/privateDnsZones/virtualNetworkLinks"
SUBNET = f"{NETWORK}/virtualNetworks/subnets"
VNET = f"{NETWORK}/virtualNetworks"
GROUP = f"{NETWORK}/firewallPolicies/ruleCollectionGroups"

Fault = Callable[["Site"], "Site"]
Properties = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """An estate that faults are put into. Each change gives another site."""

    estate: Estate

    def resource(self, label: str) -> Resource:
        """Return the resource with an address."""
        found = self.estate.at(label)
        assert found is not None, f"there is no {label}"
        return found

    def change(self, label: str, edit: Callable[[Properties], object]) -> "Site":
        """Let `edit` change the properties of the resource at an address."""
        found = self.resource(label)
        body = deepcopy(dict(found.body))
        edit(body["properties"])
        return self._with(replace(found, body=body))

    def set(self, label: str, **properties: object) -> "Site":
        """Set properties of the resource at an address."""
        return self.change(label, lambda body: body.update(properties))

    def drop(self, label: str, *properties: str) -> "Site":
        """Take properties of the resource at an address away."""

        def edit(body: Properties) -> None:
            for name in properties:
                del body[name]

        return self.change(label, edit)

    def add(self, parent: str, kind: str, name: str, **properties: object) -> "Site":
        """Put a child into the resource at an address."""
        inside = self.resource(parent).id
        child = ResourceId(kind, (*inside.names, name), inside.scope)
        body = {"name": name, "properties": properties}
        return self._with(Resource(child, kind, body, f"{parent}[{name}]"))

    def put(
        self, kind: str, name: str, like: str, address: str | None, **properties: object
    ) -> "Site":
        """Put a resource beside the one at the address `like`."""
        other = ResourceId(kind, (name,), self.resource(like).id.scope)
        return self._with(Resource(other, kind, {"name": name, "properties": properties}, address))

    def remove(self, label: str) -> "Site":
        """Take the resource at an address away, and what stands in it."""
        key = self.resource(label).id.key
        left = (r for r in self.estate if r.id.key != key and not r.id.key.startswith(f"{key}/"))
        return Site(Estate.of(left))

    def topology(self) -> Topology:
        """Return the network."""
        return read_topology(self.estate, "AzureCloud")

    def prove(self) -> Mapping[str, Proof]:
        """Return every proof, by name."""
        return {proof.name: proof for proof in prove_topology(self.topology())}

    def breaches(self) -> list[tuple[str, Breach]]:
        """Return every breach with the name of its proof."""
        return [(name, b) for name, proof in self.prove().items() for b in proof.breaches]

    def _with(self, changed: Resource) -> "Site":
        return Site(Estate({**self.estate.resources, changed.id.key: changed}))


def build_site(bench: Bench, catalog: Catalog, name: str = "local") -> Site:
    """Apply an environment of the repository, and return its network as Azure has it then."""
    desired = bench.load(f"environments/{name}.yaml")
    bench.apply(bench.plan(desired))
    state = plan_environment(desired, catalog, bench.client).state
    return Site(actual_estate(state, desired.graph, catalog))


def rule(**more: object) -> Properties:
    """Return the properties of a security rule that lets everything in."""
    return {
        "priority": 101,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
        **more,
    }


def collection(name: str, *rules: Properties, priority: int = 90, action: str = "Allow"):
    """Return a rule collection of a firewall policy."""
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": action},
        "rules": list(rules),
    }


def network_rule(**more: object) -> Properties:
    """Return a network rule that lets the nodes reach everything."""
    return {
        "ruleType": "NetworkRule",
        "name": "any",
        "ipProtocols": ["Any"],
        "sourceAddresses": ["*"],
        "destinationAddresses": ["*"],
        "destinationPorts": ["*"],
        **more,
    }


def application_rule(**more: object) -> Properties:
    """Return an application rule that lets the nodes reach every host."""
    return {
        "ruleType": "ApplicationRule",
        "name": "any",
        "protocols": [{"protocolType": "Https", "port": 443}],
        "sourceAddresses": ["*"],
        "targetFqdns": ["*"],
        **more,
    }
