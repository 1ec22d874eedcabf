"""ENV-04.4: inbound exposure: public IP addresses, load balancers, gateways, WAF policies, DNAT.

Facts: guidelines.md §1.4 and WRK-03.5; the documentation "Web Application Firewall" and "Web
application firewall on Application Gateway for Containers".
"""

from collections.abc import Callable, Iterator, Mapping

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.environments.egress import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.exposure.dnat_rules import (
    DNAT_READS,
    find_dnat_openings,
    find_dnat_targets,
)
from provisioner.controls.exposure.waf_policies import (
    CUSTOM_RULES,
    MANAGED_RULES,
    find_bypasses,
    find_bypasses_of_gateway,
)
from provisioner.controls.predicates import differs, equals, one_of, show
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    BASTION,
    CLUSTER,
    FIREWALL,
    FRONT_DOOR_WEB_FIREWALL,
    LOAD_BALANCER,
    MACHINE,
    NAT_GATEWAY,
    NETWORK_GATEWAY,
    NETWORK_INTERFACE,
    PUBLIC_ADDRESS,
    SCALE_SET,
    TRAFFIC_CONTROLLER,
    TRAFFIC_FRONTEND,
    TRAFFIC_POLICY,
    WEB_FIREWALL,
)
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id, resource_group_id
from provisioner.model.values import Absent, is_empty, list_items, lookup

_CONFIGURATIONS = "properties.ipConfigurations"
_MANAGEMENT = "properties.managementIpConfiguration"
_ADDRESSES = "properties.publicIpAddresses"
_FRONTENDS = "properties.frontendIPConfigurations"
_WEB_FIREWALL = "properties.firewallPolicy.id"
_OWN_WAF = "properties.webApplicationFirewallConfiguration"
_OWN_MODE = f"{_OWN_WAF}.firewallMode"
_OWN_ENABLED = f"{_OWN_WAF}.enabled"
_OWN_BODY_CHECK = f"{_OWN_WAF}.requestBodyCheck"
_MODE = "properties.policySettings.mode"
_PREVENTS, _IS_ON = equals("Prevention"), one_of("Enabled", True)
_STATE = "properties.policySettings.state"
_ENABLED_STATE = "properties.policySettings.enabledState"
_BODY_CHECK = "properties.policySettings.requestBodyCheck"
_LISTENERS = "properties.httpListeners"
_PATH_MAPS = "properties.urlPathMaps"
_CONTROLLER_POLICY = "properties.securityPolicyConfigurations.wafSecurityPolicy.id"
_POLICY_WAF = "properties.wafPolicy.id"
_PUBLIC_ACCESS = "properties.publicNetworkAccess"
_POLICY_READS = (_MODE, _STATE, _BODY_CHECK, CUSTOM_RULES, MANAGED_RULES)
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


def _judge_gateway(gateway: Subject) -> Iterator[Observation]:
    """Judge whether a gateway for the web has a WAF in Prevention mode, by a policy or in itself.

    A listener or a path with another policy has it in place of the gateway's.
    """
    named = {_WEB_FIREWALL: gateway.value(_WEB_FIREWALL)} if gateway.states(_WEB_FIREWALL) else {}
    # The policy of a listener replaces that of the gateway, and the policy of a path rule that of
    # its listener ("Azure Web Application Firewall policy overview"): one in Detection mode opens
    # its hosts alone.
    for path in (_LISTENERS, _PATH_MAPS):
        for label, policy in _policies_of(gateway.value(path), path):
            named[label] = policy
    if not _is_reachable_from_internet(gateway):
        yield gateway.passes(
            _FRONTENDS, ("it has private frontends only, without DNAT from the internet")
        )
        return
    for path, policy in named.items():
        yield from _judge_policy(gateway, path, policy)
    if gateway.states(_WEB_FIREWALL):
        return
    # webApplicationFirewallConfiguration is the WAF of gateways without a policy. Beside a policy
    # it has no effect, hence the return above.
    if gateway.value(_OWN_ENABLED) is True and _PREVENTS.test(gateway.value(_OWN_MODE)):
        yield from _judge_own_rules(gateway)
        yield gateway.passes(_OWN_MODE, f"{_OWN_MODE} is Prevention")
    else:
        yield gateway.fails(
            _WEB_FIREWALL, ("it has no web application firewall (WAF) in Prevention mode")
        )


def _is_reachable_from_internet(gateway: Subject) -> bool:
    """Tell whether the internet reaches a gateway.

    It does by a public address, or by a firewall that translates to a private one. A private
    address that is not known may be any.
    """
    frontends = gateway.entries(_FRONTENDS)
    if not frontends or any(
        not is_empty(lookup(entry, ("properties", "publicIPAddress"))) for entry in frontends
    ):
        return True
    # DNAT of Azure Firewall leads to the private frontend: "private frontends only" is then not
    # the whole of it.
    translated = gateway.derive(find_dnat_targets)
    addresses = [lookup(entry, ("properties", "privateIPAddress")) for entry in frontends]
    return any(
        address in translated if isinstance(address, str) else bool(translated)
        for address in addresses
    )


