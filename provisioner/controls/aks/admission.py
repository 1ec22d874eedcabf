"""Azure Policy assignments and deployment safeguards in force on a cluster.

A policy is in force where it is assigned to the cluster or to what the cluster stands in, is
enforced there, and does not leave the cluster or its teams' namespaces out. It takes the Azure
Policy add-on to ask it (guidelines.md WRK-02).

Called by controls of the chapters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from provisioner.catalog.built_in_policies import RESTRICTED, BuiltInPolicy
from provisioner.controls.aks.add_ons import ADD_ONS, switch_of, switch_path
from provisioner.controls.aks.image_sources import NAMED_SOURCES
from provisioner.controls.predicates import Predicate, differs, equals, holds, is_unset, only, show
from provisioner.controls.resource_types import (
    CLUSTER,
    NAMESPACE,
    POLICY_ASSIGNMENT,
    POLICY_EXEMPTION,
    SAFEGUARDS,
)
from provisioner.controls.rule import Condition, Rule, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, is_empty, lookup, unknowns

_ADD_ON = "azurepolicy"
_LOCATION = "location"
_DEFINITION = "properties.policyDefinitionId"
_MODE = "properties.enforcementMode"
_NOT_SCOPES = "properties.notScopes"
_SELECTORS = "properties.resourceSelectors"
_OVERRIDES = "properties.overrides"
_PARAMETERS = "properties.parameters"
_EXEMPTED_ASSIGNMENT = "properties.policyAssignmentId"
_EXPIRES = "properties.expiresOn"
_LABELS = "properties.labels"
_STANDARD = "pod-security.kubernetes.io/enforce"
_LEVEL = "properties.level"
_STANDARDS_LEVEL = "properties.podSecurityStandardsLevel"
_EXCLUDED_NAMESPACES = "properties.excludedNamespaces"
_MANAGEMENT_GROUP = "microsoft.management/managementgroups"

POLICY_READS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (ADD_ONS, _LOCATION),
    POLICY_ASSIGNMENT: (_DEFINITION, _MODE, _NOT_SCOPES, _SELECTORS, _OVERRIDES, _PARAMETERS),
    POLICY_EXEMPTION: (_EXEMPTED_ASSIGNMENT, _EXPIRES, _SELECTORS),
    NAMESPACE: (_LABELS,),
}
"""What a rule reads that asks which policies are in force, by type."""

SAFEGUARD_READS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (ADD_ONS,),
    SAFEGUARDS: (_LEVEL, _STANDARDS_LEVEL, _EXCLUDED_NAMESPACES),
    NAMESPACE: (_LABELS,),
}
"""What a rule reads that asks what the safeguards enforce, by type."""

DENY = equals("Deny")
# The portal calls it Enabled; ARM's value is Default.
_ENFORCED = equals("Default")
# What would take pods out of any of the policies: an author chooses the labels of a pod and the
# names of its containers, and of an image where the pattern leaves open whose it is. `Generated`
# looks at what Gatekeeper makes up, and not at pods.
_NARROWING_PARAMETERS: Mapping[str, Predicate] = {
    "labelSelector": is_unset(),
    "excludedContainers": is_unset(),
    "excludedImages": NAMED_SOURCES,
    "source": differs("Generated"),
}


@dataclass(frozen=True, slots=True)
class Demand:
    """A built-in policy that has to be in force, and what its parameters have to be.

    `for_tenants` is for one that has to reach the teams' namespaces alone, and may name them.
    """

    policy: BuiltInPolicy
    parameters: Mapping[str, Predicate]
    for_tenants: bool = False


RESTRICTED_PODS = Demand(
    RESTRICTED,
    {
        "effect": DENY,
        "requiredDropCapabilities": holds("ALL"),
        "allowedCapabilities": only("NET_BIND_SERVICE"),
    },
    for_tenants=True,
)
"""The restricted initiative as strict as the standard of Kubernetes. Its defaults drop nothing and
allow 14 capabilities (guidelines.md WRK-02.2)."""


def policy_rule(*demands: Demand, unless: Condition | None = None) -> Rule:
    """Return the rule that one of some policies is in force on every cluster.

    Where none is, the evidence is about the first that is assigned, and clusters for which `unless`
    holds are left out.
    """

    def judge(cluster: Subject) -> Iterator[Observation]:
        seen = judge_demands(cluster, demands)
        if seen.verdict is Verdict.PASS or unless is None or not unless(cluster):
            yield seen

    return rule(CLUSTER, judge, others={**(SAFEGUARD_READS if unless else {}), **POLICY_READS})


def assign(address: str, policy: BuiltInPolicy, **parameters: str) -> str:
    """Return the resource of a blueprint that assigns a policy, for a remediation.

    The values of its parameters are written in YAML.
    """
    lines = (f"      {name}: {{value: {value}}}\n" for name, value in parameters.items())
    return f"""
{address}:
  type: {POLICY_ASSIGNMENT}
  scope: ${{resourceGroup.id}}
  properties:
    policyDefinitionId: {policy.id}
    enforcementMode: Default
    parameters:
{"".join(lines)}"""


def judge_demands(cluster: Subject, demands: tuple[Demand, ...]) -> Observation:
    """Return whether one of some policies is in force on a cluster, with the evidence."""
    switch, path = switch_of(cluster, _ADD_ON), switch_path(_ADD_ON)
    if isinstance(switch, Unknown):
        return cluster.unknown(path, f"{path} is {switch}")
    # Policies for Kubernetes are evaluated by Gatekeeper, which the add-on installs: without it
    # an assignment has no effect on pods (guidelines.md WRK-02).
    if switch is not True:
        return cluster.fails(path, f"{path} is {show(switch)}: no policy is evaluated for its pods")
    return judge_assignments(cluster, demands)


def judge_assignments(cluster: Subject, demands: tuple[Demand, ...]) -> Observation:
    """Return whether one of some policies is assigned to a cluster, as its demand is.

    The add-on is not checked: a policy that Azure itself evaluates needs none.
    """
    candidates = [
        (way, assigned) for way in demands for assigned in _assignments_of(cluster, way.policy)
    ]
    weak_assignments: list[tuple[Verdict, str]] = []
    for way, assigned in candidates:
        weaknesses = list(_find_weaknesses(cluster, assigned, way))
        if not weaknesses:
            evidence = f"{assigned.label} assigns it ({way.policy.title})"
            return cluster.passes("", evidence)
        worst = next((w for w in weaknesses if w[0] is Verdict.FAIL), weaknesses[0])
        weak_assignments.append((worst[0], f"{assigned.label}: {worst[1]}"))
    if not weak_assignments:
        return cluster.fails(
            "",
            (f"no policy assignment in the environment assigns {demands[0].policy.title!r} to it"),
        )
    # One that is unknown may be the one that does.
    verdict, evidence = next(
        (t for t in weak_assignments if t[0] is Verdict.UNKNOWN), weak_assignments[0]
    )
    return Observation(verdict, "", evidence)


def safeguards_of(cluster: Subject) -> Subject | None:
    """Return a cluster's deployment safeguards, or None where it has none."""
    return next(iter(cluster.children(SAFEGUARDS)), None)


