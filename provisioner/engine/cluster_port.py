"""What the workflows need of a Kubernetes API server. `provisioner.kube` has this shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from provisioner.model.kubernetes_error import KubernetesError

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
"""The content type of a server-side apply, whose body may be JSON (API concepts)."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Asks for a list of names, labels and owners alone (API concepts, "Metadata-only fetches"): the
content of secrets stays where it is."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request. `accept` asks for another form of the answer than JSON of the kind itself.
    `is_list` says that a list is asked for, and an answer without one is none."""

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content: str = JSON
    accept: str = JSON
    is_list: bool = False


Answer = Mapping[str, Any] | KubernetesError
"""What the server answered: an object, or its refusal."""


class ClusterApi(Protocol):
    """Talks to one Kubernetes API server."""

    @property
    def server(self) -> str:
        """Where it is: scheme, host and port."""

    def ask(self, asks: Sequence[ApiRequest]) -> Sequence[Answer]:
        """Answer all of `asks`, in their order, in parallel. A list is read to its end.

        Every refusal is an answer: also that no answer came, or that nobody believes who we are
        (`KubernetesError.is_unreachable`).
        """

    def pages(self, ask: ApiRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list, one at a time. Raises KubernetesError."""
