"""Load balancers.

Source: "Troubleshoot common Azure deployment errors with Azure Load Balancer".
"""

from collections.abc import Iterator
from itertools import combinations

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown, is_known
from provisioner.service_rules.conditions import in_range, is_at
from provisioner.service_rules.partial_bodies import (
    Tree,
    entries_at,
    id_at,
    is_silent,
    number_at,
    text_at,
    text_or,
    value_at,
)
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    addresses_of,
    find_neighbour,
    sku_of,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)

_BALANCER = "Microsoft.Network/loadBalancers"
_DOCS = "learn.microsoft.com/azure/load-balancer"
_ERRORS = f"{_DOCS}/load-balancer-common-deployment-errors"
_FRONTENDS = "properties.frontendIPConfigurations"
_RULES = "properties.loadBalancingRules"
_NAT = "properties.inboundNatRules"
_NAT_POOLS = "properties.inboundNatPools"
_OUTBOUND = "properties.outboundRules"
_PROBES = "properties.probes"
_SNAT = "properties.disableOutboundSnat"

# References to parts of the same balancer: the list of parts, and the properties that name one.
_NAMING = {
    _RULES: ("frontendIPConfiguration", "backendAddressPool", "probe"),
    _NAT: ("frontendIPConfiguration", "backendAddressPool"),
    _NAT_POOLS: ("frontendIPConfiguration",),
    _OUTBOUND: ("backendAddressPool",),
}


def _judge_parts(write: Write) -> Iterator[Refusal]:
    """Yield references to parts of the balancer that its body does not have.

    A balancer is written as a whole, and its parts refer to each other by id: a part that the body
    lacks does not exist.
    """
    for path, names in _NAMING.items():
        for at, entry in entries_at(write.after, path):
            for name in names:
                yield from _missing_part(write, f"{at}.properties.{name}.id", entry, name)


def _missing_part(write: Write, at: str, entry: Tree, name: str) -> Iterator[Refusal]:
    named = id_at(entry, f"properties.{name}.id")
    if named is None or named.parent is None or named.parent.key != write.id.key:
        return
    kind = named.type.rpartition("/")[2]
    stated = value_at(write.after, f"properties.{kind}")
    names = [value_at(part, "name") for _at, part in entries_at(write.after, f"properties.{kind}")]
    # A part whose name is not known yet may turn out to be the one that is looked for.
    if isinstance(stated, Unknown) or not is_known(names):
        return
    if named.name.lower() not in (each.lower() for each in names if isinstance(each, str)):
        yield Refusal(at, f"{kind} of the load balancer has no {named.name}")


def _judge_frontends(write: Write) -> Iterator[Refusal]:
    if not is_silent(write.after, _FRONTENDS):
        return
    for path in (_RULES, _NAT, _NAT_POOLS, _OUTBOUND, "properties.backendAddressPools", _PROBES):
        if any(True for _ in entries_at(write.after, path)):
            yield Refusal(path, "a load balancer without a frontend has nothing else either")
            return


def _judge_sku(write: Write) -> Iterator[Refusal]:
    own = text_or(write.after, "sku.name", "Basic")
    for at, named in addresses_of(write.type, write.after):
        address = find_neighbour(write.neighbours, named)
        theirs = sku_of(address) if address else None
        if own is None or theirs is None or own.lower() not in ("basic", "standard"):
            continue
        if theirs != own.lower():
            yield Refusal(
                at,
                f"{named.name} is a public IP address of the SKU {theirs.title()}, and the load "
                f"balancer's is {own.title()}: both have to be the same",
            )


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    region = region_in(write.after)
    yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


def _judge_static(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _FRONTENDS):
        is_private = id_at(entry, "properties.subnet.id") is not None
        if (
            is_private
            and is_at(entry, "properties.privateIPAllocationMethod", "Static")
            and is_silent(entry, "properties.privateIPAddress")
        ):
            yield Refusal(
                f"{at}.properties.privateIPAddress", "a Static frontend states its privateIPAddress"
            )