def is_safeguarded(cluster: Subject, *standards: str) -> bool:
    """Return whether a cluster's safeguards enforce one of some pod security standards."""
    safeguards = safeguards_of(cluster)
    if (
        safeguards is None
        or not has_policy_add_on(cluster)
        or safeguards.value(_LEVEL) != "Enforce"
    ):
        return False
    # Safeguards are Gatekeeper policies as well; AKS excludes its own namespaces in addition
    # (systemExcludedNamespaces).
    excluded_scope = {
        name
        for name in tenants_of(cluster)
        if _matches_pattern(name, safeguards.value(_EXCLUDED_NAMESPACES))
    }
    return safeguards.value(_STANDARDS_LEVEL) in standards and not excluded_scope


def has_policy_add_on(cluster: Subject) -> bool:
    """Return whether a cluster has the Azure Policy add-on, which enforces policies."""
    return switch_of(cluster, _ADD_ON) is True


def excluded_by(safeguards: Subject, cluster: Subject) -> tuple[str, ...]:
    """Return the namespaces that a cluster's safeguards leave out, of those that they are for."""
    names = ("default", *tenants_of(cluster))
    return tuple(
        name for name in names if _matches_pattern(name, safeguards.value(_EXCLUDED_NAMESPACES))
    )


def is_watched(cluster: Subject) -> bool:
    """Return whether a cluster's safeguards look at the teams' workloads, to warn or to enforce."""
    safeguards = safeguards_of(cluster)
    if safeguards is None or safeguards.value(_LEVEL) not in ("Warn", "Enforce"):
        return False
    return not excluded_by(safeguards, cluster)


