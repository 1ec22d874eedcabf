"""View of a cluster for rules: its objects, and the environment's expectations of them.

Called by every module of this package, and by `evaluation` and `cluster_findings`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TypeAlias

from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.controls.verdict import Verdict
from provisioner.manifests.admission_policies import AdmissionPolicy, excluded_namespaces
from provisioner.manifests.cis_benchmark_job import BENCHMARK_NAMESPACE
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.cluster_kinds import (
    IN_EVERY_CLUSTER,
    IN_KUBE_SYSTEM,
    NAMESPACE,
    POD,
    resource_of,
)
from provisioner.manifests.exemptions import exempt
from provisioner.manifests.namespaces import WantedNamespace, find_namespaces
from provisioner.manifests.pod_rules import admission_policies
from provisioner.model.cluster_contents import (
    ClusterContents,
    Kind,
    Object,
    at,
    items,
    labels_of,
    name_of,
    namespace_of,
)

STANDARD = "pod-security.kubernetes.io/enforce"
_COMPLETE_SINCE = 25
"""The minor version since which the restricted standard is what it is, but for the hosts of probes,
which are no right of a pod (kubernetes.io, "Pod Security Standards": seccomp since 1.19,
capabilities since 1.22, Windows since 1.25)."""
_ENDED_PHASES = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class ObjectFinding:
    """What is said of one object, or of the cluster where it is None: the words that show it."""

    verdict: Verdict
    evidence: str
    body: Object | None = None
    path: str = ""


@dataclass(frozen=True)
class View:
    """The contents of a cluster, with what its environment states of it.

    `admins` are the Entra groups that the cluster names as its administrators, in small letters.
    """

    contents: ClusterContents
    facts: ClusterFacts
    settings: KubernetesSettings
    admins: frozenset[str]

    @cached_property
    def namespaces(self) -> tuple[WantedNamespace, ...]:
        """The namespaces of the environment."""
        return find_namespaces(self.settings, self.facts)

    @cached_property
    def policies(self) -> tuple[AdmissionPolicy, ...]:
        """The admission policies of the environment."""
        registries = tuple(dict.fromkeys((*self.facts.registries, *self.settings.registries)))
        found = admission_policies(self.namespaces, self.settings, self.facts, registries)
        return exempt(found, self.settings.exemptions)

    @cached_property
    def system(self) -> frozenset[str]:
        """The namespaces of Kubernetes, of AKS and of its extensions."""
        return frozenset(excluded_namespaces(found.name for found in self.namespaces))

    @cached_property
    def agents(self) -> frozenset[str]:
        """The namespaces whose pods the environment lets be privileged."""
        named = {found.name for found in self.namespaces if found.pod_security == "privileged"}
        # kube-bench needs hostPID and hostPath mounts (guidelines.md CLU-07).
        return frozenset({*named, BENCHMARK_NAMESPACE} if self.settings.benchmark else named)

    @cached_property
    def teams(self) -> tuple[Object, ...]:
        """Return the namespaces of teams: not the system's, not `default`, not the benchmark's.

        In the last azsec's own job runs alone.
        """
        left_out = {"default", *([BENCHMARK_NAMESPACE] if self.settings.benchmark else ())}
        return tuple(
            found
            for found in self.contents.of(NAMESPACE)
            if name_of(found) not in self.system and name_of(found) not in left_out
        )

    @cached_property
    def pods(self) -> tuple[Object, ...]:
        """The pods that run or will, in namespaces that are not the system's."""
        return tuple(
            found
            for found in self.contents.of(POD)
            # A finished pod stays listed until its job is deleted, and can do no harm.
            if namespace_of(found) not in self.system
            and at(found, "status", "phase") not in _ENDED_PHASES
        )

    @property
    def today(self) -> date:
        """The day on which somebody looked."""
        return self.contents.read_on

    def of(self, kind: Kind) -> tuple[Object, ...]:
        """Return the objects of a kind."""
        return self.contents.of(kind)

    def outside(self, kind: Kind, *more: str) -> tuple[Object, ...]:
        """Return the objects of a kind in namespaces that are not the system's, nor `more`."""
        return tuple(
            found
            for found in self.contents.of(kind)
            if namespace_of(found) not in self.system and namespace_of(found) not in more
        )

    def wanted(self, name: str) -> WantedNamespace | None:
        """Return a namespace of the environment by its name."""
        return next((found for found in self.namespaces if found.name == name), None)


Judge: TypeAlias = Callable[[View], Iterable[ObjectFinding]]
"""Returns the findings of a cluster: at least one."""


