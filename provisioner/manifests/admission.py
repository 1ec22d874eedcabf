"""Evaluates the admission policies on a pod, as the API server does at admission.

The expressions are the ones that `policy_objects` renders, evaluated by azsec's CEL library.
`pod_evaluation` calls it for the files of a workload, and the pod controls call it for the pods of
a cluster.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from provisioner.blueprint.cel_library import Context, Program, compile
from provisioner.manifests.admission_policies import (
    CONTAINER_LISTS,
    AdmissionPolicy,
    Exemption,
    Part,
    Rule,
)
from provisioner.manifests.manifest import Object
from provisioner.manifests.token_rules import TOKEN_VOLUME
from provisioner.model.label_selectors import selects

Path = tuple[str | int, ...]

_NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Finding:
    """A policy rule that a field of a pod violates.

    `exemption` is the exemption that admits the pod nevertheless, until it expires.
    """

    policy: AdmissionPolicy
    path: Path
    message: str
    exemption: Exemption | None = None

    @property
    def is_enforced(self) -> bool:
        """Whether the pod is refused for it."""
        return self.policy.enforced and self.exemption is None


IMAGE_VOLUMES = (1, 35)
"""The minor version from which API servers keep image volumes by default (the feature gate
ImageVolume; AKS sets none)."""


def read_pod(pod: Object, version: tuple[int, int]) -> Object:
    """Return a pod as the API server of a version decodes it.

    Volumes of a type that the version does not have are dropped, as the API server does without an
    error.
    """
    spec = pod.get("spec")
    volumes = spec.get("volumes") if isinstance(spec, Mapping) else None
    if version >= IMAGE_VOLUMES or not isinstance(spec, Mapping) or not isinstance(volumes, list):
        return pod
    read = [v for v in volumes if not (isinstance(v, Mapping) and v.get("image") is not None)]
    return {**pod, "spec": {**spec, "volumes": read}}


def admit(pod: Object, mounts_tokens: Mapping[str, bool]) -> Object:
    """Return a new pod as policies see it: with defaults, and with its token volume if it has one.

    `mounts_tokens` maps service accounts to whether they mount a token; others are assumed to.
    Sources: the pages "Images" (the default of imagePullPolicy), "Configure Service Accounts for
    Pods" and "Managing Service Accounts" (the volume) of the Kubernetes documentation.
    """
    stated = pod.get("spec")
    spec = dict(stated) if isinstance(stated, Mapping) else {}
    for name in CONTAINER_LISTS:
        if isinstance(spec.get(name), list):
            spec[name] = [
                _with_pull_policy(container, "image", "imagePullPolicy") for container in spec[name]
            ]
    if isinstance(spec.get("volumes"), list):
        spec["volumes"] = [_with_null_sources(_with_image_pull_policy(v)) for v in spec["volumes"]]
    # The deprecated name of the field (`serviceAccount`) still takes effect.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = account
    mounts = spec.get("automountServiceAccountToken")
    if mounts is None:
        # The pod's setting takes precedence over its account's; without either a token is mounted.
        mounts = mounts_tokens.get(str(account), True)
    if mounts is True:
        token: Object = {"name": f"{TOKEN_VOLUME}azsec", "projected": {"sources": []}}
        volumes = spec.get("volumes")
        spec["volumes"] = [*(volumes if isinstance(volumes, list) else ()), token]
    return {**pod, "metadata": pod.get("metadata") or {}, "spec": spec}


def _with_pull_policy(part: Any, image: str, policy: str) -> Any:  # noqa: ANN401
    """Return a container or an image source of a volume with the pull policy's default."""
    if not isinstance(part, Mapping) or policy in part:
        return part
    # The tag alone decides: `latest` beside a digest is pulled always, and without a tag a digest
    # is no `latest` (pkg/util/parsers, ParseImageName; apis/core/v1, SetDefaults_Container).
    last, at, _digest = str(part.get(image, "")).rpartition("/")[2].partition("@")
    tag = last.partition(":")[2] or ("" if at else "latest")
    floats = tag == "latest"
    return {**part, policy: "Always" if floats else "IfNotPresent"}


def _with_image_pull_policy(volume: Any) -> Any:  # noqa: ANN401
    mounted = volume.get("image") if isinstance(volume, Mapping) else None
    if mounted is None:
        return volume
    return {**volume, "image": _with_pull_policy(mounted, "reference", "pullPolicy")}


def _with_null_sources(volume: Any) -> Any:  # noqa: ANN401
    """Return a volume as policies see it.

    A projected volume without `sources` has null there: `has` finds it, but `all` cannot iterate
    it, so that the API server refuses the pod (core/v1, ProjectedVolumeSource: `sources` is
    serialized even if it is empty).
    """
    projected = volume.get("projected") if isinstance(volume, Mapping) else None
    if not isinstance(projected, Mapping) or "sources" in projected:
        return volume
    return {**volume, "projected": {**projected, "sources": None}}


def evaluate(policy: AdmissionPolicy, pod: Object, labels: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the rules of a policy that a new pod violates (see `admit`).

    `labels` are those of the pod's namespace. A rule whose evaluation fails counts as violated, as
    with failurePolicy Fail.
    """
    if not selects(policy.selector, labels):
        return
    name = labels.get(_NAME_LABEL)
    exemption = next((each for each in policy.exemptions if each.namespace == name), None)
    known = {"variables": {"pod": pod}}
    for rule in policy.rules:
        if not holds(rule.whole, known):
            # The failure of the whole expression cannot be attributed to one part.
            for path in list(_violating_fields(rule, pod)) or [("spec",)]:
                yield Finding(policy, path, rule.message, exemption)


def _violating_fields(rule: Rule, pod: Object) -> Iterator[Path]:
    """Yield the fields that violate a rule."""
    match rule.part:
        case Part.POD:
            yield rule.field
        case Part.CONTAINER:
            for name in CONTAINER_LISTS:
                yield from _violating_entries(rule, pod, name, "c")
        case Part.VOLUME:
            yield from _violating_entries(rule, pod, "volumes", "v")


def _violating_entries(rule: Rule, pod: Object, name: str, called: str) -> Iterator[Path]:
    parts = pod["spec"].get(name)
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        if not holds(rule.expression, {called: part, "variables": {"pod": pod}}):
            yield ("spec", name, number, *rule.field)


def holds(expression: str, known: Mapping[str, Any]) -> bool:
    """Return whether an expression is true of these variables; an error is not."""
    try:
        return _compile_expression(expression).execute(Context(variables=dict(known))) is True
    except (TypeError, ValueError, RuntimeError, KeyError):
        return False


@lru_cache(maxsize=256)
def _compile_expression(expression: str) -> Program:
    # The same few expressions are evaluated for every pod of a cluster.
    return compile(expression)
