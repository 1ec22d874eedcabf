"""Records of private DNS zones: one list for all types, and what private endpoints write."""

import pytest
from azure.mgmt.privatedns import PrivateDnsManagementClient

from provisioner.model.values import lookup
from provisioner.simulator.server import LocalAzure
from tests.environments import Bench
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, Caller

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

    ending = dns.record_sets.list("rg", ZONE, recordsetnamesuffix="-MX")

    assert listed == {*made, "SOA"}
    assert [record.name for record in ending] == ["of-mx"]
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


def test_the_records_of_a_public_zone_are_listed_and_counted(local: LocalAzure):
    call = Caller(local.endpoint)
    zone = f"{GROUP}/providers/Microsoft.Network/dnsZones/example.com"
    assert call("PUT", zone, {"location": "global"}).status == 201
    for name, kind, values in (
        ("www", "A", {"ARecords": [{"ipv4Address": "192.0.2.7"}]}),
        ("mail", "MX", {"MXRecords": [{"preference": 10, "exchange": "mx.example.com."}]}),
        ("_dmarc", "TXT", {"TXTRecords": [{"value": ["v=DMARC1"]}]}),
        ("@", "CAA", {"caaRecords": [{"flags": 0, "tag": "issue", "value": "ca.example"}]}),
    ):
        answer = call("PUT", f"{zone}/{kind}/{name}", {"properties": {"TTL": 60, **values}})
        assert answer.status == 201, answer.body

    def names(path: str) -> list[str]:
        found = call("GET", f"{zone}/{path}").body["value"]
        return sorted(f"{one['name']} {one['type'].rpartition('/')[2]}" for one in found)

    every = ["@ CAA", "@ NS", "@ SOA", "_dmarc TXT", "mail MX", "www A"]
    assert names("recordsets") == names("all") == every
    assert names("all?$recordsetnamesuffix=w") == ["www A"]
    assert names("A") == ["www A"]
    assert call("GET", zone).body["properties"]["numberOfRecordSets"] == 6
    assert len(call("GET", zone).body["properties"]["nameServers"]) == 4
    gone = call("GET", f"{GROUP}/providers/Microsoft.Network/dnsZones/none.example/all")
    assert gone.status == 404
    call.close()


def test_a_private_zone_has_every_kind_of_record_and_counts_them_and_its_links(
    dns: PrivateDnsManagementClient, local: LocalAzure
):
    records = dns.record_sets
    service = {"priority": 1, "weight": 1, "port": 1, "target": "a"}
    for kind, name, values in (
        ("A", "a", {"aRecords": [{"ipv4Address": "10.0.0.7"}]}),
        ("AAAA", "a", {"aaaaRecords": [{"ipv6Address": "fd00::7"}]}),
        ("CNAME", "c", {"cnameRecord": {"cname": "a.example"}}),
        ("MX", "m", {"mxRecords": [{"preference": 10, "exchange": "mx.example"}]}),
        ("PTR", "7", {"ptrRecords": [{"ptrdname": "a.example"}]}),
        (
            "SRV",
            "_s._tcp",
            {"srvRecords": [service]},
        ),
        ("TXT", "t", {"txtRecords": [{"value": ["x"]}]}),
    ):
        body = {"properties": {"ttl": 60, **values}}
        made = records.create_or_update("rg", ZONE, kind, name, body)
        assert made.fqdn == f"{name}.{ZONE}."
        assert records.get("rg", ZONE, kind, name).ttl == 60
    call = Caller(local.endpoint)
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vn"
    call("PUT", network, {"location": "westeurope", "properties": space})
    call.close()
    link = {"location": "global", "virtualNetwork": {"id": network}, "registrationEnabled": True}
    dns.virtual_network_links.begin_create_or_update(
        "rg", ZONE, "l", {"location": "global", "properties": link}
    ).result()
    zone = dns.private_zones.get("rg", ZONE)
    assert zone.number_of_record_sets == 8
    assert zone.number_of_virtual_network_links == 1
    assert zone.number_of_virtual_network_links_with_registration == 1
    assert [one.name for one in records.list("rg", ZONE, recordsetnamesuffix="_tcp")] == ["_s._tcp"]
    assert [one.name for one in dns.virtual_network_links.list("rg", ZONE)] == ["l"]
