"""Web application firewalls (WAF) of Application Gateway, also for Containers, and of Front Door.

A gateway has to have a WAF policy in Prevention mode for all that the internet reaches of it.
Facts: the documentation "Web Application Firewall" and "Web application firewall on Application
Gateway for Containers".

Called by controls of ENV-04.4.
"""

from collections.abc import Iterator

from provisioner.controls.exposure.dnat_rules import DNAT_READS, find_dnat_targets
from provisioner.controls.exposure.waf_policies import (
    CUSTOM_RULES,
    MANAGED_RULES,
    find_bypasses,
    find_bypasses_of_gateway,
)
from provisioner.controls.predicates import differs, equals, one_of, show
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    FRONT_DOOR_WEB_FIREWALL,
    TRAFFIC_CONTROLLER,
    TRAFFIC_FRONTEND,
    TRAFFIC_POLICY,
    WEB_FIREWALL,
)
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Absent, is_empty, lookup

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
    """Return whether the internet reaches a gateway.

    It does by a public address, or by a firewall that translates to a private one. A private
    address that is not known may be any.
    """
    frontends = gateway.entries(_FRONTENDS)
    if not frontends or any(
        not is_empty(lookup(entry, ("properties", "publicIPAddress"))) for entry in frontends
    ):
        return True
    # DNAT of Azure Firewall forwards to the private frontend: "private frontends only" is then not
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


APPLICATION_GATEWAY_HAS_WAF = rule(
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
    others={WEB_FIREWALL: _POLICY_READS, **DNAT_READS},
)
"""An Application Gateway that the internet reaches has a WAF in Prevention mode."""

CONTAINER_GATEWAY_HAS_WAF = rule(
    TRAFFIC_CONTROLLER,
    _judge_controller,
    _CONTROLLER_POLICY,
    others={
        TRAFFIC_FRONTEND: (_CONTROLLER_POLICY, _PUBLIC_ACCESS),
        TRAFFIC_POLICY: (_POLICY_WAF,),
        WEB_FIREWALL: _POLICY_READS,
    },
)
"""Each frontend of an Application Gateway for Containers has a WAF in Prevention mode."""

FRONT_DOOR_WAF_PREVENTS = rule(
    FRONT_DOOR_WEB_FIREWALL,
    _judge_front_door,
    _MODE,
    _ENABLED_STATE,
    CUSTOM_RULES,
    MANAGED_RULES,
)
"""A WAF policy of Front Door is enabled, in Prevention mode and without gaps."""
