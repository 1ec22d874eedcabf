"""What a trace can be asked for."""

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.trace_endpoints import (
    Destination,
    DestinationKind,
    find_sources,
    parse_destination,
)
from provisioner.plan.estates import desired_estate
from tests.environments import load_shipped

WRITTEN = [
    ("internet", Destination(DestinationKind.INTERNET, "", 443)),
    ("internet:80", Destination(DestinationKind.INTERNET, "", 80)),
    ("fqdn:mcr.microsoft.com", Destination(DestinationKind.HOST, "mcr.microsoft.com", 443)),
    ("fqdn:a.b:8443", Destination(DestinationKind.HOST, "a.b", 8443)),
    ("subnet:spoke.nodeSubnet:22", Destination(DestinationKind.SUBNET, "spoke.nodeSubnet", 22)),
    ("vault", Destination(DestinationKind.VAULT, "", 443)),
    ("api-server:4443", Destination(DestinationKind.API_SERVER, "", 4443)),
    ("10.0.0.4:53", Destination(DestinationKind.ADDRESS, "10.0.0.4", 53)),
]
REFUSED = ["", "host", "fqdn:", "internet:0", "internet:70000", "10.0.0.0/24", "address", "a:b:c"]


@pytest.mark.parametrize(("text", "destination"), WRITTEN)
def test_a_destination_is_read(text, destination):
    assert parse_destination(text) == destination


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_destination_is_refused_with_what_is(text):
    with pytest.raises(DiagnosticError, match=r"is not a destination\. Expected internet:PORT"):
        parse_destination(text)


@pytest.fixture(scope="module")
def topology(catalog):
    return read_topology(
        desired_estate(load_shipped("local", catalog).graph, catalog), "AzureCloud"
    )


@pytest.mark.parametrize("text", ["nodes", "pods", "spoke.nodeSubnet", "snet-nodes", "SNET-nodes"])
def test_sources_are_roles_addresses_or_names(topology, text):
    assert [subnet.label for subnet in find_sources(topology, text)] == ["spoke.nodeSubnet"]


def test_a_source_that_is_misspelt_is_told_the_nearest(topology):
    with pytest.raises(DiagnosticError, match=r"Did you mean 'spoke\.nodeSubnet'\?"):
        find_sources(topology, "spoke.nodesSubnet")
