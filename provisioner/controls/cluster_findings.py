"""Findings from what rules observe in a cluster: each of an object, by its address.

Called by `evaluation`.
"""

from collections.abc import Iterator

from provisioner.controls.cluster_objects.view import ObservedRule, View
from provisioner.controls.resource_types import STATED_NAMESPACE
from provisioner.controls.verdict import Finding, Verdict
from provisioner.model.cluster_contents import Object, name_of, namespace_of
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId

MOST_FINDINGS = 200
"""How many objects a control names at most: what is wrong with more has one cause."""


def observe(control: str, rule: ObservedRule, view: View, cluster: Resource) -> Iterator[Finding]:
    """Yield what a rule sees in a cluster, of which all that it needs was read."""
    failing = 0
    for seen in rule.judge(view):
        failing += seen.verdict is Verdict.FAIL
        if failing > MOST_FINDINGS:
            evidence = f"more than {MOST_FINDINGS} objects fail; the list is truncated"
            yield Finding(control, Verdict.FAIL, cluster, "", evidence)
            return
        found = cluster if seen.body is None else resource_of(seen.body, cluster)
        path = seen.path if seen.body is not None else control_path(control)
        yield Finding(control, seen.verdict, found, path, seen.evidence)


def control_path(control: str) -> str:
    """Return the path of a finding about the cluster as a whole, from its objects.

    It stands in for a property's path, and keeps it apart from findings on what Azure answers of
    the cluster.
    """
    return f"kubernetes.{control}"


def address_of(body: Object) -> str:
    """Return what findings and waivers call an object: `kubernetes.namespaces[shop].Pod[web]`."""
    kind, name, namespace = str(body.get("kind")), name_of(body), namespace_of(body)
    if kind == "Namespace":
        return f"kubernetes.namespaces[{name}]"
    within = f"namespaces[{namespace}]." if namespace else ""
    return f"kubernetes.{within}{kind}[{name}]"


def resource_of(body: Object, cluster: Resource) -> Resource:
    """Return an object of a cluster as a resource, below the id of the cluster."""
    kind, name, namespace = str(body.get("kind")), name_of(body), namespace_of(body)
    # Ids below the cluster, in the form that Azure RBAC uses for namespaces: waivers, SARIF and
    # reports treat objects as resources.
    names = (*cluster.id.names, *([namespace] if namespace else []), name)
    above = (
        STATED_NAMESPACE
        if namespace or kind == "Namespace"
        else STATED_NAMESPACE.rpartition("/")[0]
    )
    what = above if kind == "Namespace" else f"{above}/{kind}"
    return Resource(ResourceId(what, names, cluster.id.scope), what, {}, address_of(body))
