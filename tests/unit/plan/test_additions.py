"""What Azure names in a subnet: interfaces that services made for ours, and those of others."""

from dataclasses import replace

from provisioner.model.actual import ActualState
from provisioner.model.resource_id import ResourceId
from provisioner.plan.additions import find_additions
from provisioner.plan.contents import find_contents
from provisioner.plan.owners import find_owners
from provisioner.workflow.reading import read_environment
from tests.environments import Bench
from tests.laws.foreign_writes import NODES, PE, VNET, open_site, theirs
from tests.laws.neighbours import WORKLOAD


def test_interfaces_of_services_are_no_additions_and_those_of_others_are(bench: Bench) -> None:
    """The built-in Azure names the resources that have the interfaces; Azure names these."""
    site = open_site(bench)
    graph, marks = site.desired.graph, site.desired.environment.marks
    reading = read_environment(graph, bench.catalog, marks, [WORKLOAD], bench.client)
    ours = site.body(PE)["properties"]["networkInterfaces"][0]["id"]
    vm = theirs("Microsoft.Network/networkInterfaces", "nic-vm")
    nodes = f"{NODES}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-1/virtualMachines/0"
    named = [
        f"{ours}/ipConfigurations/one",
        f"{nodes.upper()}/networkInterfaces/nic/ipConfigurations/one",
        f"{vm}/ipConfigurations/one",
    ]
    subnet = ResourceId.parse(f"{VNET}/subnets/nodes")
    hit = reading.state.found[subnet.key]
    body = {**hit.body, "properties": {"ipConfigurations": [{"id": text} for text in named]}}
    state = ActualState({**reading.state.found, subnet.key: replace(hit, body=body)})
    owners = find_owners(state, bench.catalog, marks)
    contents = find_contents(state, reading.inventory, owners, bench.catalog)

    additions = find_additions(graph, state, contents, ())

    assert [(each.id.text, each.address, each.adds) for each in additions] == [
        (vm, "nodes", "takes an address in it")
    ]
