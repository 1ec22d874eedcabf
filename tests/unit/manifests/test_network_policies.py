"""Which packets the network policies of a namespace let through.

A small judge of NetworkPolicy follows its documentation: a policy for a direction closes it, and
every rule opens all of its ports to all of its peers. It tells what the outline's rule opened too.
"""

import re
from ipaddress import ip_address, ip_network

import pytest

from tests.manifests import FULL, find, render

KUBE_DNS = {"namespace": "kube-system", "k8s-app": "kube-dns"}


def allows(policies, direction, peer, port, protocol="TCP"):
    """Tell whether policies that select every pod let a packet pass; `peer` is an address, or the
    labels of a pod with its namespace."""
    key, side = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    closed = [spec for spec in policies if direction in spec["policyTypes"]]
    if not closed:
        return True
    return any(
        matches_port(rule, port, protocol)
        and (side not in rule or any(matches_peer(each, peer) for each in rule[side]))
        for spec in closed
        for rule in spec.get(key, [])
    )


def matches_port(rule, port, protocol):
    ports = rule.get("ports")
    return ports is None or any(
        (each["port"], each["protocol"]) == (port, protocol) for each in ports
    )


def matches_peer(rule, peer):
    if isinstance(peer, str):
        block = rule.get("ipBlock")
        return (
            block is not None
            and ip_address(peer) in ip_network(block["cidr"])
            and all(ip_address(peer) not in ip_network(each) for each in block.get("except", []))
        )
    if "ipBlock" in rule:
        return False
    home = rule.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": "app"}})
    pod = rule.get("podSelector", {}).get("matchLabels", {})
    return home["matchLabels"]["kubernetes.io/metadata.name"] == peer["namespace"] and all(
        peer.get(key) == value for key, value in pod.items()
    )


def policies_of(namespace="app", **world):
    return [
        manifest.body["spec"]
        for manifest in render(**world).manifests
        if (manifest.kind, manifest.namespace) == ("NetworkPolicy", namespace)
    ]


BARE, RICH = policies_of(), policies_of(text=FULL)
NARROW = policies_of(text="namespaces: [{name: app, egress: [{to: 10.30.1.5/32, ports: [5432]}]}]")

PACKETS = {
    "nothing comes in by default": (BARE, "Ingress", "10.0.0.4", 80, "TCP", False),
    "nor from another namespace": (BARE, "Ingress", {"namespace": "b"}, 80, "TCP", False),
    "nothing goes out by default": (BARE, "Egress", "203.0.113.7", 443, "TCP", False),
    "nor to the metadata service": (BARE, "Egress", "169.254.169.254", 80, "TCP", False),
    "names are resolved": (BARE, "Egress", KUBE_DNS, 53, "UDP", True),
    "also over TCP": (BARE, "Egress", KUBE_DNS, 53, "TCP", True),
    "but on no other port": (BARE, "Egress", KUBE_DNS, 9153, "TCP", False),
    "and by nobody else in kube-system": (
        BARE, "Egress", {"namespace": "kube-system"}, 53, "UDP", False,
    ),
    "nor by Azure's resolver": (BARE, "Egress", "168.63.129.16", 53, "UDP", False),
    "pods of the namespace meet": (BARE, "Egress", {"namespace": "app"}, 8080, "TCP", True),
    "both ways": (BARE, "Ingress", {"namespace": "app"}, 8080, "TCP", True),
    "the database is reached": (NARROW, "Egress", "10.30.1.5", 5432, "TCP", True),
    "on its port alone": (NARROW, "Egress", "10.30.1.5", 53, "UDP", False),
    "and not its neighbour": (NARROW, "Egress", "10.30.1.6", 5432, "TCP", False),
    "its port leads nowhere else": (NARROW, "Egress", KUBE_DNS, 5432, "TCP", False),
    "private endpoints are reached": (RICH, "Egress", "10.20.4.9", 443, "TCP", True),
    "another namespace is reached": (RICH, "Egress", {"namespace": "payments"}, 8443, "TCP", True),
    "everything but the metadata service": (RICH, "Egress", "203.0.113.7", 443, "TCP", True),
    "which a wide range leaves out": (RICH, "Egress", "169.254.169.254", 443, "TCP", False),
    "the ingress controller comes in": (
        RICH, "Ingress", {"namespace": "app-routing-system"}, 8080, "TCP", True,
    ),
    "on each of its ports": (
        RICH, "Ingress", {"namespace": "app-routing-system"}, 9090, "TCP", True,
    ),
    "and on no other": (RICH, "Ingress", {"namespace": "app-routing-system"}, 22, "TCP", False),
}  # fmt: skip


@pytest.mark.parametrize("case", PACKETS)
def test_a_packet_passes_or_not(case):
    policies, direction, peer, port, protocol, passes = PACKETS[case]
    assert allows(policies, direction, peer, port, protocol) is passes


OUTLINE = {
    "policyTypes": ["Egress"],
    "egress": [
        {
            "ports": [
                {"port": 53, "protocol": "UDP"},
                {"port": 53, "protocol": "TCP"},
                {"port": 5432, "protocol": "TCP"},
            ],
            "to": [
                {"ipBlock": {"cidr": "168.63.129.0/24"}},
                {"ipBlock": {"cidr": "191.237.232.0/22"}},
            ],
        }
    ],
}


