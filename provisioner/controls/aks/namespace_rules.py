"""Rules for the namespaces that an environment's `kubernetes:` declares.

They stand in `in_cluster` of a control: what is stated wrong is a failure, and what is stated right
proves nothing before somebody looked into the cluster.

Called by controls of the chapters.
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.controls.aks.image_sources import names_registry
from provisioner.controls.aks.namespace_standards import STANDARD, STANDARD_VERSION, judge_standard
from provisioner.controls.predicates import Predicate, equals, show
from provisioner.controls.resource_types import (
    CLUSTER,
    POLICY_ASSIGNMENT,
    SAFEGUARDS,
    STATED_NAMESPACE,
)
from provisioner.controls.rule import Judge, Rule, expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import list_items, lookup
from provisioner.network.model.public_ranges import read_reach

_IS_MANAGED = "properties.isKeptByAzure"
_QUOTA = "properties.quota"
_LIMITS = "properties.limits"
_POLICIES = "properties.networkPolicies"
_ACCOUNTS = "properties.serviceAccounts"
_REGISTRIES = "properties.registries"
_PULL_ALWAYS = "properties.pullAlways"
_PARAMETERS = "properties.parameters"
_EXCLUDED_NAMESPACES = "properties.excludedNamespaces"
_AGENT_READS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (),
    POLICY_ASSIGNMENT: (_PARAMETERS,),
    SAFEGUARDS: (_EXCLUDED_NAMESPACES,),
}
_DIRECTIONS = {"Ingress", "Egress"}
_AMOUNT = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(?:m|k|Ki|M|Mi|G|Gi|T|Ti)?", re.ASCII)


def _is_amount(found: object) -> bool:
    """Return whether a text is an amount of Kubernetes' that is more than none."""
    match = _AMOUNT.fullmatch(str(found))
    return match is not None and float(match[1]) > 0


AN_AMOUNT = Predicate(_is_amount, "an amount above 0")
"""Want an amount of CPU or memory."""


def _namespace_rule(
    judge: Judge, *paths: str, others: Mapping[str, tuple[str, ...]] | None = None
) -> Rule:
    return rule(STATED_NAMESPACE, judge, *paths, others=others or {})


def _is_for_agents(namespace: Subject) -> bool:
    """Return whether a namespace is for privileged agents, and left out of the policies by name.

    The cluster's policies or safeguards leave it out, as `privilegedNamespaces` of the blueprints
    has them do (MAN-04).
    """
    if namespace.value(STANDARD) != "privileged":
        return False
    cluster = namespace.id.parent
    excluded: set[object] = set()
    for assigned in namespace.all(POLICY_ASSIGNMENT):
        scope = assigned.id.scope
        if scope is None or cluster is None or cluster.is_within(scope):
            found = lookup(assigned.value(_PARAMETERS), ("excludedNamespaces", "value"))
            excluded |= set(found) if isinstance(found, (list, tuple)) else set()
    for guards in namespace.all(SAFEGUARDS):
        if guards.id.scope == cluster:
            # The exclusion is what makes the statement in the blueprint effective; a privileged
            # label without it is denied by the policies.
            excluded |= set(guards.texts(_EXCLUDED_NAMESPACES))
    return namespace.name in excluded


def _judge_agents(namespace: Subject) -> Iterator[Observation]:
    level = namespace.value(STANDARD)
    if level != "privileged":
        yield namespace.passes(STANDARD, f"its pods must meet the {show(level)} standard")
    elif _is_for_agents(namespace):
        yield namespace.passes(STANDARD, "it is privileged and listed in privilegedNamespaces")
    else:
        evidence = (
            "it is privileged, and no policy or safeguard excludes it as a namespace of node agents"
        )
        yield namespace.fails(STANDARD, evidence)


def _judge_restricted(namespace: Subject) -> Iterator[Observation]:
    # The labels of a managed namespace are a property in ARM, which CLU-05.5 reads there.
    if not namespace.value(_IS_MANAGED) and not _is_for_agents(namespace):
        yield judge_standard(namespace)


def _judge_baseline(namespace: Subject) -> Iterator[Observation]:
    level = namespace.value(STANDARD)
    if level != "privileged":
        yield namespace.passes(STANDARD, f"its pods must meet the {show(level)} standard")
    elif not _is_for_agents(namespace):
        yield namespace.fails(STANDARD, "it is privileged, expected baseline or restricted")


def _judge_root(namespace: Subject) -> Iterator[Observation]:
    level = namespace.value(STANDARD)
    if level == "restricted":
        yield namespace.passes(STANDARD, "its pods must meet the restricted standard")
    elif not _is_for_agents(namespace):
        evidence = f"its pods must meet only the {show(level)} standard, which allows root"
        yield namespace.fails(STANDARD, evidence)


def _judge_limits(namespace: Subject) -> Iterator[Observation]:
    defaults = [
        entry.get("default")
        for entry in namespace.entries(_LIMITS)
        if entry.get("type") == "Container"
    ]
    for name in ("cpu", "memory"):
        if not any(_is_amount(lookup(found, (name,))) for found in defaults):
            yield namespace.fails(_LIMITS, f"it has no default {name} limit for containers")
            return
    yield namespace.passes(_LIMITS, "it has default limits for containers")


