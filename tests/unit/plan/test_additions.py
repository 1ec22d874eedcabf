"""What Azure names in a subnet: interfaces that services made for ours, and those of others."""

from dataclasses import replace

from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Severity
from provisioner.model.resource_id import ResourceId
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.additions import find_additions
from provisioner.plan.container_contents import find_contents
from provisioner.plan.estates import actual_estate
from provisioner.plan.foreign_reads import MOST_FOREIGN, foreign_reads
from provisioner.plan.owners import find_owners
from provisioner.plan.reads import Answer, Read
from provisioner.workflow.drift import check_drift
from provisioner.workflow.environment_reader import read_environment
from tests.environments import Bench
from tests.laws.foreign_writes import NODES, PE, VNET, open_site, put, theirs
from tests.laws.neighbours import WORKLOAD, ZONE
from tests.recorded import RecordedSource


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


def test_interfaces_of_others_in_a_subnet_are_read_for_their_public_addresses(bench: Bench) -> None:
    """They may belong to any group, and only the subnet names them."""
    site = open_site(bench)
    address = theirs("Microsoft.Network/publicIPAddresses", "pip-theirs")
    nic = theirs("Microsoft.Network/networkInterfaces", "nic-theirs")
    entry = {"subnet": {"id": f"{VNET}/subnets/free"}, "publicIPAddress": {"id": address}}
    put(address, {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})(site)
    put(nic, {"ipConfigurations": [{"name": "i", "properties": entry}]})(site)
    graph, marks = site.desired.graph, site.desired.environment.marks

    reading = read_environment(graph, bench.catalog, marks, [WORKLOAD], bench.client)

    topology = read_topology(actual_estate(reading.state, graph, bench.catalog), "AzureCloud")
    breaches = [b for p in prove_topology(topology) if p.name == "inbound" for b in p.breaches]
    assert [b.message for b in breaches if b.element == nic] == [
        f"{nic} in free has the public IP address pip-theirs: its virtual machine is exposed to "
        "the internet."
    ]


def test_decoys_beyond_what_is_read_one_by_one_are_counted_and_an_error(bench: Bench) -> None:
    """A link of one more zone of others to our network may be among what is left out."""
    site = open_site(bench)
    zones = [
        {"id": theirs(ZONE, f"decoy-{number:03}.example"), "type": ZONE, "location": "global"}
        for number in range(MOST_FOREIGN + 1)
    ]
    source = RecordedSource(bench.client, {}, {})
    for zone in zones:
        source = source.adding(ZONE, zone)

    document = check_drift(site.desired, bench.catalog, source)

    told = {each.code: (each.severity, each.message) for each in document.diagnostics}
    assert told["not-looked-into"][0] is Severity.ERROR
    (row,) = (row for row in document.census.not_covered if row.of == "resource of others")
    assert row.count >= 1
    assert told["not-looked-into"][1].startswith(f"{row.count} resources outside of the ")


def test_an_interface_of_others_that_takes_our_public_address_is_read(bench: Bench) -> None:
    """A public address names its one user, where a subnet names many."""
    desired = bench.compose(
        """
        entry:
          type: Microsoft.Network/publicIPAddresses
          resourceGroup: main
          name: pip
          sku: {name: Standard}
          properties: {publicIPAllocationMethod: Static}
        """
    )
    entry = desired.graph.resources["entry"]
    nic = theirs("Microsoft.Network/networkInterfaces", "nic-theirs")
    body = {
        "id": entry.id.text,
        "properties": {"ipConfiguration": {"id": f"{nic}/ipConfigurations/one"}},
    }
    read = Read(entry.id.text, entry.type.api_version, entry.type.name, is_list=False)

    found = foreign_reads([Answer(read, (body,))], desired.graph, bench.catalog)

    assert [each.path for each in found.reads] == [nic]
