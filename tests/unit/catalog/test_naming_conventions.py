"""What people call resources of a type, and the part of an environment that they are."""

import pytest

from provisioner.catalog.naming_conventions import noun_of, part_of
from provisioner.catalog.registry import Catalog


@pytest.mark.parametrize(
    ("name", "noun", "part"),
    [
        ("Microsoft.Network/networkSecurityGroups", "rules", "network"),
        ("microsoft.network/NETWORKSECURITYGROUPS", "rules", "network"),
        ("Microsoft.Network/natGateways", "natGateway", "network"),
        ("Microsoft.Network/privateDnsZones/AAAA", "record", "dns"),
        ("Microsoft.Network/dnsZones/CAA", "record", "dns"),
        ("Microsoft.Network/dnsResolvers/inboundEndpoints", "inboundEndpoint", "dns"),
        ("Microsoft.ServiceNetworking/trafficControllers", "trafficController", "network"),
        ("Contoso.Fabric/addresses", "address", "services"),
        ("Contoso.Fabric/policies", "policy", "services"),
    ],
)
def test_a_noun_follows_from_the_type_or_is_what_people_say(
    name: str, noun: str, part: str
) -> None:
    assert (noun_of(name), part_of(name)) == (noun, part)


def test_every_type_has_a_noun_that_is_an_identifier(catalog: Catalog) -> None:
    nouns = {each.name: noun_of(each.name) for each in catalog}
    assert all(noun.isidentifier() and noun[0].islower() for noun in nouns.values())
    odd = {name for name, noun in nouns.items() if noun[:1].islower() and noun[1:2].isupper()}
    assert not odd
