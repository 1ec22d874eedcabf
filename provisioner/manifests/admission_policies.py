"""ValidatingAdmissionPolicies for requirements beyond Pod Security (WRK-01.6, MAN-05).

Each policy is used twice: `policy_objects` renders it for the API server, and `admission` evaluates
the same expressions for `azsec manifests --check`. The rules are in `pod_rules`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from provisioner.blueprint.kubernetes import (
    EXTENSION_NAMESPACES,
    SYSTEM_NAMESPACES,
    KubernetesSettings,
)
from provisioner.manifests.cis_benchmark_job import BENCHMARK_NAMESPACE
from provisioner.manifests.manifest import Object
from provisioner.manifests.namespaces import WantedNamespace

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")

POD = "variables.pod"
"""The variable of expressions for the pod: the object itself, or the pod template of a workload."""

_NAME_LABEL = "kubernetes.io/metadata.name"
_STANDARD = "pod-security.kubernetes.io/enforce"


class Part(StrEnum):
    """The subject of a rule: the pod, each of its containers, or each of its volumes.

    In expressions a container is `c`, and a volume is `v`.
    """

    POD = "pod"
    CONTAINER = "container"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL expression that has to be true of a part of the pod.

    `message` states the requirement. `field` is the path of the checked field within that part.
    """

    expression: str
    message: str
    field: tuple[str, ...]
    part: Part = Part.POD

    @property
    def whole(self) -> str:
        """The expression over the whole pod, as the API server gets it."""
        match self.part:
            case Part.POD:
                return self.expression
            case Part.VOLUME:
                held = f"{POD}.spec.volumes"
                return f"!has({held}) || {held}.all(v, {self.expression})"
            case Part.CONTAINER:
                return " &&\n".join(
                    f"(!has({POD}.spec.{name}) || {POD}.spec.{name}.all(c, {self.expression}))"
                    for name in CONTAINER_LISTS
                )


@dataclass(frozen=True, slots=True)
class Exemption:
    """A namespace whose new pods a policy admits until the end of a day."""

    namespace: str
    expires: date


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """Rules for the pods of the namespaces that `selector` matches.

    A policy that is not `enforced` warns and writes to the audit log.
    """

    name: str
    controls: tuple[str, ...]
    reason: str
    rules: tuple[Rule, ...]
    selector: Object
    enforced: bool = True
    exemptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Selectors:
    """The namespaces that policies apply to.

    `everywhere` is all but those of the system; `hardened` excludes those that enforce the
    privileged standard, and `restricted` those of the baseline standard, too. A namespace without a
    label is in all of them: it would bypass every rule otherwise. The label `control-plane`, which
    AKS excludes from webhooks, exempts nothing here: whoever may label a namespace could exempt it.
    """

    everywhere: Object
    hardened: Object
    restricted: Object
    strange: Object

    @staticmethod
    def of(settings: KubernetesSettings, namespaces: Iterable[WantedNamespace]) -> "Selectors":
        """Return the selectors of a cluster with these namespaces."""
        declared = list(namespaces)
        privileged = [n.name for n in declared if n.pod_security == "privileged"]
        if settings.benchmark is not None:
            privileged.append(BENCHMARK_NAMESPACE)
        system = excluded_namespaces([n.name for n in declared])
        return Selectors(
            everywhere=_selector(system),
            hardened=_selector(system, "privileged"),
            restricted=_selector(system, "privileged", "baseline"),
            strange=_selector(
                # The default namespace has a policy of its own.
                sorted({*system, *privileged, "default"}),
                "restricted",
                "baseline",
            ),
        )


def excluded_namespaces(declared: Iterable[str]) -> list[str]:
    """Return the namespaces that the policies do not apply to.

    They are those of Kubernetes and AKS, and those of AKS extensions that the environment does not
    declare as its own.
    """
    own = set(declared)
    return sorted({*SYSTEM_NAMESPACES, *(name for name in EXTENSION_NAMESPACES if name not in own)})


def _selector(names: list[str], *standards: str) -> Object:
    """Return a selector of all namespaces except some, and except those that enforce a standard.

    The operator NotIn also matches a namespace without the label.
    """
    expressions: list[Object] = [{"key": _NAME_LABEL, "operator": "NotIn", "values": names}]
    if standards:
        expressions.append({"key": _STANDARD, "operator": "NotIn", "values": list(standards)})
    return {"matchExpressions": expressions}


def named(names: Iterable[str]) -> Object:
    """Return the selector of some namespaces by their names."""
    return {"matchExpressions": [{"key": _NAME_LABEL, "operator": "In", "values": list(names)}]}
