"""Comparison of a pod with its controller's template.

Whoever may create pods can name any object as the controller of one, with its real UID: the API
server checks neither. So what a pod runs is compared with the template, field by field.

Called by `undeclared_objects` and `aks_workloads`.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.cluster.comparison import ABSENT, Difference, find_differences, has_path
from provisioner.cluster.objects import Object
from provisioner.cluster.pods import describe_debugging, describe_node_access, pod_spec_of

_CONTAINER_LISTS = ("initContainers", "containers")
_HANDLERS = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")

_SCHEDULING = frozenset({
    "imagePullSecrets", "nodeName", "preemptionPolicy", "priority", "priorityClassName",
    "schedulerName", "tolerations",
})  # fmt: skip
"""What admission and the scheduler write into a pod, whatever its template says: where it runs and
who pulls its image (kubernetes.io, "Admission Controllers": DefaultTolerationSeconds, Priority,
ServiceAccount, PodTolerationRestriction). None of it changes what runs."""

_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "enableServiceLinks": (True,),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "procMount": ("Default",),
    "protocol": ("TCP",),
    "resources": ({},),
    "restartPolicy": ("Always",),
    "securityContext": ({},),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "type": ("",),
}
"""What the API server fills in, by the last step of a path (API reference of Kubernetes, Pod)."""


def is_made_by(pod: Object, job: Object) -> bool:
    """Return whether a pod is one that a declared job makes.

    It is in the job's namespace, is named with its kind and name, and has nothing in its spec but
    the template and what Kubernetes fills in. Both hold the same words: literal ones, or those that
    an observation hides.
    """
    metadata = pod.get("metadata") or {}
    owner = controller_of(pod)
    return (
        metadata.get("namespace") == job["metadata"].get("namespace")
        and owner.get("kind") == job["kind"]
        and owner.get("name") == job["metadata"]["name"]
        and _states_only_template(pod.get("spec") or {}, pod_spec_of(job))
    )


def controller_of(body: Object) -> Mapping[str, Any]:
    """Return the reference to the controller that an object names; {} where it names none."""
    references = (body.get("metadata") or {}).get("ownerReferences") or ()
    return next((each for each in references if each.get("controller")), {})


def _states_only_template(spec: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    return all(
        _is_filled_in(each, template)
        for each in find_differences(template, spec)
        if not (each.after is ABSENT and each.before in ({}, [], None))
    )


def _is_filled_in(difference: Difference, template: Mapping[str, Any]) -> bool:
    if has_path(template, difference.path):
        return False
    name = str(difference.path[-1])
    if len(difference.path) == 1 and name in _SCHEDULING:
        return True
    if difference.path == ("serviceAccount",):
        # The old name of the field `serviceAccountName`, which the server keeps equal to it.
        return bool(difference.after == (template.get("serviceAccountName") or "default"))
    if difference.path == ("serviceAccountName",):
        return bool(difference.after == "default")
    # True == 1 in Python: a default of 1 is no True.
    return any(
        known == difference.after and type(known) is type(difference.after)
        for known in _DEFAULTS.get(name, ())
    )


def keeps_to(spec: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    """Return whether a pod of AKS runs its controller's template, and reaches no more of its node.

    During a rollout, pods of an older template stand beside newer ones: while the image is another
    one, arguments and environment may differ, and the command and the handlers may not. AKS' own
    webhook adds the variables KUBERNETES_* (learn.microsoft.com, "Customize cluster egress": the
    API server by its host name).
    """
    if describe_debugging(spec):
        return False
    if not set(describe_node_access(spec)) <= set(describe_node_access(template)):
        return False
    stated = {name: container for name, container in _named_containers(template)}
    return all(
        name in stated and _runs_same_program(container, stated[name])
        for name, container in _named_containers(spec)
    )


def _named_containers(spec: Mapping[str, Any]) -> list[tuple[tuple[str, str], Mapping[str, Any]]]:
    return [
        ((part, str(each.get("name"))), each)
        for part in _CONTAINER_LISTS
        for each in spec.get(part) or ()
    ]


def _runs_same_program(container: Mapping[str, Any], stated: Mapping[str, Any]) -> bool:
    names: tuple[str, ...] = ("command", *_HANDLERS)
    if container.get("image") == stated.get("image"):
        names = (*names, "args", "envFrom")
        if _own_environment(container) != _own_environment(stated):
            return False
    return all((container.get(name) or None) == (stated.get(name) or None) for name in names)


def _own_environment(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        each
        for each in container.get("env") or ()
        if not str(each.get("name")).startswith("KUBERNETES_")
    ]
