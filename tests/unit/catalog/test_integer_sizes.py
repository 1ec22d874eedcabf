"""The sizes of whole numbers: 32 bits, or 64 where the service's specification says so."""

import pytest

from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import Kind
from provisioner.simulator.bodies.validation import read_body
from provisioner.simulator.protocol.errors import RefusalError

SOA = "Microsoft.Network/privateDnsZones/SOA"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
FLUX = "Microsoft.KubernetesConfiguration/fluxConfigurations"
VAULT = "Microsoft.KeyVault/vaults"
SIZES = [
    ("a number of an autonomous system", GATEWAY, ["properties", "bgpSettings", "asn"], Kind.LONG),
    ("its weight", GATEWAY, ["properties", "bgpSettings", "peerWeight"], Kind.INTEGER),
    ("a serial number of DNS", SOA, ["properties", "soaRecord", "serialNumber"], Kind.LONG),
    ("a preference of DNS", SOA, ["properties", "mxRecords", "[]", "preference"], Kind.INTEGER),
    ("seconds of Flux", FLUX, ["properties", "gitRepository", "timeoutInSeconds"], Kind.LONG),
    ("days of a vault", VAULT, ["properties", "softDeleteRetentionInDays"], Kind.INTEGER),
    ("a moment of a key", f"{VAULT}/keys", ["properties", "attributes", "exp"], Kind.LONG),
]


@pytest.mark.parametrize(("_id", "name", "path", "kind"), SIZES, ids=[row[0] for row in SIZES])
def test_a_whole_number_has_the_size_of_its_specification(catalog: Catalog, _id, name, path, kind):
    found = catalog.schemas.find(name, path)
    assert found is not None
    assert found.shape.kind is kind


VERDICTS = [
    ("the largest of 32 bits", "peerWeight", 2**31 - 1, None),
    ("one more", "peerWeight", 2**31, "Int32"),
    ("one less than the least", "peerWeight", -(2**31) - 1, "Int32"),
    ("of 64 bits, an autonomous system", "asn", 4_200_000_000, None),
    ("more than 64 bits", "asn", 2**63, "Int64"),
]


@pytest.mark.parametrize(("_id", "key", "value", "size"), VERDICTS, ids=[r[0] for r in VERDICTS])
def test_validate_and_the_built_in_azure_refuse_the_same(catalog: Catalog, _id, key, value, size):
    body = {"location": "westeurope", "properties": {"bgpSettings": {key: value}}}
    resource_type = catalog.get(GATEWAY)
    node = parse_yaml("{}", "a.yaml")
    told = check_body(resource_type, catalog.schemas, body, node)
    assert [each.code for each in told] == (["number-out-of-range"] if size else [])
    if size is None:
        read_body(catalog, resource_type, body, resource_type.api_version)
        return
    with pytest.raises(RefusalError, match=f"is too large or small for an {size}"):
        read_body(catalog, resource_type, body, resource_type.api_version)
