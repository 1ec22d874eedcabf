"""The identity of a cluster: whether an API server belongs to the one that the environment states.

A cluster is identified by the UID of the namespace kube-system, which is created with the cluster
and cannot be deleted (kubernetes.io, "Namespaces"; OpenTelemetry's k8s.cluster.uid is the same).
Called by `cli` and before each plan and drift check of a cluster.
"""

from collections.abc import Iterator

from provisioner.documents.cluster import ClusterDocument
from provisioner.engine.cluster_port import ClusterApi
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.workflow.cluster_reader import identify
from provisioner.workflow.plan import Desired


def check_cluster(desired: Desired, api: ClusterApi, way: str) -> None:
    """Check that the API server is that of the cluster whose UID the environment states.

    The UID is `kubernetes.access.cluster`. Without one nothing is requested.

    Raises:
        DiagnosticError: Where the API server belongs to another cluster (`wrong-cluster`), and
            where it does not answer.
    """
    access = desired.environment.kubernetes.access
    if access is None or access.cluster is None:
        return
    found, _ = identify(api, way)
    if found.uid != access.cluster:
        raise DiagnosticError(
            error(
                "wrong-cluster",
                f"{found.server} by {way} is the cluster {found.uid}, and "
                f"kubernetes.access.cluster of {desired.environment.path} is {access.cluster}.",
                None,
                "Name the kubeconfig and context of the environment's cluster. Where the cluster "
                "was made anew, state its UID: kubectl get namespace kube-system -o "
                "jsonpath={.metadata.uid}",
            )
        )


def find_doubts(
    desired: Desired, objects: ClusterObjects, cluster: ClusterDocument
) -> Iterator[Diagnostic]:
    """Yield a warning for each sign that an API server belongs to another cluster.

    Only where no UID is stated: the version is not the environment's, or the address is not the
    stated one.
    """
    access = desired.environment.kubernetes.access
    if access is not None and access.cluster is not None:
        return
    hint = (
        f"If it is the right one, state it: kubernetes.access.cluster: {cluster.uid}. azsec then "
        "refuses every other cluster."
    )
    found = cluster.version.removeprefix("v").split(".")[:2]
    expected = list(map(str, objects.facts.version))
    if found != expected:
        yield warning(
            "other-version",
            f"{cluster.server} runs Kubernetes {cluster.version}, and the environment's cluster "
            f"{'.'.join(expected)}: it may be another cluster.",
            None,
            hint,
        )
    stated = None if access is None else access.server
    if stated is not None and stated.rstrip("/") != cluster.server.rstrip("/"):
        yield warning(
            "other-server",
            f"{cluster.server} is not the API server that the environment states ({stated}).",
            None,
            hint,
        )
