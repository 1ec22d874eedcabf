"""Records of private DNS zones: one list for all types, and what private endpoints write."""

import pytest
from azure.mgmt.privatedns import PrivateDnsManagementClient

from provisioner.model.values import lookup
from tests.environments import Bench
from tests.simulator.sdk import Connect

ZONE = "privatelink.vaultcore.azure.net"


@pytest.fixture
def dns(connect: Connect) -> PrivateDnsManagementClient:
    client = connect(PrivateDnsManagementClient)
    client.private_zones.begin_create_or_update("rg", ZONE, {"location": "global"}).result()
    return client


def test_a_zone_has_its_start_of_authority_from_the_start(dns: PrivateDnsManagementClient):
    (record,) = dns.record_sets.list("rg", ZONE)

    assert (record.name, str(record.type).rpartition("/")[2]) == ("@", "SOA")
    assert record.properties.soa_record.host == "azureprivatedns.net"


def test_one_list_has_the_records_of_every_type(dns: PrivateDnsManagementClient):
    made = {
        "A": {"aRecords": [{"ipv4Address": "10.0.0.4"}]},
        "AAAA": {"aaaaRecords": [{"ipv6Address": "fd00::4"}]},
        "CNAME": {"cnameRecord": {"cname": "web.example.internal"}},
        "MX": {"mxRecords": [{"preference": 10, "exchange": "mail.example.internal"}]},
        "PTR": {"ptrRecords": [{"ptrdname": "web.example.internal"}]},
        "SRV": {"srvRecords": [{"priority": 1, "weight": 1, "port": 389, "target": "ldap"}]},
        "TXT": {"txtRecords": [{"value": ["a text"]}]},
    }
    for kind, values in made.items():
        dns.record_sets.create_or_update(
            "rg", ZONE, kind, f"of-{kind.lower()}", {"properties": {"ttl": 300, **values}}
        )

    listed = {str(record.type).rpartition("/")[2] for record in dns.record_sets.list("rg", ZONE)}
    of_type = [record.name for record in dns.record_sets.list_by_type("rg", ZONE, "CNAME")]

    assert listed == {*made, "SOA"}
    assert of_type == ["of-cname"]


ENDPOINT = """\
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
    subnets: [{name: endpoints, properties: {addressPrefix: 10.0.1.0/24}}]
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-azsec-test
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
    publicNetworkAccess: Disabled
zone:
  type: Microsoft.Network/privateDnsZones
  resourceGroup: main
  name: privatelink.vaultcore.azure.net
endpoint:
  type: Microsoft.Network/privateEndpoints
  resourceGroup: main
  name: pe-vault
  properties:
    subnet: {id: "${network.id}/subnets/endpoints"}
    privateLinkServiceConnections:
      - {name: vault, properties: {privateLinkServiceId: "${vault.id}", groupIds: [vault]}}
group:
  type: Microsoft.Network/privateEndpoints/privateDnsZoneGroups
  parent: ${endpoint.id}
  name: default
  properties:
    privateDnsZoneConfigs: [{name: vault, properties: {privateDnsZoneId: "${zone.id}"}}]
"""


def records(bench: Bench) -> list[str]:
    return [i.rpartition("/privateDnsZones/")[2] for i in bench.server.resource_ids() if "/A/" in i]


def test_the_zone_group_of_an_endpoint_writes_signed_records(bench: Bench):
    bench.apply(bench.plan(bench.compose(ENDPOINT)))

    record = bench.body_of("A/kv-azsec-test")

    assert lookup(record, ("properties", "aRecords")) == [{"ipv4Address": "10.0.1.4"}]
    signed = str(lookup(record, ("properties", "metadata", "creator")))
    assert signed.startswith("created by private endpoint pe-vault with resource guid ")


def test_the_records_go_with_the_zone_group(bench: Bench):
    bench.apply(bench.plan(bench.compose(ENDPOINT)))
    without = ENDPOINT.partition("group:\n")[0]

    bench.apply(bench.plan(bench.compose(without)), allow_delete=True)

    assert records(bench) == []


def test_what_somebody_wrote_over_stays(bench: Bench):
    bench.apply(bench.plan(bench.compose(ENDPOINT)))
    bench.tamper("A/kv-azsec-test", metadata={}, aRecords=[{"ipv4Address": "203.0.113.66"}])
    without = ENDPOINT.partition("group:\n")[0]

    bench.apply(bench.plan(bench.compose(without)), allow_delete=True)

    assert records(bench) == [f"{ZONE}/A/kv-azsec-test"]


def test_a_plan_after_the_apply_is_empty_and_the_records_are_not_unmanaged(bench: Bench):
    bench.apply(bench.plan(bench.compose(ENDPOINT)))

    plan = bench.plan(bench.compose(ENDPOINT))

    assert plan.document.changes == ()
    assert plan.document.unmanaged == ()