def _judge_default_deny(namespace: Subject) -> Iterator[Observation]:
    """Observe whether a policy closes the namespace; one that Azure keeps is for other rules."""
    # AKS makes the network policy of a managed namespace from defaultNetworkPolicy (CLU-05.4).
    if namespace.value(_IS_MANAGED):
        return
    if any(_is_default_deny(policy) for policy in namespace.entries(_POLICIES)):
        yield namespace.passes(
            _POLICIES, ("it has a default-deny NetworkPolicy for ingress and egress")
        )
    else:
        yield namespace.fails(
            _POLICIES, ("it has no default-deny NetworkPolicy for ingress and egress")
        )


def _is_default_deny(policy: Mapping[str, object]) -> bool:
    kinds = policy.get("policyTypes")
    # A policy that denies one direction leaves the other open.
    both = isinstance(kinds, (list, tuple)) and {str(kind) for kind in kinds} >= _DIRECTIONS
    has_rules = policy.get("ingress") or policy.get("egress")
    return policy.get("podSelector") == {} and both and not has_rules


def _judge_openings(namespace: Subject) -> Iterator[Observation]:
    """Observe whether network openings name their peers.

    All ranges together, or the last label of a host's name, are everybody.
    """
    policies = namespace.entries(_POLICIES)
    reach = read_reach(block for policy in policies for block in _ip_blocks(policy))
    hosts = [host for policy in policies for host in _host_names(policy)]
    # "*.com" or "*": a top-level domain is everybody's.
    wide_hosts = [host for host in hosts if host.lstrip("*.").count(".") == 0]
    if reach.holds_strangers:
        yield namespace.fails(_POLICIES, f"egress of its pods is open to {reach}: no peer is named")
    elif wide_hosts:
        yield namespace.fails(_POLICIES, f"egress of its pods is open to every {wide_hosts[0]}")
    else:
        yield namespace.passes(_POLICIES, "egress of its pods is limited to named destinations")


def _ip_blocks(policy: Mapping[str, object]) -> Iterator[str]:
    for opening in list_items(policy.get("egress")):
        for peer in list_items(lookup(opening, ("to",))):
            cidr = lookup(peer, ("ipBlock", "cidr"))
            if isinstance(cidr, str):
                yield cidr


def _host_names(policy: Mapping[str, object]) -> Iterator[str]:
    for opening in list_items(policy.get("egress")):
        for host in list_items(lookup(opening, ("toFQDNs",))):
            for key in ("matchName", "matchPattern"):
                name = lookup(host, (key,))
                if isinstance(name, str):
                    yield name


def _judge_tokens(namespace: Subject) -> Iterator[Observation]:
    mounting = [
        str(account.get("name"))
        for account in namespace.entries(_ACCOUNTS)
        if account.get("automountServiceAccountToken") is not False
    ]
    if mounting:
        yield namespace.fails(
            _ACCOUNTS, (f"automountServiceAccountToken of {', '.join(mounting)} is not false")
        )
    else:
        yield namespace.passes(
            _ACCOUNTS, ("automountServiceAccountToken of its service accounts is false")
        )


def _judge_registries(namespace: Subject) -> Iterator[Observation]:
    for registry in namespace.texts(_REGISTRIES):
        if not names_registry(registry):
            yield namespace.fails(
                _REGISTRIES, (f"{registry} is a public registry, expected your own registries")
            )
            return
    yield namespace.passes(_REGISTRIES, "the registries of its images are named")


def _is_not_managed(namespace: Subject) -> bool:
    return not namespace.value(_IS_MANAGED)


_AMOUNTS = ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory")

NAMES_AGENTS = _namespace_rule(_judge_agents, STANDARD, others=_AGENT_READS)
"""A privileged namespace is one that policies and safeguards leave out by name."""

IS_RESTRICTED = _namespace_rule(
    _judge_restricted, STANDARD, STANDARD_VERSION, _IS_MANAGED, others=_AGENT_READS
)
"""A namespace that is not for agents enforces the restricted standard."""

IS_BASELINE = _namespace_rule(_judge_baseline, STANDARD, others=_AGENT_READS)
"""A namespace that is not for agents enforces the baseline standard at least."""

FORBIDS_ROOT = _namespace_rule(_judge_root, STANDARD, others=_AGENT_READS)
"""A namespace that is not for agents lets no pod be root."""

HAS_QUOTA = tuple(
    expect(
        STATED_NAMESPACE,
        f"{_QUOTA}[{name}]",
        AN_AMOUNT,
        when=_is_not_managed,
        reading=(_IS_MANAGED,),
    )
    for name in _AMOUNTS
)
"""A namespace has a quota of each amount."""

HAS_LIMITS = _namespace_rule(_judge_limits, _LIMITS)
"""Containers that ask for nothing get limits."""

IS_CLOSED = _namespace_rule(_judge_default_deny, _POLICIES, _IS_MANAGED)
"""A policy denies by default."""

NAMES_PEERS = _namespace_rule(_judge_openings, _POLICIES)
"""What pods reach is named."""

MOUNTS_NO_TOKENS = _namespace_rule(_judge_tokens, _ACCOUNTS)
"""Service accounts mount no token."""

NAMES_REGISTRIES = _namespace_rule(_judge_registries, _REGISTRIES)
"""The registries of images are no hosts where everybody publishes."""

PULLS_ALWAYS = expect(STATED_NAMESPACE, _PULL_ALWAYS, equals(True))
"""Images are pulled for each pod."""
