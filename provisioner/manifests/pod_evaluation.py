"""Evaluates pods as the cluster would: by Pod Security level and by admission policies.

`workflow/manifests.py` calls it for `azsec manifests --check`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.blueprint.kubernetes import SYSTEM_NAMESPACES
from provisioner.manifests.admission import Finding, admit, evaluate, read_pod
from provisioner.manifests.cis_benchmark_job import BENCHMARK_NAMESPACE
from provisioner.manifests.pod_security import judge_pod
from provisioner.manifests.pods import FoundPod
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.span import Span


@dataclass(frozen=True, slots=True)
class Verdict:
    """A setting of a pod that is not allowed.

    `rule` is the policy, or the control of the Pod Security Standards; `field` is the path in the
    object. A verdict that is not `enforced` only warns.
    """

    rule: str
    controls: tuple[str, ...]
    message: str
    field: str
    span: Span
    enforced: bool


@dataclass(frozen=True, slots=True)
class JudgedPod:
    """A pod, the namespace that it was evaluated for with its level, and its violations."""

    pod: FoundPod
    namespace: str
    level: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class _NamespaceSettings:
    """The settings of a namespace that apply to its pods.

    They are its Pod Security level, the version of that level, and which accounts mount a token.
    """

    name: str
    level: str
    version: tuple[int, int]
    mounts_tokens: Mapping[str, bool]

    @property
    def labels(self) -> Mapping[str, str]:
        return {
            "kubernetes.io/metadata.name": self.name,
            "pod-security.kubernetes.io/enforce": self.level,
        }


def judge_pods(
    pods: tuple[FoundPod, ...], objects: ClusterObjects, default_namespace: str | None
) -> tuple[JudgedPod, ...]:
    """Return the verdicts on pods.

    A pod without a namespace is evaluated for `default_namespace`.

    Raises:
        DiagnosticError: Where a pod names a namespace that the cluster is not to have.
    """
    homes = {home.name: home for home in _namespace_settings(objects)}
    unknown: list[Diagnostic] = []
    judged = []
    for pod in pods:
        name = pod.namespace or default_namespace or "default"
        home = homes.get(name)
        if home is None:
            unknown.append(_unknown_namespace(pod, name, sorted(homes)))
        else:
            found = sorted(
                _pod_verdicts(pod, home, objects), key=lambda each: (each.span, each.field)
            )
            judged.append(JudgedPod(pod, name, home.level, tuple(found)))
    if unknown:
        raise DiagnosticError(*unknown)
    return tuple(judged)


def _namespace_settings(objects: ClusterObjects) -> Iterator[_NamespaceSettings]:
    for namespace in objects.namespaces:
        accounts = {account.name: False for account in namespace.accounts}
        version = namespace.pod_security_version or objects.facts.version
        mounts = {"default": False, **accounts}
        yield _NamespaceSettings(namespace.name, namespace.pod_security, version, mounts)
    # azsec leaves the account `default` of this namespace as Kubernetes creates it: it mounts a
    # token.
    mounts = {"default": True, "kube-bench": False}
    yield _NamespaceSettings(BENCHMARK_NAMESPACE, "privileged", objects.facts.version, mounts)


def _unknown_namespace(pod: FoundPod, name: str, known: list[str]) -> Diagnostic:
    span = pod.node.find(("metadata", "namespace")).span
    called = f"{pod.kind} {pod.name}"
    if name in SYSTEM_NAMESPACES:
        return error(
            "system-namespace",
            f"{called} is for {name}, whose pods are the system's and are not judged.",
            span,
            "Leave it out of the check.",
        )
    if pod.namespace is None and name == "default":
        return error(
            "no-namespace",
            f"{called} names no namespace, and would land in default (CFG-04).",
            span,
            "Name one in its metadata, or with --namespace.",
        )
    return error(
        "unknown-namespace",
        f"{called} is for {name!r}, and the environment has no such namespace.",
        span,
        nearest(name, known),
    )


def _pod_verdicts(
    pod: FoundPod, home: _NamespaceSettings, objects: ClusterObjects
) -> Iterator[Verdict]:
    body = read_pod(pod.body, objects.facts.version)
    for violation in judge_pod(body, home.level, home.version):
        yield Verdict(
            rule=f"pod-security {home.level}: {violation.control}",
            controls=("CLU-05.5", "MAN-05"),
            message=violation.message,
            field=_path_text((*pod.path, *violation.path)),
            span=pod.span_of(violation.path),
            enforced=True,
        )
    admitted = admit(body, home.mounts_tokens)
    for policy in objects.policies:
        for finding in evaluate(policy, admitted, home.labels):
            yield Verdict(
                rule=policy.name,
                controls=policy.controls,
                message=_finding_message(finding),
                field=_path_text((*pod.path, *finding.path)),
                span=pod.span_of(finding.path),
                enforced=finding.is_enforced,
            )


def _finding_message(finding: Finding) -> str:
    exempt = f" (exempt until {finding.exemption.expires})" if finding.exemption else ""
    return f"{finding.message}{exempt}"


def _path_text(path: tuple[str | int, ...]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "/" in step or "." in step:
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text
