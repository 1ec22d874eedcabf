"""Admission policies and webhooks of a cluster, compared with the environment's policies.

A policy is in force where it says what azsec renders, and a binding denies by it without narrowing
where it holds. Sources: the pages "Validating Admission Policy" and "Dynamic Admission Control" of
the Kubernetes documentation.

Its rules are collected by `rules`.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from provisioner.controls.cluster_objects.pods import (
    RESTRICTED_POLICIES,
    judge_by_policies,
    judge_restricted,
)
from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    count,
    fails,
)
from provisioner.manifests.admission_policies import AdmissionPolicy
from provisioner.manifests.cluster_kinds import (
    ADMISSION_BINDING,
    ADMISSION_POLICY,
    MUTATING_POLICY,
    MUTATING_WEBHOOK,
    NAMESPACE,
    POD,
    VALIDATING_WEBHOOK,
)
from provisioner.manifests.policy_objects import WORKLOADS_SUFFIX, render_policies
from provisioner.model.cluster_contents import Object, at, items, name_of

_COMPARED_FIELDS = ("failurePolicy", "matchConditions", "variables")


def find_policies_not_in_force(view: View, names: Sequence[str] = ()) -> Iterator[ObjectFinding]:
    """Yield the failures of the environment's policies that are missing, changed or not in force.

    `names` are those that are requested; without names they are all that deny.
    """
    existing = {name_of(found): found for found in view.of(ADMISSION_POLICY)}
    for policy in view.policies:
        # A policy in audit mode denies nothing, and is no evidence that pods meet it.
        if not policy.enforced or (names and policy.name not in names):
            continue
        found = existing.get(policy.name)
        if found is None:
            yield fails(f"the policy {policy.name} is missing")
            continue
        differing = _first_difference(found, _rendered_spec(policy))
        if differing:
            evidence = f"{policy.name} differs from the environment: {differing}"
            yield fails(evidence, found, f"spec.{differing}")
        elif not any(
            _binding_denies(binding, policy.name) for binding in view.of(ADMISSION_BINDING)
        ):
            yield fails(
                (
                    f"no binding of {policy.name} with validationActions Deny applies to all its "
                    "namespaces"
                ),
                found,
            )


def _rendered_spec(policy: AdmissionPolicy) -> Object:
    spec: Object = next(iter(render_policies((policy,)))).body["spec"]
    return spec


def _first_difference(found: Object, expected: Object) -> str:
    """Return the first field of a policy that is not as expected, "" for none.

    The API server adds defaults, so only what is rendered is compared, by name.
    """
    spec = at(found, "spec") or {}
    for name in _COMPARED_FIELDS:
        if spec.get(name) != expected.get(name):
            return name
    if at(spec, "matchConstraints", "namespaceSelector") != expected["matchConstraints"].get(
        "namespaceSelector"
    ):
        return "matchConstraints"
    if (
        at(spec, "matchConstraints", "excludeResourceRules")
        # An author chooses the labels of a pod: an object selector is a way out.
        or at(spec, "matchConstraints", "objectSelector", "matchLabels")
        or at(spec, "matchConstraints", "objectSelector", "matchExpressions")
    ):
        return "matchConstraints"
    found_rules = items(at(spec, "matchConstraints", "resourceRules"))
    expected_rules = expected["matchConstraints"]["resourceRules"]
    if not all(
        any(_rule_matches(rule, each) for rule in found_rules)
        for each in _split_rules(expected_rules)
    ):
        return "matchConstraints"
    expressions = {at(entry, "expression") for entry in items(spec.get("validations"))}
    # More validations deny more; a missing or changed one lets something pass.
    if not {entry["expression"] for entry in expected["validations"]} <= expressions:
        return "validations"
    # With parameters the expressions depend on an object that is not part of the policy.
    return "paramKind" if spec.get("paramKind") else ""


_MATCHED = ("operations", "apiGroups", "apiVersions", "resources")


def _split_rules(rules: Sequence[Object]) -> Iterator[Object]:
    """Yield rules of one operation, group, version and resource each."""
    for rule in rules:
        for values in product(*(items(rule.get(name)) for name in _MATCHED)):
            yield dict(zip(_MATCHED, values, strict=True))


def _rule_matches(rule: object, expected: Object) -> bool:
    """Return whether a rule matches an expected operation and resource.

    One for some names or for objects of the cluster alone does not match all pods.
    """
    if items(at(rule, "resourceNames")) or at(rule, "scope") == "Cluster":
        return False
    return all({"*", expected[name]} & set(items(at(rule, name))) for name in _MATCHED)


def _binding_denies(binding: Object, policy: str) -> bool:
    spec = at(binding, "spec") or {}
    narrowed = spec.get("matchResources") or {}
    return (
        spec.get("policyName") == policy
        # Warn and Audit admit the request.
        and "Deny" in items(spec.get("validationActions"))
        and not any(narrowed.get(key) for key in ("resourceRules", "excludeResourceRules"))
        and not _selects_some(narrowed.get("namespaceSelector"))
        and not _selects_some(narrowed.get("objectSelector"))
    )


def _selects_some(selector: object) -> bool:
    return bool(at(selector, "matchLabels") or at(selector, "matchExpressions"))


def _custom_webhooks(view: View) -> Iterator[tuple[Object, str]]:
    """Yield the webhooks whose service is not in a namespace of the system, with where they ask."""
    for kind in (VALIDATING_WEBHOOK, MUTATING_WEBHOOK):
        for found in view.of(kind):
            for hook in items(found.get("webhooks")):
                # A webhook with a url calls any host, and receives every object that it matches,
                # Secrets included.
                namespace = at(hook, "clientConfig", "service", "namespace")
                if namespace not in view.system:
                    where = at(hook, "clientConfig", "url") or f"a service in {namespace}"
                    yield found, str(where)
                    break


def _judge_admission(view: View) -> Iterator[ObjectFinding]:
    """Judge whether the environment's admission policies are in force, without custom webhooks.

    A webhook can fail and see every object.
    """

    def judge() -> Iterator[ObjectFinding]:
        for found, where in _custom_webhooks(view):
            yield fails(f"it is a custom webhook: {where}", found, "webhooks")
        yield from find_policies_not_in_force(view)

    enforced = [policy for policy in view.policies if policy.enforced]
    yield from conclude(judge(), f"{count(len(enforced), 'policy')} in force, no custom webhook")


def _judge_inventory(view: View) -> Iterator[ObjectFinding]:
    """Judge whether all admission policies and webhooks are the environment's or the system's."""
    declared = {policy.name + end for policy in view.policies for end in ("", WORKLOADS_SUFFIX)}

    def judge() -> Iterator[ObjectFinding]:
        for found, where in _custom_webhooks(view):
            yield fails(f"it is neither in the environment nor a system object: {where}", found)
        for policy in view.of(ADMISSION_POLICY):
            if name_of(policy) not in declared and not name_of(policy).startswith(_OF_AKS):
                yield fails("it is neither in the environment nor a system object", policy)
        # A policy that changes objects is not covered by a name: it can add what others ban.
        for policy in view.of(MUTATING_POLICY):
            yield fails("it is neither in the environment nor a system object", policy)

    seen = sum(len(view.of(kind)) for kind in (*_REVIEWERS, MUTATING_POLICY))
    yield from conclude(judge(), f"{count(seen, 'object')} in the cluster: all are known")


_REVIEWERS = (ADMISSION_POLICY, VALIDATING_WEBHOOK, MUTATING_WEBHOOK)
_OF_AKS = ("aks-", "azurepolicy-", "gatekeeper-")
"""What the names of policies begin with that AKS and its Azure Policy add-on make (a policy judges
alone, and sees nothing: a wrong name here hides no reader)."""


def _judge_registries(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        yield from judge_by_policies(view, "azsec-approved-registries")
        yield from find_policies_not_in_force(view, ("azsec-approved-registries",))
        if not any(policy.name == "azsec-approved-registries" for policy in view.policies):
            yield fails("the environment names no approved registry")

    pods = count(len(view.pods), "pod")
    yield from conclude(judge(), f"{pods} run approved images, and the policy is in force")


def _judge_restricted_fields(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        yield from judge_restricted(view)
        yield from find_policies_not_in_force(view, RESTRICTED_POLICIES)

    spaces, pods = count(len(view.teams), "namespace"), count(len(view.pods), "pod")
    yield from conclude(judge(), f"{spaces} and {pods}: every field is enforced")


_POLICIES = (ADMISSION_POLICY, ADMISSION_BINDING)

RULES = {
    "WRK-01.2": ObservedRule(_judge_registries, (POD, NAMESPACE, *_POLICIES)),
    "WRK-01.6": ObservedRule(_judge_admission, (*_POLICIES, VALIDATING_WEBHOOK, MUTATING_WEBHOOK)),
    "WRK-08": ObservedRule(_judge_inventory, _REVIEWERS, (MUTATING_POLICY,)),
    "MAN-05": ObservedRule(_judge_restricted_fields, (POD, NAMESPACE, *_POLICIES)),
}
"""The rules by the id of their control."""
