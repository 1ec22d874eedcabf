"""Comparison of a declared object with an observed one, without a dry run.

A dry run would fill the defaults in; here those are known that the declared kinds have. So it finds
the same, as long as the table below is complete for them: a test holds both against a real server.

Called by `workflow.cluster_drift`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from provisioner.cluster.comparison import (
    ABSENT,
    Difference,
    content_of,
    find_differences,
    has_path,
)
from provisioner.cluster.objects import Object

_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "protocol": ("TCP",),
    "matchPolicy": ("Equivalent",),
    "namespaceSelector": ({},),
    "objectSelector": ({},),
    "scope": ("*",),
    "failurePolicy": ("Fail",),
    "finalizers": (["kubernetes"],),
    "kubernetes.io/metadata.name": (),
}
"""Values that the API server fills in where nothing is stated, by the last step of their path
(API reference of Kubernetes; observed on kube-apiserver 1.35). Without a value: any."""

_JOB_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "apiVersion": ("v1",),
    "backoffLimit": (6,),
    "completionMode": ("NonIndexed",),
    "completions": (1,),
    "concurrencyPolicy": ("Allow",),
    "creationTimestamp": (None,),
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "failedJobsHistoryLimit": (1,),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "manualSelector": (False,),
    "parallelism": (1,),
    "podReplacementPolicy": ("TerminatingOrFailed",),
    "procMount": ("Default",),
    "resources": ({},),
    "schedulerName": ("default-scheduler",),
    "securityContext": ({},),
    "successfulJobsHistoryLimit": (3,),
    "suspend": (False,),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "type": ("",),
    "batch.kubernetes.io/controller-uid": (),
    "batch.kubernetes.io/job-name": (),
    "controller-uid": (),
    "job-name": (),
}
"""The same for jobs and their pods: the API reference, Job, CronJob and Pod; the labels and the
selector are generated (kubernetes.io, "Jobs")."""

_WITH_PODS = frozenset({"Job", "CronJob"})

_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_QUANTITY_FIELDS = frozenset(
    {"hard", "default", "defaultRequest", "max", "min", "limits", "requests"}
)


def find_observed_differences(declared: Object, observed: Object) -> Iterator[Difference]:
    """Yield where an observed object is not as declared; what nobody declared too, but defaults."""
    for each in find_differences(content_of(declared), content_of(observed)):
        if has_path(declared, each.path):
            # The API server drops empty values of optional fields (`omitempty`).
            if each.after is ABSENT and each.before in ({}, [], None):
                continue
            if not (_QUANTITY_FIELDS & set(map(str, each.path)) and _is_same_quantity(each)):
                yield each
        elif not _is_default(declared, each):
            yield each


def _is_default(declared: Object, difference: Difference) -> bool:
    name, value = str(difference.path[-1]), difference.after
    if declared["kind"] not in _WITH_PODS:
        return _is_filled_in(name, value, _DEFAULTS)
    if value == {}:
        return True
    if name == "serviceAccount" and difference.path[-2:-1] == ("spec",):
        # The old name of the field `serviceAccountName`, which the server keeps equal to it.
        return bool(value == _service_account_of(declared))
    return _is_filled_in(name, value, {**_DEFAULTS, **_JOB_DEFAULTS})


def _service_account_of(job: Object) -> object:
    spec = (job["spec"].get("jobTemplate") or {}).get("spec") or job["spec"]
    return spec["template"]["spec"].get("serviceAccountName")


def _is_filled_in(name: str, value: object, defaults: Mapping[str, tuple[object, ...]]) -> bool:
    known = defaults.get(name)
    if known is not None:
        # True == 1 in Python: a default of 1 is no True.
        same = (each == value and type(each) is type(value) for each in known)
        return not known or any(same)
    if isinstance(value, Mapping) and value:
        return all(_is_filled_in(str(key), item, defaults) for key, item in value.items())
    return False


def _is_same_quantity(difference: Difference) -> bool:
    before, after = _parse_quantity(difference.before), _parse_quantity(difference.after)
    return before is not None and before == after


def _parse_quantity(value: Any) -> Decimal | None:  # noqa: ANN401  JSON
    """Return what a quantity is worth: 1, 1000m and 1e0 are one."""
    text = str(value)
    try:
        for unit, power in _BINARY_SUFFIXES.items():
            if text.endswith(unit):
                return Decimal(text.removesuffix(unit)) * Decimal(1024) ** power
        if text[-1:] in _DECIMAL_SUFFIXES:
            return Decimal(text[:-1]) * Decimal(10) ** _DECIMAL_SUFFIXES[text[-1]]
        return Decimal(text)
    except ArithmeticError:
        return None