@dataclass(frozen=True, slots=True)
class ObservedRule:
    """Rule on a cluster, by lists of its objects.

    `needs` are the kinds without which nothing can be said, `reads` those that are read where they
    are there (custom resources, which a cluster may not have): where one of these was refused,
    nothing passes. `benchmark` requests a report of kube-bench instead.
    """

    judge: Judge
    needs: tuple[Kind, ...]
    reads: tuple[Kind, ...] = ()
    benchmark: bool = False

    @property
    def resources(self) -> tuple[str, ...]:
        """What it reads, as kubectl calls it, or `kube-bench`."""
        if self.benchmark:
            return ("kube-bench",)
        return tuple(map(resource_of, (*self.needs, *self.reads)))

    def scope(self, contents: ClusterContents) -> frozenset[str] | None:
        """Return the namespaces that the lists cover which the rule reads; None for all."""
        kinds = (*self.needs, *self.reads)
        found = [contents.partial[kind] for kind in kinds if kind in contents.partial]
        # A rule over two lists can judge only where both were listed.
        return frozenset.intersection(*found) if found else None

    def within(self, namespaces: frozenset[str]) -> "ObservedRule":
        """Return the rule for lists that cover some namespaces alone.

        What is wrong there is wrong, and nothing is said of the rest, nor of what is missing in the
        cluster as a whole.
        """

        def judge(view: View) -> Iterator[ObjectFinding]:
            # Of a part only failures count: "no pod violates" would be about namespaces that
            # nobody listed.
            seen = self.judge(replace(view, contents=view.contents.within(namespaces)))
            return (each for each in seen if each.verdict is Verdict.FAIL and _is_in(each.body))

        def _is_in(body: Object | None) -> bool:
            if body is None:
                return False
            is_namespace = body.get("kind") == "Namespace"
            return (name_of(body) if is_namespace else namespace_of(body)) in namespaces

        return replace(self, judge=judge)

    def missing(self, contents: ClusterContents) -> str:
        """Return what is not there of what the rule needs, in words; "" for nothing."""
        if self.benchmark:
            return "" if contents.benchmark else "no report of kube-bench"
        # A list that was never made and one that RBAC refused need different repairs, and are
        # named apart.
        absent = [kind for kind in self.needs if not contents.has(kind)]
        named = [resource_of(kind) for kind in absent if kind not in contents.refused]
        parts = [f"no list of {' and '.join(named)}"] if named else []
        return "; ".join((*parts, *_describe_refusals(self.needs, contents)))

    def unread(self, contents: ClusterContents) -> str:
        """Return which optional lists the API server refused, in words; "" for none.

        One object of such a kind can undo what all others show: a kind that is not served has none,
        and a list that was refused may have any.
        """
        return "; ".join(_describe_refusals(self.reads, contents))


def _describe_refusals(kinds: Iterable[Kind], contents: ClusterContents) -> Iterator[str]:
    refused = [
        f"{kind.text} ({contents.refused[kind]})"
        for kind in kinds
        if kind in contents.refused and not contents.has(kind)
    ]
    if refused:
        yield f"could not list {', '.join(refused)}"


def describe_scope(rule: ObservedRule, contents: ClusterContents) -> str:
    """Return what the lists of a rule cover, where that is not the whole cluster."""
    kinds = [kind for kind in (*rule.needs, *rule.reads) if kind in contents.partial]
    return "; ".join(_describe_part(kind, contents.partial[kind]) for kind in kinds)


def _describe_part(kind: Kind, seen: frozenset[str]) -> str:
    """Return of which namespaces the list of a kind is, and what would make it one of all."""
    where = f"seen in namespace {', '.join(sorted(seen))} only" if seen else "the list is empty"
    coverage = f"{resource_of(kind)} {where}" if seen else f"{resource_of(kind)}: {where}"
    # Some objects exist in every cluster: a list without them was made with a selector or for one
    # namespace.
    if kind in IN_EVERY_CLUSTER:
        made = " and ".join(sorted(IN_EVERY_CLUSTER[kind]))
        return f"{resource_of(kind)} seen in part (a list without a selector has {made})"
    if kind in IN_KUBE_SYSTEM and "kube-system" not in seen:
        return f"{coverage} (a list of all namespaces has those of kube-system: kubectl get -A)"
    return f"{coverage} (--all-namespaces states that a list is of all)"


def passes(evidence: str, body: Object | None = None) -> ObjectFinding:
    """Return the observation that the cluster, or one object, is as it should be."""
    return ObjectFinding(Verdict.PASS, evidence, body)


def fails(evidence: str, body: Object | None = None, path: str = "") -> ObjectFinding:
    """Return the observation that something is not as it should be."""
    return ObjectFinding(Verdict.FAIL, evidence, body, path)


def unknown(evidence: str, body: Object | None = None, path: str = "") -> ObjectFinding:
    """Return the observation that it cannot be seen whether something is as it should be."""
    return ObjectFinding(Verdict.UNKNOWN, evidence, body, path)


def conclude(found: Iterable[ObjectFinding], otherwise: str) -> Iterator[ObjectFinding]:
    """Yield what was found, or, where nothing was, that all is as it should be."""
    some = tuple(found)
    yield from some or (passes(otherwise),)


def count(number: int, word: str) -> str:
    """Return a number with its word: 1 pod, 2 pods."""
    plural = word[:-1] + "ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


def containers_of(pod: Object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the containers of a pod with their paths."""
    # Ephemeral containers are added to running pods (kubectl debug) and share their volumes.
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for number, container in enumerate(items(at(pod, "spec", part))):
            if isinstance(container, Mapping):
                yield f"spec.{part}[{number}]", container


def standard_of(namespace: Object) -> str:
    """Return the standard that a namespace enforces, privileged where it has no label.

    It has its version where that is one that requires less than today's.
    """
    labels = labels_of(namespace)
    # Pod Security Admission enforces nothing where the label is missing, which is the privileged
    # standard.
    level = labels.get(STANDARD) or "privileged"
    version = labels.get(f"{STANDARD}-version") or "latest"
    if level == "privileged" or version == "latest":
        return level
    minor = version.removeprefix("v1.")
    is_weaker = not minor.isdecimal() or int(minor) < _COMPLETE_SINCE
    return f"{level}:{version}" if is_weaker else level
