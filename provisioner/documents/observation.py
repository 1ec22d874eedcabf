"""Observation of a cluster: its objects, with time, digest and signature."""

from typing import Any, Literal

from provisioner.documents.cluster import ClusterDocument
from provisioner.documents.document import FORMAT_VERSION, Document


class ObservedListDocument(Document):
    """All objects of one kind, as the API server returned them.

    They are without `managedFields`, `status` and the content of secrets. `refused` is why there
    are none: the list could not be read; `status` and `reason` are those of the answer
    (`KubernetesError`), null in observations of earlier versions and where the list was read.

    `count` is how many there were. Pods of one owner that are alike are one item.
    """

    api_version: str
    kind: str
    resource: str
    namespaced: bool
    count: int = 0
    items: tuple[dict[str, Any], ...] = ()
    refused: str | None = None
    status: int | None = None
    reason: str | None = None


class ObservationDocument(Document):
    """The objects of a cluster at a time. `observed` is ISO 8601, in UTC.

    `digest` is sha256:… over all of it but itself. With a key that the observer and its readers
    share, a line stands before it: `azsec-observation hmac-sha256:…`, over the bytes that follow.

    `not_served` are the kinds that the observer looked for and that the API server does not serve,
    as in `Gateway.gateway.networking.k8s.io`; null where the observer did not state it.
    """

    kind: Literal["azsec/observation"] = "azsec/observation"
    format_version: str = FORMAT_VERSION
    observed: str
    cluster: ClusterDocument
    lists: tuple[ObservedListDocument, ...]
    not_served: tuple[str, ...] | None = None
    digest: str
