"""Port of a Kubernetes API server: requests and answers. `provisioner.kube` implements it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from provisioner.model.kubernetes_error import KubernetesError

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
"""The content type of a server-side apply, whose body may be JSON (API concepts)."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Requests a list of object metadata alone (API concepts, "Metadata-only fetches"): the content of
secrets is not transferred."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request to an API server.

    `content` and `accept` are the headers Content-Type and Accept. With `is_list` an answer that is
    no list is refused.
    """

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content: str = JSON
    accept: str = JSON
    is_list: bool = False


Answer = Mapping[str, Any] | KubernetesError
"""An object that the API server returned, or its refusal."""


class ClusterApi(Protocol):
    """Talks to one Kubernetes API server."""

    @property
    def server(self) -> str:
        """The address of the API server: scheme, host and port."""

    def ask(self, asks: Sequence[ApiRequest]) -> Sequence[Answer]:
        """Return the answers to all of `asks`, in their order; they are sent in parallel.

        A list is read to its end. Every refusal is an answer, also that no answer came or that the
        credential was not accepted (`KubernetesError.is_unreachable`).
        """

    def pages(self, ask: ApiRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list, one at a time. Raises KubernetesError."""
