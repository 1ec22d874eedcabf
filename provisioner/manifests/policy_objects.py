"""Renders admission policies: a denying one for pods, and a warning one for pod templates.

A Deployment whose pods are refused is created nevertheless, and its pods never start. Each policy
therefore has a second one over the templates of workloads, whose binding warns, so that whoever
applies the workload is informed at once (Kubernetes, "Validating Admission Policy":
validationActions). `rendering` calls it.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from provisioner.manifests.admission_policies import AdmissionPolicy
from provisioner.manifests.manifest import Manifest, Object, Place, make_manifest

CHANGES_POD = "request.operation == 'CREATE' || object.spec != oldObject.spec"
"""An update that changes only labels or finalizers of an admitted pod is not evaluated again: the
pod could not be deleted otherwise."""

WORKLOADS_SUFFIX = "-workloads"
"""The suffix of the names of policies over pod templates."""

_API = "admissionregistration.k8s.io/v1"
_TEMPLATE = (
    "{0}.kind == 'CronJob' ? {0}.spec.jobTemplate.spec.template : "
    "{0}.kind == 'PodTemplate' ? {0}.template : {0}.spec.template"
)
_CHANGES_TEMPLATE = (
    f"request.operation == 'CREATE' || "
    f"({_TEMPLATE.format('object')}) != ({_TEMPLATE.format('oldObject')})"
)


def _resource_rule(group: str, *resources: str) -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": list(resources),
    }


_PODS = [_resource_rule("", "pods", "pods/ephemeralcontainers")]
_WORKLOADS = [
    _resource_rule("apps", "daemonsets", "deployments", "replicasets", "statefulsets"),
    _resource_rule("batch", "cronjobs", "jobs"),
    _resource_rule("", "podtemplates", "replicationcontrollers"),
]


def render_policies(policies: Iterable[AdmissionPolicy]) -> Iterator[Manifest]:
    """Yield each policy with the binding that puts it in force, for pods and for workloads."""
    for policy in policies:
        actions = ["Deny", "Audit"] if policy.enforced else ["Warn", "Audit"]
        says = "Refuses what does not hold." if policy.enforced else "Warns of what does not hold."
        yield from _policy_and_binding(
            policy, policy.name, policy.reason, _pod_spec(policy), actions, says
        )
        yield from _policy_and_binding(
            policy,
            f"{policy.name}{WORKLOADS_SUFFIX}",
            f"The same of what makes pods: {policy.reason}",
            _workload_spec(policy),
            ["Warn"],
            "Warns whoever applies a workload whose pods would be refused."
            if policy.enforced
            else "Warns whoever applies a workload.",
        )


def _policy_and_binding(
    policy: AdmissionPolicy, name: str, reason: str, spec: Object, actions: list[str], says: str
) -> Iterator[Manifest]:
    controls = (*policy.controls, "WRK-01.6")
    yield make_manifest(
        Place(_API, "ValidatingAdmissionPolicy", name), controls, reason, {"spec": spec}
    )
    yield make_manifest(
        Place(_API, "ValidatingAdmissionPolicyBinding", name),
        controls,
        says,
        {"spec": {"policyName": name, "validationActions": actions}},
    )


def _pod_spec(policy: AdmissionPolicy) -> Object:
    return _policy_spec(policy, _PODS, "object", CHANGES_POD)


def _workload_spec(policy: AdmissionPolicy) -> Object:
    return _policy_spec(policy, _WORKLOADS, _TEMPLATE.format("object"), _CHANGES_TEMPLATE)


def _policy_spec(policy: AdmissionPolicy, matched: list[Object], pod: str, changes: str) -> Object:
    return {
        # A policy that cannot be evaluated refuses the request (failurePolicy Fail).
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": policy.selector, "resourceRules": matched},
        "matchConditions": [
            {"name": "changes-spec", "expression": changes},
            *_exemption_conditions(policy),
        ],
        "variables": [{"name": "pod", "expression": pod}],
        "validations": [
            {"expression": rule.whole, "message": f"{rule.message}."} for rule in policy.rules
        ],
    }


def _exemption_conditions(policy: AdmissionPolicy) -> Iterator[Object]:
    """Yield a condition for each exemption, which expires by itself.

    CEL has no clock, but the API server sets creationTimestamp before it validates
    (rest.BeforeCreate of k8s.io/apiserver). Later changes of an exempt object are evaluated.
    """
    made = "object.metadata.creationTimestamp"
    for exemption in policy.exemptions:
        end = (exemption.expires + timedelta(days=1)).isoformat()
        yield {
            "name": f"not-exempt-{exemption.namespace}",
            "expression": (
                f"!(request.operation == 'CREATE' && "
                f"request.namespace == '{exemption.namespace}' && has({made}) && "
                f"timestamp({made}) < timestamp('{end}T00:00:00Z'))"
            ),
        }