def tenants_of(cluster: Subject) -> tuple[str, ...]:
    """Return the names of the teams' namespaces: those not for privileged agents (MAN-04)."""
    return tuple(
        namespace.name
        for namespace in cluster.children(NAMESPACE)
        if lookup(namespace.value(_LABELS), (_STANDARD,)) != "privileged"
    )


def _assignments_of(cluster: Subject, policy: BuiltInPolicy) -> Iterator[Subject]:
    for assigned in cluster.all(POLICY_ASSIGNMENT):
        if _is_above(assigned.id.scope, cluster.id):
            definition = assigned.value(_DEFINITION)
            if isinstance(definition, str) and definition.strip().lower() == policy.id.lower():
                yield assigned


def _is_above(scope: ResourceId | None, cluster: ResourceId) -> bool:
    # Which subscriptions a management group holds is not known here: what an environment has of
    # one is there because it is about the environment.
    return scope is None or scope.type.lower() == _MANAGEMENT_GROUP or cluster.is_within(scope)


def _find_weaknesses(
    cluster: Subject, assigned: Subject, demand: Demand
) -> Iterator[tuple[Verdict, str]]:
    """Yield what keeps an assignment from doing what it has to do."""
    # DoNotEnforce evaluates and reports, and denies nothing.
    mode = assigned.value(_MODE)
    if not _ENFORCED.test(mode):
        yield Verdict.FAIL, f"enforcementMode is {show(mode)}, expected Default"
    for text in assigned.texts(_NOT_SCOPES):
        excluded_scope = parse_resource_id(text)
        if excluded_scope is not None and cluster.id.is_within(excluded_scope):
            yield Verdict.FAIL, f"notScopes excludes {excluded_scope.name}"
    for exemption in cluster.all(POLICY_EXEMPTION):
        if _is_exempted_by(exemption, assigned, cluster):
            until = exemption.value(_EXPIRES)
            evidence = "without expiry" if is_empty(until) else f"until {until}"
            yield Verdict.FAIL, f"{exemption.label} exempts it {evidence}"
    selectors = assigned.entries(_SELECTORS)
    if selectors and not any(_selects_cluster(selector, cluster) for selector in selectors):
        yield Verdict.FAIL, "resourceSelectors excludes the cluster"
    parameters = assigned.value(_PARAMETERS)
    expected = {**_NARROWING_PARAMETERS, **demand.parameters}
    effect = expected.pop("effect", DENY)
    for value in _effects_on(
        cluster, assigned, _parameter_value(parameters, "effect", demand.policy)
    ):
        yield from _check_parameter("effect", value, effect)
    for name, predicate in expected.items():
        yield from _check_parameter(
            name, _parameter_value(parameters, name, demand.policy), predicate
        )
    yield from _excluded_namespaces(cluster, parameters, demand)


def _is_exempted_by(exemption: Subject, assigned: Subject, cluster: Subject) -> bool:
    """Return whether an exemption takes a cluster, or a scope above it, out of an assignment.

    What it takes out of an initiative's single policies is taken out too; whether it has expired is
    for Azure to say, and nobody here knows the day.
    """
    named = parse_resource_id(exemption.value(_EXEMPTED_ASSIGNMENT))
    if named is None or named != assigned.id or not _is_above(exemption.id.scope, cluster.id):
        return False
    selectors = exemption.entries(_SELECTORS)
    return not selectors or any(_selects_cluster(selector, cluster) for selector in selectors)