def _protocols_overlap(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and ("all" in (one, other) or one == other)


def _transport_protocol(entry: Tree) -> str | None:
    found = text_at(entry, "properties.protocol")
    return found.lower() if found else None


def _judge_backends(write: Write) -> Iterator[Refusal]:
    """Yield two rules of one pool with the same backend port and protocol.

    Allowed where each has a floating IP.
    """
    rules = [entry for entry in entries_at(write.after, _RULES)]
    for (_at, one), (at, other) in combinations(rules, 2):
        pools = [id_at(each, "properties.backendAddressPool.id") for each in (one, other)]
        ports = [number_at(each, "properties.backendPort") for each in (one, other)]
        if pools[0] is None or pools[0] != pools[1] or None in ports or ports[0] != ports[1]:
            continue
        fixed = all(_has_no_floating_ip(each) for each in (one, other))
        if (
            fixed
            and _transport_protocol(one) is not None
            and _transport_protocol(one) == _transport_protocol(other)
        ):
            name = text_at(one, "name")
            yield Refusal(
                f"{at}.properties.backendPort",
                f"{name} hands on to port {ports[0]} of the same pool already",
            )


def _has_no_floating_ip(entry: Tree) -> bool:
    value = value_at(entry, "properties.enableFloatingIP")
    return value is False or is_silent(entry, "properties.enableFloatingIP")


def _frontends_of(entry: Tree) -> Iterator[ResourceId]:
    paths = ["properties.frontendIPConfiguration.id"]
    paths += [f"{at}.id" for at, _ in entries_at(entry, "properties.frontendIPConfigurations")]
    for path in paths:
        named = id_at(entry, path)
        if named is not None:
            yield named


def _judge_snat(write: Write) -> Iterator[Refusal]:
    """Yield load balancing rules with outbound SNAT beside an outbound rule of the same frontend.

    Such a rule would be a second outbound rule.
    """
    outbound = {
        named.key
        for _at, entry in entries_at(write.after, _OUTBOUND)
        for named in _frontends_of(entry)
    }
    for at, entry in entries_at(write.after, _RULES):
        translates = value_at(entry, _SNAT) is False or is_silent(entry, _SNAT)
        if translates and any(named.key in outbound for named in _frontends_of(entry)):
            yield Refusal(
                f"{at}.{_SNAT}",
                "a rule of a frontend that an outbound rule uses has disableOutboundSnat: true",
            )


def _judge_outbound(write: Write) -> Iterator[Refusal]:
    rules = [entry for entry in entries_at(write.after, _OUTBOUND)]
    for (_at, one), (at, other) in combinations(rules, 2):
        both = {named.key for named in _frontends_of(one)} & {
            named.key for named in _frontends_of(other)
        }
        if both and _protocols_overlap(_transport_protocol(one), _transport_protocol(other)):
            yield Refusal(
                f"{at}.properties.frontendIPConfigurations",
                f"{text_at(one, 'name')} sends out by the same frontend and protocol already",
            )


def _judge_ports(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _OUTBOUND):
        ports = number_at(entry, "properties.allocatedOutboundPorts")
        if ports is not None and ports % 8:
            yield Refusal(
                f"{at}.properties.allocatedOutboundPorts",
                f"{ports} is not a multiple of 8",
            )


def _judge_request(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _PROBES):
        path = "properties.requestPath"
        if is_at(entry, "properties.protocol", "Http", "Https") and is_silent(entry, path):
            yield Refusal(f"{at}.{path}", "a probe of HTTP or HTTPS states its requestPath")
        elif is_at(entry, "properties.protocol", "Tcp") and text_at(entry, path):
            yield Refusal(f"{at}.{path}", "a probe of TCP has no requestPath")


RULES = (
    ServiceRule(
        id="load-balancer-names-a-part-it-lacks", type=_BALANCER,
        code="InvalidResourceReference",
        source="Azure/azure-cli#16567 (of a gateway, whose parts are named alike)",
        judge=_judge_parts,
    ),
    ServiceRule(
        id="load-balancer-without-frontend", type=_BALANCER,
        code="LoadBalancerWithoutFrontendIPCantHaveChildResources",
        source=_ERRORS, judge=_judge_frontends,
    ),
    ServiceRule(
        id="load-balancer-address-sku", type=_BALANCER,
        code="DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed",
        source=_ERRORS, judge=_judge_sku,
    ),
    ServiceRule(
        id="load-balancer-address-in-use", type=_BALANCER, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="load-balancer-refers-to-other-region", type=_BALANCER, code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)", judge=_judge_region,
    ),
    ServiceRule(
        id="load-balancer-static-without-address", type=_BALANCER, code=None,
        source="learn.microsoft.com/azure/virtual-network/ip-services/private-ip-addresses",
        judge=_judge_static,
    ),
    ServiceRule(
        id="load-balancer-rules-of-one-port", type=_BALANCER,
        code="RulesUseSameBackendPortProtocolAndPool",
        source="Azure/azure-quickstart-templates#2014; MicrosoftDocs/azure-docs#94673",
        judge=_judge_backends,
    ),
    ServiceRule(
        id="load-balancer-rule-beside-outbound-rule", type=_BALANCER,
        code="LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferenced"
        "ByOutboundRule",
        source="ansible-collections/azure#743", judge=_judge_snat,
    ),
    ServiceRule(
        id="load-balancer-outbound-rules-of-one-frontend", type=_BALANCER,
        code="MoreThanOneOutboundRuleUsingSameFrontendIPConfigurationAndProtocolIsNotSupported",
        source="Azure/AzLoadBalancerMigration#10", judge=_judge_outbound,
    ),
    ServiceRule(
        id="load-balancer-outbound-ports", type=_BALANCER,
        code="SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight",
        source="MicrosoftDocs/azure-docs#124508", judge=_judge_ports,
    ),
    ServiceRule(
        id="load-balancer-outbound-timeout", type=_BALANCER, code=None,
        source=f"{_DOCS}/outbound-rules (limitations)",
        judge=in_range(f"{_OUTBOUND}[].properties.idleTimeoutInMinutes", 4, 120),
    ),
    ServiceRule(
        id="load-balancer-probe-path", type=_BALANCER, code=None,
        source=f"{_DOCS}/load-balancer-custom-probe-overview", judge=_judge_request,
    ),
    ServiceRule(
        id="load-balancer-probe-interval", type=_BALANCER, code=None,
        source="REST reference, Load Balancers - Create Or Update (Probe: at least 5 seconds)",
        judge=in_range(f"{_PROBES}[].properties.intervalInSeconds", 5, 2147483646),
    ),
)  # fmt: skip