def _judge_own_rules(gateway: Subject) -> Iterator[Observation]:
    """Judge whether the rules of a WAF in a gateway's own configuration are enabled.

    Gateways had them there before policies.
    """
    if gateway.value(_OWN_BODY_CHECK) is False:
        yield gateway.fails(_OWN_BODY_CHECK, "request body inspection is disabled")
    for bypass in find_bypasses_of_gateway(gateway.value(_OWN_WAF)):
        make = gateway.fails if bypass.certain else gateway.unknown
        yield make(_OWN_WAF, bypass.evidence)


def _policies_of(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield (path, id) of each policy that a listener, or a rule of a path map, names."""
    for entry in value if isinstance(value, (list, tuple)) else ():
        label = f"{path}[{lookup(entry, ('name',))}]"
        policy = lookup(entry, ("properties", "firewallPolicy", "id"))
        if policy and not isinstance(policy, Absent):
            yield label, policy
        yield from _policies_of(lookup(entry, ("properties", "pathRules")), f"{label}.pathRules")


def _judge_policy(gateway: Subject, path: str, named: object) -> Iterator[Observation]:
    policy = gateway.at(named)
    if policy is None:
        yield gateway.unknown(path, f"{show(named)} is not in the environment")
        return
    mode = policy.value(_MODE)
    if not (_PREVENTS.test(mode) and _IS_ON.test(policy.value(_STATE))):
        evidence = f"{_MODE} is {show(mode)} and {_STATE} is {show(policy.value(_STATE))}"
        yield gateway.fails(path, f"{policy.label}: {evidence}")
        return
    if policy.value(_BODY_CHECK) is False:
        yield gateway.fails(path, f"{policy.label} does not inspect request bodies")
    yield from _judge_bypasses(gateway, path, policy)
    yield gateway.passes(path, f"{policy.label} is in Prevention mode")


def _judge_controller(controller: Subject) -> Iterator[Observation]:
    """Judge whether each frontend of an Application Gateway for Containers has a WAF policy.

    It is one of its own or the gateway's. Without frontends here the cluster makes them, and the
    gateway's holds for all.
    """
    # A security policy of a frontend replaces that of the gateway. Without frontends in the
    # estate the ALB controller makes them from Gateway objects in the cluster.
    own = controller.value(_CONTROLLER_POLICY) if controller.states(_CONTROLLER_POLICY) else None
    frontends = controller.children(TRAFFIC_FRONTEND)
    policies = [
        frontend.value(_CONTROLLER_POLICY) if frontend.states(_CONTROLLER_POLICY) else own
        for frontend in frontends
        if frontend.value(_PUBLIC_ACCESS) != "Disabled"
    ]
    if frontends and not policies:
        yield controller.passes(
            _CONTROLLER_POLICY, "none of its frontends is reachable from the internet"
        )
    for named in policies if frontends else (own,):
        yield from _judge_frontend_policy(controller, named)


def _judge_frontend_policy(controller: Subject, named: object) -> Iterator[Observation]:
    if named is not None:
        guard = controller.at(named)
        if guard is None:
            yield controller.unknown(_CONTROLLER_POLICY, f"{show(named)} is not in the environment")
        else:
            yield from _judge_policy(controller, _CONTROLLER_POLICY, guard.value(_POLICY_WAF))
    elif any(policy.states(_POLICY_WAF) for policy in controller.children(TRAFFIC_POLICY)):
        # A securityPolicies child is bound to a frontend by the ALB controller, in the cluster:
        # ARM does not show to which.
        evidence = "the frontends that its WAF policy protects are defined in the cluster"
        yield controller.unknown(_CONTROLLER_POLICY, evidence)
    else:
        yield controller.fails(
            _CONTROLLER_POLICY, ("it has no web application firewall (WAF) in Prevention mode")
        )


def _judge_bypasses(subject: Subject, path: str, policy: Subject) -> Iterator[Observation]:
    for bypass in find_bypasses(policy.value(CUSTOM_RULES), policy.value(MANAGED_RULES)):
        make = subject.fails if bypass.certain else subject.unknown
        yield make(path, f"{policy.label}: {bypass.evidence}")


def _judge_front_door(policy: Subject) -> Iterator[Observation]:
    """Judge whether a WAF policy of Front Door is enabled, in Prevention mode and without gaps."""
    yield look(policy, _MODE, _PREVENTS)
    # Azure takes a policy that does not say so to be enabled.
    yield look(policy, _ENABLED_STATE, differs("Disabled"))
    yield from _judge_bypasses(policy, CUSTOM_RULES, policy)


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
            rule(
                APPLICATION_GATEWAY,
                _judge_gateway,
                _WEB_FIREWALL,
                _OWN_WAF,
                _OWN_ENABLED,
                _OWN_MODE,
                _OWN_BODY_CHECK,
                _FRONTENDS,
                _LISTENERS,
                _PATH_MAPS,
                others={
                    WEB_FIREWALL: _POLICY_READS,
                    **DNAT_READS,
                },
            ),
            rule(
                TRAFFIC_CONTROLLER,
                _judge_controller,
                _CONTROLLER_POLICY,
                others={
                    TRAFFIC_FRONTEND: (_CONTROLLER_POLICY, _PUBLIC_ACCESS),
                    TRAFFIC_POLICY: (_POLICY_WAF,),
                    WEB_FIREWALL: _POLICY_READS,
                },
            ),
            rule(
                FRONT_DOOR_WEB_FIREWALL,
                _judge_front_door,
                _MODE,
                _ENABLED_STATE,
                CUSTOM_RULES,
                MANAGED_RULES,
            ),
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
