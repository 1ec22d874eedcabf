"""One Kubernetes object of an environment, with the controls that it satisfies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.manifests.declared_kinds import DECLARED_KINDS
from provisioner.model.cluster_contents import Kind

CONTROLS = "azsec.dev/controls"
"""The annotation with the controls that an object satisfies."""

REASONS = "azsec.dev/reasons"
"""The annotation with the reason for each egress rule of a namespace, a line each."""

MANAGED_BY = {"app.kubernetes.io/managed-by": "azsec"}

Object = Mapping[str, Any]
"""A Kubernetes object, or a part of one, in the form of its API."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object with the controls that it satisfies and a sentence about its effect."""

    controls: tuple[str, ...]
    reason: str
    body: Object

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """The namespace that it belongs to; a Namespace belongs to itself. None: the cluster."""
        if self.kind == "Namespace":
            return self.name
        found = self.body["metadata"].get("namespace")
        return None if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Place:
    """The identity of an object: `api` is its apiVersion, `namespace` None if cluster-scoped."""

    api: str
    kind: str
    name: str
    namespace: str | None = None


def make_manifest(
    place: Place,
    controls: tuple[str, ...],
    reason: str,
    content: Object,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Return the manifest of an object; `content` is all but its type and metadata."""
    # An object of another kind would not be found any more once it leaves the blueprint.
    assert Kind(place.api.rpartition("/")[0], place.kind) in DECLARED_KINDS, place
    metadata: dict[str, Any] = {"name": place.name}
    if place.namespace is not None:
        metadata["namespace"] = place.namespace
    metadata["labels"] = {**MANAGED_BY, **(labels or {})}
    metadata["annotations"] = {CONTROLS: " ".join(controls), **(annotations or {})}
    body = {"apiVersion": place.api, "kind": place.kind, "metadata": metadata, **content}
    return Manifest(controls, reason, body)
