"""Kubernetes manifests of an environment, and Pod Security verdicts on pods."""

from typing import Any, Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)


class ManifestDocument(Document):
    """An object with the controls that it satisfies and its purpose.

    `namespace` is None for a cluster-scoped object; a Namespace belongs to itself.
    """

    controls: tuple[str, ...]
    reason: str
    namespace: str | None = None
    body: dict[str, Any]


class ManifestsDocument(Document):
    """The objects of a cluster, in the order in which they are to be made."""

    kind: Literal["azsec/manifests"] = "azsec/manifests"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    kubernetes_version: str
    manifests: tuple[ManifestDocument, ...]
    diagnostics: tuple[DiagnosticDocument, ...] = ()


class VerdictDocument(Document):
    """Something that a pod may not have.

    `place` is file:line:column; one that is not `enforced` is a warning only.
    """

    rule: str
    controls: tuple[str, ...]
    message: str
    field: str
    place: str
    enforced: bool


class JudgedPodDocument(Document):
    """The pod of an object, and the level of the Pod Security Standards that it was judged by."""

    kind: str
    name: str
    namespace: str
    level: str
    place: str
    verdicts: tuple[VerdictDocument, ...]

    @property
    def is_refused(self) -> bool:
        """Whether admission would refuse it."""
        return any(verdict.enforced for verdict in self.verdicts)


class PodChecksDocument(Document):
    """The verdicts on the pods of some files.

    `skipped` counts the objects that have no pod; `diagnostics` are why the API server refuses an
    object before it judges its pod.
    """

    kind: Literal["azsec/pod-checks"] = "azsec/pod-checks"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    kubernetes_version: str
    pods: tuple[JudgedPodDocument, ...]
    skipped: int
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the API server would refuse an object as it is written."""
        return any(told.severity == "error" for told in self.diagnostics)

    @property
    def refused(self) -> int:
        """How many pods the cluster would not let in."""
        return sum(pod.is_refused for pod in self.pods)
