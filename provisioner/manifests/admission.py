"""Evaluates the admission policies on a pod, as the API server does before it lets the pod in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from provisioner.blueprint.cel_runtime import Context, Program, compile
from provisioner.manifests.admission_policies import (
    CHANGES_SPEC,
    CONTAINER_LISTS,
    AdmissionPolicy,
    Rule,
)
from provisioner.manifests.manifest import Object

Path = tuple[str | int, ...]

_TOKEN_VOLUME = "kube-api-access-"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule of a policy that does not hold for a field of a pod."""

    policy: AdmissionPolicy
    path: Path
    message: str


def admit(pod: Object, mounts_tokens: Mapping[str, bool]) -> Object:
    """Return a new pod as it is when policies see it: with defaults, and a token if it gets one.

    `mounts_tokens` says of service accounts whether they mount a token; of others it is taken that
    they do. Sources: the pages "Images" (the default of imagePullPolicy), "Configure Service
    Accounts for Pods" and "Managing Service Accounts" (the volume) of the Kubernetes documentation.
    """
    stated = pod.get("spec")
    spec = dict(stated) if isinstance(stated, Mapping) else {}
    for name in CONTAINER_LISTS:
        if isinstance(spec.get(name), list):
            spec[name] = [_with_pull_policy(container) for container in spec[name]]
    # The older name of the field still counts.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = account
    mounts = spec.get("automountServiceAccountToken")
    if mounts is None:
        mounts = mounts_tokens.get(str(account), True)
    if mounts is True:
        token = {"name": f"{_TOKEN_VOLUME}azsec", "projected": {"sources": []}}
        spec["volumes"] = [*(spec.get("volumes") or []), token]
    return {**pod, "metadata": pod.get("metadata") or {}, "spec": spec}


def _with_pull_policy(container: Any) -> Any:  # noqa: ANN401
    if not isinstance(container, Mapping) or "imagePullPolicy" in container:
        return container
    image = str(container.get("image", ""))
    last = image.rpartition("/")[2]
    floats = "@" not in last and (":" not in last or last.endswith(":latest"))
    return {**container, "imagePullPolicy": "Always" if floats else "IfNotPresent"}


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector takes these labels."""
    wanted = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(each, labels) for each in selector.get("matchExpressions", ()))


def _meets(requirement: Object, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement["key"])
    match requirement["operator"]:
        case "In":
            return value in requirement["values"]
        case "NotIn":
            return value not in requirement["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None


def evaluate(policy: AdmissionPolicy, pod: Object, labels: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the rules of a policy that do not hold for a new pod (see `admit`) in a namespace with
    these labels. What cannot be evaluated does not hold, as failurePolicy says."""
    request = {"operation": "CREATE"}
    known = {"object": pod, "oldObject": None, "request": request}
    if not selects(policy.selector, labels) or not holds(CHANGES_SPEC, known):
        return
    for rule in policy.rules:
        if not holds(rule.whole, known):
            # Where the expression fails as a whole, no container is to blame alone.
            for path in list(_blamed(rule, pod)) or [("spec",)]:
                yield Finding(policy, path, rule.message)


def _blamed(rule: Rule, pod: Object) -> Iterator[Path]:
    """Yield the fields for which a rule does not hold."""
    if not rule.per_container:
        yield rule.field
        return
    for name in CONTAINER_LISTS:
        containers = pod["spec"].get(name)
        for number, container in enumerate(containers if isinstance(containers, list) else ()):
            if not holds(rule.expression, {"c": container}):
                yield ("spec", name, number, *rule.field)


def holds(expression: str, known: Mapping[str, Any]) -> bool:
    """Tell whether an expression is true of these variables; an error is not."""
    try:
        return _program(expression).execute(Context(variables=dict(known))) is True
    except (TypeError, ValueError, RuntimeError, KeyError):
        return False


@lru_cache(maxsize=256)
def _program(expression: str) -> Program:
    return compile(expression)
