"""ENV-04.4: inbound exposure: public IP addresses, load balancers, ingress add-ons, DNAT.

The WAF of gateways is in `exposure.gateway_waf`. Facts: guidelines.md §1.4 and WRK-03.5.
"""

from collections.abc import Callable, Iterator, Mapping

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.environments.egress import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.exposure.dnat_rules import (
    DNAT_READS,
    find_dnat_openings,
)
from provisioner.controls.exposure.gateway_waf import (
    APPLICATION_GATEWAY_HAS_WAF,
    CONTAINER_GATEWAY_HAS_WAF,
    FRONT_DOOR_WAF_PREVENTS,
)
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    BASTION,
    CLUSTER,
    FIREWALL,
    LOAD_BALANCER,
    MACHINE,
    NAT_GATEWAY,
    NETWORK_GATEWAY,
    NETWORK_INTERFACE,
    PUBLIC_ADDRESS,
    SCALE_SET,
)
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id, resource_group_id
from provisioner.model.values import is_empty, list_items, lookup

_CONFIGURATIONS = "properties.ipConfigurations"
_MANAGEMENT = "properties.managementIpConfiguration"
_ADDRESSES = "properties.publicIpAddresses"
_FRONTENDS = "properties.frontendIPConfigurations"
_NODE_GROUP = "properties.nodeResourceGroup"
_ROUTING = "properties.ingressProfile.webAppRouting.enabled"
_NGINX = "properties.ingressProfile.webAppRouting.nginx.defaultIngressControllerType"
# An Automatic cluster has application routing by default.
_KIND = "sku.name"
# defaultIngressControllerType Internal has an internal load balancer, None makes no controller.
_CLOSED_INGRESSES = ("internal", "none")
_HTTP_ROUTING = "properties.addonProfiles.httpApplicationRouting.enabled"
_MESH_GATEWAYS = "properties.serviceMeshProfile.istio.components.ingressGateways"
_OUTBOUND = (
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
)

_ALLOWED_USERS: Mapping[str, tuple[str, ...]] = {
    FIREWALL: (_CONFIGURATIONS, _MANAGEMENT),
    BASTION: (_CONFIGURATIONS,),
    NETWORK_GATEWAY: (_CONFIGURATIONS,),
    NAT_GATEWAY: (_ADDRESSES,),
    APPLICATION_GATEWAY: (_FRONTENDS,),
}
"""What may have a public address, and where it says which."""

_MACHINE_USERS: Mapping[str, tuple[str, ...]] = {NETWORK_INTERFACE: (_CONFIGURATIONS,)}
"""What makes a machine answer the internet where it has one."""


_SET_INTERFACES = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations"
_MACHINE_INTERFACES = "properties.networkProfile.networkInterfaceConfigurations"
_INBOUND_RULES = (
    "properties.loadBalancingRules",
    "properties.inboundNatRules",
    "properties.inboundNatPools",
)
"""The rules by which a load balancer hands on what arrives at a frontend. An outbound rule does
not: by it members of a pool leave."""


def _load_balancers_by_address(estate: Estate, _catalog: Catalog) -> Mapping[str, tuple[str, bool]]:
    """Return the load balancer of each public address, and whether it has inbound rules there.

    They are by the key of the address.
    """
    found: dict[str, tuple[str, bool]] = {}
    for balancer in estate.of_type(LOAD_BALANCER):
        answering = {
            named.name.lower()
            for path in _INBOUND_RULES
            for rule in list_items(lookup(balancer.body, path.split(".")))
            for text in [lookup(rule, ("properties", "frontendIPConfiguration", "id"))]
            if (named := parse_resource_id(text)) is not None
        }
        for entry in list_items(lookup(balancer.body, _FRONTENDS.split("."))):
            address = parse_resource_id(lookup(entry, ("properties", "publicIPAddress", "id")))
            if address is not None:
                # Rules refer to a frontend by an id that ends in its name; frontends have no
                # resource of their own.
                answers = str(lookup(entry, ("name",))).lower() in answering
                found[address.key] = balancer.label, answers
    return found


