"""What controls of environments say beyond their fixtures: where a value is known after apply
alone, where a resource is others', how much is too much, and in other clouds."""

from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.registry import controls_by_id
from provisioner.controls.rule_findings import find
from provisioner.controls.verdict import Verdict, worst
from provisioner.model.values import Unknown
from tests.controls.estates import GROUP, findings_of, ground_of, merge, read_fixture

ADDRESS = "properties.ipConfigurations[0].properties.privateIPAddress"


def later(path: str) -> Unknown:
    """A value that Azure gives."""
    return Unknown(path, {}, (path,))


FOREIGN = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/others/subnets/nodes"
NO_ADDRESS = {
    "firewall": {"properties": {"ipConfigurations": [{"name": "default", "properties": None}]}}
}

CASES = (
    # id, what is merged into what passes, how the control ends
    ("ENV-02.2", {
        "clusterIdentity": {"properties": None},
        "operator": {"properties": {
            "principalId": later("clusterIdentity.properties.principalId")}},
    }, Verdict.PASS, "the principal of an identity that is not made yet"),
    ("ENV-02.2", {
        "operator": {"properties": {
            "principalId": later("kubeletIdentity.properties.principalId")}},
    }, Verdict.FAIL, "the principal of another identity"),
    ("ENV-02.4", {
        "cluster": {"properties": {"oidcIssuerProfile": {"enabled": True, "issuerURL": None}}},
        "credential": {"properties": {
            "issuer": later("cluster.properties.oidcIssuerProfile.issuerURL")}},
    }, Verdict.PASS, "the issuer of a cluster that is not made yet"),
    ("ENV-02.4", {
        "credential": {"properties": {"issuer": later("other.properties.issuerURL")}},
    }, Verdict.FAIL, "an issuer that is no cluster's"),
    ("ENV-02.4", {
        "cluster": {"properties": {"oidcIssuerProfile": {"enabled": True, "issuerURL": None}}},
    }, Verdict.UNKNOWN, "whether a text will be the issuer of the cluster"),
    ("ENV-02.5", {
        "workloadIdentity": {"properties": None},
        "others": {"properties": {"principalId": later("workloadIdentity.properties.principalId")}},
    }, Verdict.FAIL, "power for an identity that is not made yet"),
    ("ENV-04.1", merge(NO_ADDRESS, {
        "default": {"properties": {"nextHopIpAddress": later(f"firewall.{ADDRESS}")}},
    }), Verdict.PASS, "the address that the firewall will have"),
    ("ENV-04.1", merge(NO_ADDRESS, {
        "default": {"properties": {"nextHopIpAddress": later("machine.properties.address")}},
    }), Verdict.FAIL, "the address of something else"),
    ("ENV-04.1", NO_ADDRESS, Verdict.UNKNOWN, "whether a text will be the firewall's address"),
    ("ENV-04.1", {"pool": {"properties": {"vnetSubnetID": FOREIGN}}},
     Verdict.UNKNOWN, "the routes of a subnet that is others'"),
    ("ENV-05.2", {"readers": {"properties": {"roleDefinitionId": "some-role"}}}, Verdict.UNKNOWN,
     "what a role that is none grants in a namespace"),
    ("MON-06", {"workspace": {"existing": True}}, Verdict.PASS, "alerts that are seen"),
    ("MON-06", {"workspace": {"existing": True}, "execAlert": None}, Verdict.UNKNOWN,
     "the alerts of those who run the workspace"),
    ("MON-03", {"prometheus": None}, Verdict.UNKNOWN, "a data collection rule that is others'"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("control", "patch", "verdict"),
    [pytest.param(*case[:3], id=f"{case[0]}-{case[3]}") for case in CASES],
)
def test_what_is_not_known_is_told_apart(
    control: str, patch: Mapping[str, Any], verdict: Verdict, catalog: Catalog
) -> None:
    sketch = merge(read_fixture(control)["pass"], patch)
    found = findings_of(controls_by_id()[control], sketch, catalog)
    assert worst(seen.verdict for seen in found) is verdict, found


def test_names_are_resolved_where_the_firewall_will_be(catalog: Catalog) -> None:
    """NET-08: the servers of a network are the firewall's address, which Azure gives."""
    hub = {
        "firewallSubnet": {
            "type": "Microsoft.Network/virtualNetworks/subnets",
            "parent": "${hub.id}",
        },
        "firewall": {
            "type": "Microsoft.Network/azureFirewalls",
            "properties": {
                "ipConfigurations": [
                    {"name": "default", "properties": {"subnet": {"id": "${firewallSubnet.id}"}}}
                ]
            },
        },
        "network": {"properties": {"dhcpOptions": {"dnsServers": [later(f"firewall.{ADDRESS}")]}}},
    }
    control = controls_by_id()["NET-08"]
    sketch = merge(read_fixture("NET-08")["pass"], hub)
    linked = findings_of(control, sketch, catalog)
    assert worst(seen.verdict for seen in linked) is Verdict.PASS, linked
    missing = findings_of(control, merge(sketch, {"hubLink": None}), catalog)
    assert [seen.evidence for seen in missing if seen.verdict is Verdict.FAIL] == [
        "it has no virtual network link to hub, which resolves names for network"
    ]


def test_all_that_is_wrong_with_one_resource_is_told(catalog: Catalog) -> None:
    patch = {"execAlert": None, "adminAlert": None}
    found = findings_of(
        controls_by_id()["MON-06"], merge(read_fixture("MON-06")["pass"], patch), catalog
    )
    assert [seen.evidence for seen in found] == [
        "no alert rule in the environment detects a binding to cluster-admin; "
        "no alert rule in the environment detects kubectl exec into a container (pods/exec)"
    ]


@pytest.mark.parametrize(("count", "verdict"), [(20, Verdict.PASS), (21, Verdict.FAIL)])
def test_an_identity_takes_twenty_credentials(
    count: int, verdict: Verdict, catalog: Catalog
) -> None:
    sketch = read_fixture("ENV-02.4")["pass"]
    more = {f"credential{n}": sketch["credential"] for n in range(1, count)}
    found = findings_of(controls_by_id()["ENV-02.4"], {**sketch, **more}, catalog)
    assert worst(seen.verdict for seen in found) is verdict


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("AzureUSGovernment", "api://AzureADTokenExchangeUSGov"),
        ("AzureChinaCloud", "api://AzureADTokenExchangeChina"),
    ],
)
def test_each_cloud_has_an_audience_of_its_own(cloud: str, audience: str, catalog: Catalog) -> None:
    control, sketch = controls_by_id()["ENV-02.4"], read_fixture("ENV-02.4")["pass"]
    own = merge(sketch, {"credential": {"properties": {"audiences": [audience]}}})
    for drawn, verdict in ((own, Verdict.PASS), (sketch, Verdict.FAIL)):
        found = find(control, ground_of(drawn, catalog, cloud))
        assert worst(seen.verdict for seen in found) is verdict