def test_what_was_wrong_with_the_rule_of_the_outline():
    # Meant were DNS to the one range and the database to the other. Opened was all to both, and
    # the cluster's own DNS, which pods ask, to nobody.
    assert allows([OUTLINE], "Egress", "191.237.232.9", 53, "UDP")
    assert allows([OUTLINE], "Egress", "168.63.129.16", 5432)
    assert not allows([OUTLINE], "Egress", KUBE_DNS, 53, "UDP")


def test_a_policy_says_why_each_way_out_is_there():
    annotations = find(render(FULL), "NetworkPolicy", "allow-egress", "app")["metadata"]
    assert annotations["annotations"]["azsec.dev/reasons"] == "10.30.1.5/32: the database"


def test_cilium_denies_the_metadata_service_before_it_allows_anything():
    policy = find(render(FULL), "CiliumNetworkPolicy", "deny-metadata-service", "app")
    assert policy["spec"]["egressDeny"] == [{"toCIDR": ["169.254.169.254/32"]}]
    others = render(has_cilium=False, filters_hosts=False).manifests
    assert "CiliumNetworkPolicy" not in {manifest.kind for manifest in others}


def test_hosts_are_named_in_the_rule_and_to_the_resolver():
    spec = find(render(FULL), "CiliumNetworkPolicy", "allow-hosts", "app")["spec"]
    resolver, *hosts = spec["egress"]
    (rule,) = resolver["toPorts"]
    names = [{"matchName": "api.example.com"}, {"matchPattern": "*.example.org"}]
    assert rule["rules"]["dns"] == names
    assert [host["toFQDNs"] for host in hosts] == [[name] for name in names]
    assert [p["port"] for p in hosts[1]["toPorts"][0]["ports"]] == ["443", "8443"]


def test_a_rule_is_for_the_pods_that_it_names():
    # As the outline's sample is for the pods that are labelled run: psqldemo.
    text = """\
namespaces:
  - name: app
    egress:
      - {to: 10.30.1.5/32, ports: [5432], pods: {run: psqldemo}}
      - {to: 10.30.1.6/32, ports: [5432], pods: {run: psqldemo}}
      - {to: api.example.com, ports: [443], pods: {run: psqldemo}}
      - {to: 10.30.2.0/24, ports: [443]}
      - {to: 10.30.3.0/24, ports: [443], pods: {app.kubernetes.io/name: Web_1}}
"""
    objects = render(text)
    labels = {"matchLabels": {"run": "psqldemo"}}
    spec = find(objects, "NetworkPolicy", "allow-egress-run-psqldemo", "app")["spec"]
    assert spec["podSelector"] == labels
    assert [rule["to"][0]["ipBlock"]["cidr"] for rule in spec["egress"]] == [
        "10.30.1.5/32",
        "10.30.1.6/32",
    ]
    hosts = find(objects, "CiliumNetworkPolicy", "allow-hosts-run-psqldemo", "app")["spec"]
    assert hosts["endpointSelector"] == labels
    every = find(objects, "NetworkPolicy", "allow-egress", "app")["spec"]
    assert (every["podSelector"], len(every["egress"])) == ({}, 1)
    (web,) = [m.name for m in objects.manifests if "kubernetes-io" in m.name]
    assert re.fullmatch(r"allow-egress-app-kubernetes-io-name-web-1-[0-9a-f]{8}", web)


SIGN_IN = {
    "AzureCloud": "login.microsoftonline.com",
    "AzureUSGovernment": "login.microsoftonline.us",
    "AzureChinaCloud": "login.chinacloudapi.cn",
}


@pytest.mark.parametrize("cloud", SIGN_IN)
def test_pods_with_an_identity_sign_in(cloud):
    spec = find(render(cloud=cloud), "CiliumNetworkPolicy", "allow-sign-in", "app")["spec"]
    assert spec["endpointSelector"] == {"matchLabels": {"azure.workload.identity/use": "true"}}
    dns, sign_in = spec["egress"]
    assert sign_in["toFQDNs"] == [{"matchName": SIGN_IN[cloud]}]
    assert dns["toPorts"][0]["rules"]["dns"] == sign_in["toFQDNs"]


OTHER = {"has_cilium": False, "filters_hosts": False}
API = "namespaces: [{name: tools, apiAccess: true}]"


def codes(objects):
    return [(told.code, told.message.split(" ")[2]) for told in objects.diagnostics]


def test_where_no_policy_names_hosts_the_need_to_sign_in_is_said():
    assert codes(render(**OTHER)) == [("sign-in-is-closed", "app")]
    wide = "namespaces: [{name: app, egress: [{to: 0.0.0.0/0, ports: [443]}]}]"
    assert codes(render(wide, **OTHER)) == []
    assert codes(render(federations=(), **OTHER)) == []


def test_pods_that_may_hold_a_token_reach_the_api_server():
    spec = find(render(API), "CiliumNetworkPolicy", "allow-api-server", "tools")["spec"]
    assert spec["egress"][0]["toEntities"] == ["kube-apiserver"]
    near = render(API, federations=(), api_server_ranges=("10.1.0.0/28",), **OTHER)
    spec = find(near, "NetworkPolicy", "allow-api-server", "tools")["spec"]
    assert spec["egress"][0]["to"] == [{"ipBlock": {"cidr": "10.1.0.0/28"}}]
    assert codes(near) == []
    assert codes(render(API, federations=(), **OTHER)) == [("api-server-is-closed", "tools")]
    assert "allow-api-server" not in {m.name for m in render().manifests}
