"""WRK-03: network policies of workloads, and threat detection of Azure Firewall.

Facts: guidelines.md §1.3 and §2.1.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.controls.aks.namespace_rules import (
    IS_CLOSED,
    NAMES_PEERS,
)
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import equals, is_set, one_of, show
from provisioner.controls.resource_types import CLUSTER, FIREWALL, FIREWALL_POLICY, IP_GROUP
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown, list_items
from provisioner.network.model.intervals import NOTHING, Intervals, parse_addresses
from provisioner.network.model.public_host_names import is_anybodys
from provisioner.network.model.public_ranges import PublicReach, read_reach
from provisioner.network.model.service_tags import PUBLIC

_ITEM = "Filtering network traffic with policies, Azure Firewall or network appliances"
_ENGINE = "properties.networkProfile.networkPolicy"
_DATAPLANE = "properties.networkProfile.networkDataplane"
_ADVANCED = "properties.networkProfile.advancedNetworking"
_TIER = "properties.sku.tier"
_POLICY = "properties.firewallPolicy.id"
_THREATS = "properties.threatIntelMode"
_DETECTION = "properties.intrusionDetection.configuration"
_BYPASS = f"{_DETECTION}.bypassTrafficSettings"
_SIGNATURES = f"{_DETECTION}.signatureOverrides"
_MOST_SIGNATURES = 50
"""False alarms are switched off one by one; more than these are a policy."""
_ALLOWED_ADDRESSES = "properties.threatIntelWhitelist.ipAddresses"
_ALLOWED_NAMES = "properties.threatIntelWhitelist.fqdns"
_GROUP_ADDRESSES = "properties.ipAddresses"
_RECIPES = "Prose: network policy recipes"


def _uses_cilium(cluster: Subject) -> bool:
    return str(cluster.value(_ENGINE)).lower() == "cilium"


def _is_premium(policy: Subject) -> bool:
    return str(policy.value(_TIER)).lower() == "premium"


def _judge_bypass(policy: Subject) -> Iterator[Observation]:
    """Judge whether what bypasses IDPS is limited to named addresses and few signatures."""
    # IDPS is a feature of the Premium tier; the body of a lower tier may carry the settings
    # without effect.
    if not _is_premium(policy):
        return
    known_bypasses: list[tuple[Intervals, Intervals]] = []
    for entry in policy.entries(_BYPASS):
        name = str(entry.get("name"))
        sides = [_addresses_of_side(entry, "sourceAddresses", "sourceIpGroups", policy)]
        sides.append(
            _addresses_of_side(entry, "destinationAddresses", "destinationIpGroups", policy)
        )
        path = f"{_BYPASS}[{name}]"
        if any(side is None for side in sides):
            yield policy.unknown(
                path, (f"the traffic that bypass rule {name} excludes from inspection is unknown")
            )
        elif _excludes_networks(ranges := (_parse_side(sides[0]), _parse_side(sides[1]))):
            yield policy.fails(
                path,
                (
                    f"bypass rule {name} excludes whole networks and all their destinations from "
                    "inspection"
                ),
            )
        else:
            # One network cut into bypasses of a /17 each would pass one by one.
            known_bypasses.append(ranges)
            yield policy.passes(path, f"bypass rule {name} is limited to named addresses")
    if any(_excludes_networks(ranges) for ranges in _combine_bypasses(known_bypasses)):
        evidence = (
            "its bypass rules together exclude whole networks and all their destinations from "
            "inspection"
        )
        yield policy.fails(_BYPASS, evidence)
    # Overrides are per signature and only lower the mode: Alert and Off both let the traffic
    # pass.
    off = [
        str(entry.get("id"))
        for entry in policy.entries(_SIGNATURES)
        if str(entry.get("mode")).lower() != "deny"
    ]
    if len(off) > _MOST_SIGNATURES:
        evidence = (
            f"{len(off)} signature overrides are not Deny, expected {_MOST_SIGNATURES} at most"
        )
        yield policy.fails(_SIGNATURES, evidence)


def _addresses_of_side(
    entry: Mapping[str, object], addresses: str, groups: str, policy: Subject
) -> list[str] | None:
    """Return the addresses of one side of a bypass; None where they are not known."""
    texts = [str(text) for text in list_items(entry.get(addresses))]
    for named in list_items(entry.get(groups)):
        group = policy.at(named)
        if group is None:
            return None
        texts += group.texts(_GROUP_ADDRESSES)
    return texts


def _parse_side(side: list[str] | None) -> Intervals:
    """Return the addresses of a side; a tag in which anybody rents is all of the internet."""
    reach = read_reach(side or ())
    # Service tags as AzureCloud or Internet hold machines that any customer rents.
    ranges = PUBLIC if reach.holds_strangers and not reach.ipv4 else NOTHING
    for text in side or ():
        ranges = ranges | (parse_addresses(text) or NOTHING)
    return ranges


def _excludes_networks(ranges: tuple[Intervals, Intervals]) -> bool:
    """Return whether a bypass joins two whole networks, or many hosts to the internet."""
    # A bypass skips inspection for sources times destinations: a few hosts to one partner is an
    # exception, a few to the internet or a network to a network is the absence of IDPS.
    few, many = sorted(ranges, key=lambda side: side.size)
    if few.size >= _WHOLE_NETWORK:
        return True
    return PublicReach(ipv4=many & PUBLIC).holds_strangers and few.size > _MOST_HOSTS


def _combine_bypasses(
    known_bypasses: Sequence[tuple[Intervals, Intervals]],
) -> Iterator[tuple[Intervals, Intervals]]:
    """Yield (sources, destinations), each side of a bypass with all that is opposite to it.

    That is the union over the bypasses whose same side covers this one.
    """
    for sources, destinations in known_bypasses:
        to, by = NOTHING, NOTHING
        for one, other in known_bypasses:
            to = to | other if one.covers(sources) else to
            by = by | one if other.covers(destinations) else by
        yield sources, to
        yield by, destinations


_MOST_HOSTS = 256
_WHOLE_NETWORK = 2**16
"""A /16, as large as virtual networks are made."""


def _judge_threat_allowlist(policy: Subject) -> Iterator[Observation]:
    """Judge whether the exceptions of threat intelligence are named, and not everybody."""
    reach = read_reach(policy.texts(_ALLOWED_ADDRESSES))
    names = policy.texts(_ALLOWED_NAMES)
    # A wildcard over a domain in which everybody gets a name (blob storage, web apps) exempts an
    # attacker's host, too.
    wide = [name for name in names if is_anybodys(name)]
    if reach.holds_strangers:
        yield policy.fails(
            _ALLOWED_ADDRESSES, (f"the threat intelligence allowlist contains {reach}")
        )
    if wide:
        yield policy.fails(
            _ALLOWED_NAMES, (f"the threat intelligence allowlist contains every {wide[0]}")
        )


def _judge_firewall(firewall: Subject) -> Iterator[Observation]:
    """Judge a firewall without a policy by its own settings, as firewalls once had them."""
    # With a policy the threat intelligence mode of the firewall itself is ignored; the policy is
    # judged by its own rules.
    if firewall.states(_POLICY):
        named = firewall.value(_POLICY)
        if firewall.at(named) is None and not isinstance(named, Unknown):
            yield firewall.unknown(_POLICY, f"its policy {show(named)} is not in the environment")
        else:
            yield look(firewall, _POLICY, is_set())
    else:
        yield look(firewall, _THREATS, equals("Deny"))


CONTROLS = (
    Control(
        id="WRK-03",
        title="Workload network traffic is restricted to declared flows",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "In a flat network, an attacker moves from one compromised pod to all others and "
            "to the internet."
        ),
        synonyms=terms(
            "NetworkPolicy; segmentation; micro-segmentation; zero trust; east-west traffic"
        ),
        modes=(),
        mappings=Mappings(cis=("4.4.1", "5.4.4")),
    ),
    Control(
        id="WRK-03.1",
        title="A supported network policy engine is enabled (networkPolicy)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Without a network policy engine, NetworkPolicies are accepted and have no "
            "effect. Azure Network Policy Manager (`azure`) is being retired."
        ),
        synonyms=terms(
            "network policy engine; Cilium; Calico; Azure NPM; CNI; networkPolicy; networkDataplane"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                networkProfile: {networkPolicy: cilium, networkDataplane: cilium}
        """,
        rules=(
            expect(CLUSTER, _ENGINE, one_of("cilium", "calico")),
            expect(CLUSTER, _DATAPLANE, equals("cilium"), when=_uses_cilium, reading=(_ENGINE,)),
        ),
        limits="The policies of namespaces are checked by WRK-03.2.",
        mappings=Mappings(
            policies=("46238e2f-3f6f-4589-9f3f-77bed4116e67",),
            checkov=("CKV_AZURE_7",),
            psrule=("Azure.AKS.NetworkPolicy",),
        ),
    ),
    Control(
        id="WRK-03.2",
        title="Each namespace has a default-deny NetworkPolicy for ingress and egress",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Pods that no NetworkPolicy selects accept and open connections in every direction."
        ),
        synonyms=terms(
            "default deny; NetworkPolicy; namespace isolation; network policy; ingress; egress"
        ),
        remediation=(
            "Apply the policies default-deny and allow-dns of `azsec manifests` to each "
            "namespace, and allow other required traffic by label. A managed namespace has "
            "default-deny by defaultNetworkPolicy (CLU-05.4)."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_CLOSED, NAMES_PEERS),
        evidence=(
            "`kubectl get networkpolicies -A -o json` shows a policy with an empty "
            "podSelector for Ingress and Egress in every namespace except system namespaces"
        ),
        mappings=Mappings(cis=("4.4.2",)),
    ),
    Control(
        id="WRK-03.3",
        title="FQDN and L7 network policies are enabled (Advanced Container Networking Services)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "IP addresses of cloud services change, their names do not. Address-based "
            "rules are too wide or out of date."
        ),
        synonyms=terms(
            "ACNS; FQDN filtering; L7 policy; Cilium; toFQDNs; CiliumNetworkPolicy; egress "
            "filtering"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                networkProfile:
                  networkPolicy: cilium
                  networkDataplane: cilium
                  advancedNetworking:
                    enabled: true
                    security: {enabled: true, advancedNetworkPolicies: FQDN}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            expect(CLUSTER, f"{_ADVANCED}.enabled", equals(True)),
            expect(CLUSTER, f"{_ADVANCED}.security.enabled", equals(True)),
            expect(CLUSTER, f"{_ADVANCED}.security.advancedNetworkPolicies", one_of("FQDN", "L7")),
        ),
        evidence=(
            "`kubectl get ciliumnetworkpolicies -A -o json` shows policies with toFQDNs "
            "where workloads have egress"
        ),
        limits="The policies themselves are visible only in the cluster.",
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="WRK-03.4",
        title="Azure Firewall threat intelligence and IDPS are in Deny mode, with DNS proxy",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "In Alert mode the firewall forwards traffic that it recognizes as an attack. "
            "FQDN rules match reliably only if clients use the firewall as DNS proxy."
        ),
        synonyms=terms(
            "IDPS; IDS; IPS; threat intelligence; Azure Firewall Premium; DNS proxy; "
            "threatIntelMode; intrusion detection"
        ),
        remediation="""
            policy:
              type: Microsoft.Network/firewallPolicies
              properties:
                sku: {tier: Premium}
                threatIntelMode: Deny
                intrusionDetection: {mode: Deny}
                dnsSettings: {enableProxy: true}
            firewall:
              type: Microsoft.Network/azureFirewalls
              properties: {firewallPolicy: {id: "${policy.id}"}}
        """,
        rules=(
            expect(FIREWALL_POLICY, _THREATS, equals("Deny")),
            expect(
                FIREWALL_POLICY,
                "properties.intrusionDetection.mode",
                equals("Deny"),
                when=_is_premium,
                reading=(_TIER,),
            ),
            expect(FIREWALL_POLICY, "properties.dnsSettings.enableProxy", equals(True)),
            rule(
                FIREWALL_POLICY,
                _judge_bypass,
                _TIER,
                _BYPASS,
                _SIGNATURES,
                others={IP_GROUP: (_GROUP_ADDRESSES,)},
            ),
            rule(FIREWALL_POLICY, _judge_threat_allowlist, _ALLOWED_ADDRESSES, _ALLOWED_NAMES),
            rule(FIREWALL, _judge_firewall, _POLICY, _THREATS, others={FIREWALL_POLICY: ()}),
        ),
        limits=(
            "Firewalls outside the environment are not read. Traffic that is not routed to "
            "the firewall is checked by ENV-04.1."
        ),
        mappings=Mappings(
            policies=(
                "fc5e4038-4584-4632-8c85-c0448d374b2c",
                "da79a7e2-8aa1-45ed-af81-ba050c153564",
                "3f84c9b0-8b64-4208-98d4-6ada96bb49c3",
            ),
            checkov=("CKV_AZURE_216", "CKV_AZURE_219", "CKV_AZURE_220"),
            psrule=("Azure.Firewall.PolicyMode",),
        ),
    ),
    Control(
        id="WRK-03.5",
        title="Services are internal and Ingresses use TLS",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A Service of type LoadBalancer publishes a workload on the internet past the "
            "firewall. externalIPs allow a Service to intercept traffic to any address "
            "(CVE-2020-8554)."
        ),
        synonyms=terms(
            "LoadBalancer; internal load balancer; ILB; externalIPs; ingress; TLS; HTTPS; "
            "NodePort; CVE-2020-8554"
        ),
        remediation=(
            "Annotate Services of type LoadBalancer with "
            "service.beta.kubernetes.io/azure-load-balancer-internal, set `tls` on each "
            "Ingress, and remove externalIPs. The mapped policies deny violations."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get services,ingresses -A -o json` shows no public load balancer, no "
            "externalIPs and no Ingress without tls"
        ),
        mappings=Mappings(
            cis=("5.4.5",),
            policies=(
                "3fc4dc25-5baf-40d8-9b05-7fe74c1bc64e",
                "1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d",
                "d46c275d-1680-448d-b2ec-e495a3b6cc89",
                "233a2a17-77ca-4fb1-9b6b-69223d272a44",
            ),
        ),
    ),
    Control(
        id="WRK-14",
        title="Baseline NetworkPolicies are applied to every namespace",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_RECIPES,
        rationale="A baseline set of policies restricts traffic before a team writes its own.",
        synonyms=terms(
            "NetworkPolicy; network policy recipes; default deny; allow-dns; baseline policies"
        ),
        remediation=(
            "Apply default-deny, allow-dns, allow-same-namespace and "
            "allow-ingress-controller of `azsec manifests` to the team namespaces."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get networkpolicies -A` shows default-deny and allow-dns in each "
            "team namespace"
        ),
        mappings=Mappings(cis=("4.4.2",)),
    ),
)
