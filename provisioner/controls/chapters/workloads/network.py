"""WRK-03: which traffic of workloads is let through, in the cluster and out of it.

Facts: guidelines.md §1.3 and §2.1.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.controls.aks.namespace_rules import (
    IS_CLOSED,
    NAMES_PEERS,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import equals, is_set, one_of, show
from provisioner.controls.resource_types import CLUSTER, FIREWALL, FIREWALL_POLICY, IP_GROUP
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown
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
    """Intrusion detection looks at what it is for: nothing that passes it by is everybody's."""
    if not _is_premium(policy):
        return
    both: list[tuple[Intervals, Intervals]] = []
    for entry in policy.entries(_BYPASS):
        name = str(entry.get("name"))
        sides = [_side(entry, "sourceAddresses", "sourceIpGroups", policy)]
        sides.append(_side(entry, "destinationAddresses", "destinationIpGroups", policy))
        path = f"{_BYPASS}[{name}]"
        if any(side is None for side in sides):
            yield policy.unknown(path, f"what passes by it by {name} is not known")
        elif _is_blind(held := (_held(sides[0]), _held(sides[1]))):
            yield policy.fails(path, f"{name} passes by it, for whole networks and all they reach")
        else:
            both.append(held)
            yield policy.passes(path, f"{name} passes by it for named addresses")
    if any(_is_blind(held) for held in _together(both)):
        said = "its bypasses together are for whole networks and all they reach"
        yield policy.fails(_BYPASS, said)
    off = [
        str(entry.get("id"))
        for entry in policy.entries(_SIGNATURES)
        if str(entry.get("mode")).lower() != "deny"
    ]
    if len(off) > _MOST_SIGNATURES:
        said = f"{len(off)} signatures do not deny, expected {_MOST_SIGNATURES} at most"
        yield policy.fails(_SIGNATURES, said)


def _side(
    entry: Mapping[str, object], addresses: str, groups: str, policy: Subject
) -> list[str] | None:
    """Return the addresses of one side of a bypass; None where they are not known."""
    texts = [str(text) for text in _listed(entry.get(addresses))]
    for named in _listed(entry.get(groups)):
        group = policy.at(named)
        if group is None:
            return None
        texts += group.texts(_GROUP_ADDRESSES)
    return texts


def _held(side: list[str] | None) -> Intervals:
    """Return the addresses of a side; a tag in which anybody rents is all of the internet."""
    reach = read_reach(side or ())
    held = PUBLIC if reach.holds_strangers and not reach.ipv4 else NOTHING
    for text in side or ():
        held = held | (parse_addresses(text) or NOTHING)
    return held


def _is_blind(held: tuple[Intervals, Intervals]) -> bool:
    """Tell whether two sides are more than a few machines and the internet, or than two whole
    networks."""
    few, many = sorted(held, key=lambda side: side.size)
    if few.size >= _WHOLE_NETWORK:
        return True
    return PublicReach(ipv4=many & PUBLIC).holds_strangers and few.size > _FEW


def _together(
    both: Sequence[tuple[Intervals, Intervals]],
) -> Iterator[tuple[Intervals, Intervals]]:
    """Yield, for each side of each bypass, what all that have at least this side hold together on
    the other."""
    for sources, destinations in both:
        to, by = NOTHING, NOTHING
        for one, other in both:
            to = to | other if one.covers(sources) else to
            by = by | one if other.covers(destinations) else by
        yield sources, to
        yield by, destinations


_FEW = 256
_WHOLE_NETWORK = 2**16
"""A /16, as large as virtual networks are made."""