def _check_parameter(
    name: str, value: object, predicate: Predicate
) -> Iterator[tuple[Verdict, str]]:
    unknown = next(unknowns(value), None)
    if unknown is not None:
        yield Verdict.UNKNOWN, f"{name} is {unknown}"
    elif not predicate.test(value):
        yield Verdict.FAIL, f"{name} is {show(value)}, expected {predicate.words}"


def _parameter_value(parameters: object, name: str, policy: BuiltInPolicy) -> object:
    if isinstance(parameters, Unknown):
        return parameters
    stated = lookup(parameters, (name, "value"))
    # An empty list that is stated is no silence: it may be stricter than the default.
    is_stated = stated == [] or stated == () or not is_empty(stated)
    return stated if is_stated else policy.defaults.get(name, stated)


def _effects_on(cluster: Subject, assigned: Subject, effect: object) -> list[object]:
    """Return the effects that the policies of an assignment have on a cluster."""
    found = [effect]
    for override in assigned.entries(_OVERRIDES):
        if str(override.get("kind")).lower() != "policyeffect" or not _selects_cluster(
            override, cluster
        ):
            continue
        # An override with that selector is for some policies of an initiative: their effects add
        # to that of the rest, and the weakest counts.
        if _kinds_of(override) & {"policydefinitionreferenceid"}:
            found.append(override.get("value"))
        else:
            found[0] = override.get("value")
    return found


def _kinds_of(selecting: Mapping[str, object]) -> set[str]:
    return {str(entry.get("kind")).lower() for entry in _selectors_of(selecting)}


def _selectors_of(selecting: Mapping[str, object]) -> list[Mapping[str, object]]:
    found = selecting.get("selectors")
    entries = found if isinstance(found, (list, tuple)) else ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _selects_cluster(selecting: Mapping[str, object], cluster: Subject) -> bool:
    """Return whether an object with `selectors` selects a cluster, by its region and its type.

    Other kinds of selector say nothing about clusters.
    """
    of_cluster = {
        "resourcelocation": cluster.value(_LOCATION),
        "resourcewithoutlocation": "",
        "resourcetype": CLUSTER,
    }
    for entry in _selectors_of(selecting):
        value = of_cluster.get(str(entry.get("kind")).lower())
        if value is None or isinstance(value, Unknown):
            continue
        folded = str(value).replace(" ", "").lower()
        if "in" in entry and folded not in _folded_names(entry["in"]):
            return False
        if folded in _folded_names(entry.get("notIn")):
            return False
    return True


def _folded_names(names: object) -> set[str]:
    listed = names if isinstance(names, (list, tuple)) else ()
    return {str(name).replace(" ", "").lower() for name in listed}


def _excluded_namespaces(
    cluster: Subject, parameters: object, demand: Demand
) -> Iterator[tuple[Verdict, str]]:
    """Yield the namespaces that a policy has to reach, and does not."""
    included = _parameter_value(parameters, "namespaces", demand.policy)
    excluded = _parameter_value(parameters, "excludedNamespaces", demand.policy)
    # Namespaces are excluded by patterns with `*`, in which a team's namespace can be caught by
    # accident.
    for name, value in (("namespaces", included), ("excludedNamespaces", excluded)):
        unknown = next(unknowns(value), None)
        if unknown is not None:
            yield Verdict.UNKNOWN, f"{name} is {unknown}"
            return
    if not is_empty(included) and not demand.for_tenants:
        yield Verdict.FAIL, f"namespaces is {show(included)}: all other namespaces are excluded"
    required = tenants_of(cluster) if demand.for_tenants else ("default", *tenants_of(cluster))
    for folded in required:
        if _matches_pattern(folded, excluded):
            yield Verdict.FAIL, f"excludedNamespaces excludes {folded}"
        elif (
            not is_empty(included) and demand.for_tenants and not _matches_pattern(folded, included)
        ):
            yield Verdict.FAIL, f"namespaces excludes {folded}"


def _matches_pattern(name: str, patterns: object) -> bool:
    listed = patterns if isinstance(patterns, (list, tuple)) else ()
    return any(isinstance(pattern, str) and fnmatchcase(name, pattern) for pattern in listed)