def _allowed_users_by_address(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return what may use each public address and does, by the key of the address."""
    return _resources_by_address(estate, _ALLOWED_USERS)


def _machines_by_address(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return the interface that uses each public address, by the key of the address."""
    return _resources_by_address(estate, _MACHINE_USERS)


def _resources_by_address(
    estate: Estate, kinds: Mapping[str, tuple[str, ...]]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for kind, paths in kinds.items():
        for host in estate.of_type(kind):
            for path in paths:
                stated = lookup(host.body, path.split("."))
                for entry in stated if isinstance(stated, (list, tuple)) else (stated,):
                    named = lookup(entry, ("properties", "publicIPAddress", "id"))
                    address = parse_resource_id(named) or parse_resource_id(lookup(entry, ("id",)))
                    if address is not None:
                        found[address.key] = host.label
    return found


def _judge_address(address: Subject) -> Iterator[Observation]:
    host = address.derive(_allowed_users_by_address).get(address.id.key)
    machine = address.derive(_machines_by_address).get(address.id.key)
    # The address states nothing of its use before Azure answers `ipConfiguration`: it is found
    # from the side of what refers to it, in a blueprint as in the actual state.
    balancer, answers = address.derive(_load_balancers_by_address).get(
        address.id.key, (None, False)
    )
    if balancer is not None:
        if answers:
            yield address.fails(
                "", (f"it is a load balancer frontend with inbound rules: {balancer}")
            )
        else:
            yield address.passes(
                "", (f"it is a load balancer frontend for outbound rules only: {balancer}")
            )
    elif machine is not None:
        yield address.fails(
            "", (f"it is assigned to the network interface {machine} of a virtual machine")
        )
    elif host is not None:
        yield address.passes("", f"it is assigned to {host}")
    else:
        yield address.fails("", "it is not assigned to a firewall, Azure Bastion or a gateway")


def _judge_balancer(balancer: Subject) -> Iterator[Observation]:
    """Judge whether a load balancer has no inbound rules on a public prefix.

    Its public addresses are judged by themselves.
    """
    # The addresses of a public IP prefix that a load balancer uses are no resources, so the rule
    # on public IP addresses does not see them.
    prefixes = {
        str(lookup(entry, ("name",))).lower()
        for entry in balancer.entries(_FRONTENDS)
        if not is_empty(lookup(entry, ("properties", "publicIPPrefix")))
    }
    for path in _INBOUND_RULES:
        for entry in balancer.entries(path):
            text = lookup(entry, ("properties", "frontendIPConfiguration", "id"))
            named = parse_resource_id(text)
            if named is not None and named.name.lower() in prefixes:
                yield balancer.fails(
                    path, (f"frontend {named.name} with a public IP prefix has inbound rules")
                )
    yield balancer.passes(_FRONTENDS, "no frontend with a public IP prefix has inbound rules")


def _judge_machines(path: str) -> Callable[[Subject], Iterator[Observation]]:
    """Return the judge of machines' public addresses in the configurations of their interfaces.

    There is no resource for such an address.
    """

    def judge(machines: Subject) -> Iterator[Observation]:
        # publicIPAddressConfiguration of a scale set makes an address for each instance, without
        # a resource in the resource group.
        for interface in machines.entries(path):
            for entry in list_items(lookup(interface, ("properties", "ipConfigurations"))):
                own = lookup(entry, ("properties", "publicIPAddressConfiguration"))
                if not is_empty(own):
                    name = lookup(own, ("name",))
                    yield machines.fails(
                        path, (f"{show(name)} assigns a public IP address to each virtual machine")
                    )
        yield machines.passes(path, "its virtual machines have no public IP addresses")

    return judge


def _judge_nodes(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the node resource group has no public IP addresses but those of egress."""
    group, subscription = cluster.value(_NODE_GROUP), cluster.id.subscription
    if not isinstance(group, str) or not group or subscription is None:
        return
    node_group = resource_group_id(subscription, group)
    egress_addresses = {
        found.key
        for path in _OUTBOUND
        for entry in cluster.entries(path)
        if (found := parse_resource_id(lookup(entry, ("id",))))
    }
    # AKS keeps one or more public addresses in the node resource group for egress
    # (effectiveOutboundIPs); every other one there was made for a Service or an ingress
    # controller.
    inbound = [
        address
        for address in cluster.children(PUBLIC_ADDRESS, node_group)
        if address.id.key not in egress_addresses
    ]
    for address in inbound:
        yield cluster.fails(
            _NODE_GROUP, (f"public IP address {address.name} in {group} accepts inbound traffic")
        )
    if not inbound:
        yield cluster.passes(
            _NODE_GROUP, (f"no public IP address in {group} accepts inbound traffic")
        )


def _judge_add_ons(cluster: Subject) -> Iterator[Observation]:
    """Judge whether no add-on of a cluster exposes an ingress to the internet without a WAF."""
    routing = str(cluster.value(_NGINX)).lower()
    if cluster.value(_ROUTING) is True and routing == "external":
        yield cluster.fails(_NGINX, f"{_NGINX} is {show(cluster.value(_NGINX))}")
    elif cluster.value(_ROUTING) is True and routing not in _CLOSED_INGRESSES:
        # AnnotationControlled, and the default: external until somebody annotates it in the
        # cluster ("Advanced NGINX ingress controller and ingress configurations").
        evidence = f"{_NGINX} is {show(cluster.value(_NGINX))}"
        yield cluster.unknown(_NGINX, f"{evidence}: external unless annotated in the cluster")
    # Retired, and its ingresses are public (guidelines.md CLU-09.2).
    if cluster.value(_HTTP_ROUTING) is True:
        yield cluster.fails(
            _HTTP_ROUTING, ("httpApplicationRouting exposes ingresses to the internet")
        )
    for entry in cluster.entries(_MESH_GATEWAYS):
        if (
            lookup(entry, ("enabled",)) is True
            and str(lookup(entry, ("mode",))).lower() == "external"
        ):
            yield cluster.fails(
                _MESH_GATEWAYS, ("an external Istio ingress gateway is exposed to the internet")
            )


def _judge_firewall(firewall: Subject) -> Iterator[Observation]:
    """Judge whether the DNAT rules of a firewall are for named partners, and not for everybody."""
    for opening in firewall.derive(find_dnat_openings).get(firewall.id.key, ()):
        make = firewall.fails if opening.certain else firewall.unknown
        yield make(_CONFIGURATIONS, opening.evidence)
    yield firewall.passes(_CONFIGURATIONS, "it has no DNAT rule for public sources")


CONTROLS = (
    Control(
        id="ENV-04.4",
        title=(
            "Internet ingress passes only through a firewall, Azure Bastion or a gateway with WAF"
        ),
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A Service of type LoadBalancer creates a public IP address within minutes. "
            "Ingress must pass an inspection point first."
        ),
        synonyms=terms(
            "WAF; web application firewall; Application Gateway; Front Door; public IP; ingress "
            "controller; NGINX; AGIC; Istio gateway; load balancer; LoadBalancer; OWASP"
        ),
        remediation="""
            firewall:
              type: Microsoft.Network/azureFirewalls
              properties:
                ipConfigurations:
                  - name: default
                    properties: {publicIPAddress: {id: "${address.id}"}}
            gatewayRules:
              type: Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies
              properties:
                policySettings: {state: Enabled, mode: Prevention}
                managedRules:
                  managedRuleSets: [{ruleSetType: Microsoft_DefaultRuleSet, ruleSetVersion: "2.1"}]
        """,
        rules=(
            rule(
                PUBLIC_ADDRESS,
                _judge_address,
                others={
                    **_ALLOWED_USERS,
                    **_MACHINE_USERS,
                    LOAD_BALANCER: (_FRONTENDS, *_INBOUND_RULES),
                },
            ),
            rule(LOAD_BALANCER, _judge_balancer, _FRONTENDS, *_INBOUND_RULES),
            rule(SCALE_SET, _judge_machines(_SET_INTERFACES), _SET_INTERFACES),
            rule(MACHINE, _judge_machines(_MACHINE_INTERFACES), _MACHINE_INTERFACES),
            rule(
                CLUSTER,
                _judge_nodes,
                _NODE_GROUP,
                *_OUTBOUND,
                others={PUBLIC_ADDRESS: ()},
            ),
            rule(CLUSTER, _judge_add_ons, _KIND, _ROUTING, _NGINX, _HTTP_ROUTING, _MESH_GATEWAYS),
            APPLICATION_GATEWAY_HAS_WAF,
            CONTAINER_GATEWAY_HAS_WAF,
            FRONT_DOOR_WAF_PREVENTS,
            rule(FIREWALL, _judge_firewall, others=DNAT_READS),
        ),
        limits=(
            "Load balancers of Services, and ingress controllers deployed in the cluster, "
            "are visible in the actual state only. Managed rule sets are assumed to detect "
            "the attacks they are documented for. WAF policies without an association to "
            "Front Door are evaluated too. The header that a custom rule matches is "
            "unknown."
        ),
        mappings=Mappings(
            policies=(
                "3fc4dc25-5baf-40d8-9b05-7fe74c1bc64e",
                "1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d",
                "d46c275d-1680-448d-b2ec-e495a3b6cc89",
                "233a2a17-77ca-4fb1-9b6b-69223d272a44",
            ),
        ),
    ),
)