def _listed(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _judge_allowed_threats(policy: Subject) -> Iterator[Observation]:
    """What threat intelligence lets pass is named, and not everybody."""
    reach = read_reach(policy.texts(_ALLOWED_ADDRESSES))
    names = policy.texts(_ALLOWED_NAMES)
    wide = [name for name in names if is_anybodys(name)]
    if reach.holds_strangers:
        yield policy.fails(_ALLOWED_ADDRESSES, f"threat intelligence lets {reach} pass")
    if wide:
        yield policy.fails(_ALLOWED_NAMES, f"threat intelligence lets every {wide[0]} pass")


def _judge_firewall(firewall: Subject) -> Iterator[Observation]:
    """A firewall without a policy holds its own settings, as firewalls once did."""
    if firewall.states(_POLICY):
        named = firewall.value(_POLICY)
        if firewall.at(named) is None and not isinstance(named, Unknown):
            yield firewall.unknown(_POLICY, f"its policy {show(named)} is not seen here")
        else:
            yield look(firewall, _POLICY, is_set())
    else:
        yield look(firewall, _THREATS, equals("Deny"))


CONTROLS = (
    Control(
        id="WRK-03",
        title="What workloads may talk to is written down, and all else is dropped",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="An open network takes an intruder from the weakest pod to all others, and out.",
        modes=(),
        mappings=Mappings(cis=("4.4.1", "5.4.4")),
    ),
    Control(
        id="WRK-03.1",
        title="An engine for network policies that has a future",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Without an engine a NetworkPolicy is accepted, and does nothing. The engine `azure` "
            "is being retired."
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
        limits="That the policies of a namespace say something is for WRK-03.2.",
        mappings=Mappings(
            policies=("46238e2f-3f6f-4589-9f3f-77bed4116e67",),
            checkov=("CKV_AZURE_7",),
            psrule=("Azure.AKS.NetworkPolicy",),
        ),
    ),
    Control(
        id="WRK-03.2",
        title="Each namespace denies by default, and allows by name",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="Pods without a policy talk to everything, in both directions.",
        remediation=(
            "Apply the policies default-deny and allow-dns of `azsec manifests` to each namespace, "
            "and allow what else it needs by labels. A managed namespace has the first by "
            "defaultNetworkPolicy (CLU-05.4)."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_CLOSED, NAMES_PEERS),
        evidence=(
            "a policy with an empty podSelector for Ingress and Egress in every namespace but the "
            "system's: `kubectl get networkpolicies -A -o json`"
        ),
        mappings=Mappings(cis=("4.4.2",)),
    ),
    Control(
        id="WRK-03.3",
        title="Policies may name hosts, and look into requests",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "The addresses of a service in the cloud change; its name does not. A rule on "
            "addresses is either too wide or wrong tomorrow."
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
            "the policies that name hosts, where workloads leave the cluster: `kubectl get "
            "ciliumnetworkpolicies -A -o json`, those with toFQDNs"
        ),
        limits="The policies themselves are the cluster's to show.",
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="WRK-03.4",
        title="The firewall stops known attackers and intrusions",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A firewall that alerts lets through what it knows to be an attack. Names in its rules "
            "mean what clients mean only where it answers their DNS questions itself."
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
            rule(FIREWALL_POLICY, _judge_allowed_threats, _ALLOWED_ADDRESSES, _ALLOWED_NAMES),
            rule(FIREWALL, _judge_firewall, _POLICY, _THREATS, others={FIREWALL_POLICY: ()}),
        ),
        limits=(
            "What a firewall that others manage does is not read. Traffic that no route leads"
            " to the firewall passes it by: see ENV-04.1."
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
        title="Services are reached from inside, over TLS",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "One line in a Service puts it on the internet, past the firewall. An external address "
            "lets a service take over the traffic to any host."
        ),
        remediation=(
            "Give Services of the type LoadBalancer the annotation "
            "service.beta.kubernetes.io/azure-load-balancer-internal, and Ingress `tls`; use no "
            "externalIPs. The policies of the mappings refuse the rest."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of services with a public load balancer or externalIPs, and of "
            "ingresses without tls: `kubectl get services,ingresses -A -o json`"
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
        title="The network policies that every namespace needs are at hand",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_RECIPES,
        rationale="A team that starts from a working set does not start from an open network.",
        remediation=(
            "Apply default-deny, allow-dns, allow-same-namespace and allow-ingress-controller of "
            "`azsec manifests` to the teams' namespaces."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "the policies of the teams' namespaces: `kubectl get networkpolicies -A`, with "
            "default-deny and allow-dns in each"
        ),
        mappings=Mappings(cis=("4.4.2",)),
    ),
)
