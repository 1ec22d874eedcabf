"""Connections to the API server of an environment: kubeconfig, or a token of Entra ID.

The cluster commands, and plan and apply `--with-cluster`, call it.
"""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.blueprint.parameter_values import ParameterValue
from provisioner.catalog.endpoints import CLUSTER_TYPE, CLUSTER_USER_CREDENTIAL
from provisioner.cli.session import refuse_options
from provisioner.cli.workspace import FileSources
from provisioner.engine.ports import Requester
from provisioner.kube.client import KubeClient
from provisioner.kube.connection import Connection, check_server
from provisioner.kube.kubeconfig import read_cluster_entry
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.values import Body
from provisioner.workflow.cluster_identity import check_cluster
from provisioner.workflow.plan import Desired


@dataclass(frozen=True, slots=True)
class ApiServerAccess:
    """How to connect to the API server where the environment's own settings are overridden.

    Beside that: Azure, and the values that options give to parameters.
    """

    kubeconfig: str | None
    context: str | None
    cloud: str | None
    state: str | None
    values: tuple[ParameterValue, ...] = ()

    @property
    def is_stated(self) -> bool:
        """Whether an option states the connection."""
        return self.kubeconfig is not None or self.context is not None


Connect = Callable[[], Requester]


@contextmanager
def open_cluster(
    desired: Desired, reach: ApiServerAccess, connect: Connect, parallelism: int = 8
) -> Iterator[KubeClient]:
    """Yield a client of an environment's API server.

    Raises what `find_connection` raises, and DiagnosticError for another cluster than the one that
    the environment states.
    """
    with KubeClient(find_connection(desired, reach, connect), parallelism) as api:
        check_cluster(desired, api, api.way)
        yield api


def find_connection(desired: Desired, reach: ApiServerAccess, connect: Connect) -> Connection:
    """Return the connection to an environment's API server.

    `connect` opens Azure Resource Manager, where that has to be queried. Raises DiagnosticError too
    for a connection that cannot be made.

    Raises:
        DiagnosticError: Where neither the environment nor an option states a connection.
    """
    from provisioner.kube.in_cluster import read_in_cluster
    from provisioner.kube.kubeconfig import read_kubeconfig

    access = desired.environment.kubernetes.access
    folder = Path(desired.environment.path).parent
    if reach.kubeconfig is not None:
        return read_kubeconfig(Path(reach.kubeconfig), reach.context)
    if access is None and reach.context is not None:
        # A context names the cluster; the kubeconfig is found by kubectl's own rules.
        path = _default_kubeconfig(os.environ.get("KUBECONFIG", ""))
        return read_kubeconfig(path, reach.context)
    if access is None:
        raise DiagnosticError(
            error(
                "no-access",
                f"{desired.environment.path} does not configure the access to its API server.",
                None,
                "State kubernetes.access (docs/cluster.md), or add --kubeconfig FILE, or --context "
                "NAME of your kubeconfig.",
            )
        )
    if access.via == "kubeconfig":
        stated = None if access.kubeconfig is None else folder / access.kubeconfig
        path = stated or _default_kubeconfig(os.environ.get("KUBECONFIG", ""))
        return read_kubeconfig(path, reach.context or access.context)
    refuse_options(f"access is via {access.via}", {"--context": reach.context is not None})
    if access.via == "in-cluster":
        return read_in_cluster(os.environ)
    return _find_entra(desired, connect)


def _default_kubeconfig(variable: str) -> Path:
    """Return the first file of the variable KUBECONFIG that exists.

    kubectl skips missing files of the list (kubernetes.io, "Organizing Cluster Access Using
    kubeconfig Files").
    """
    named = [Path(each) for each in variable.split(os.pathsep) if each]
    if not named:
        return Path.home() / ".kube/config"
    return next((path for path in named if path.exists()), named[0])


def _find_entra(desired: Desired, connect: Connect) -> Connection:
    """Return the connection to an AKS cluster with a token of Entra.

    Where the environment states no server and certificate authority, Azure Resource Manager is
    queried.
    """
    from provisioner.azure.cloud import find_cloud
    from provisioner.azure.cluster_token import CLUSTER_SCOPE, token_source
    from provisioner.azure.credential import open_credential

    environment = desired.environment
    access = environment.kubernetes.access
    assert access is not None
    server, authority = access.server, None
    if server is None:
        server, authority = ask_cluster(desired, connect())
    if access.certificate_authority is not None:
        path = Path(environment.path).parent / access.certificate_authority
        authority = FileSources().read_text(str(path)).encode()
    cloud = replace(find_cloud(environment.cloud_names), scope=CLUSTER_SCOPE)
    credential = open_credential(environment.auth, cloud, environment.tenant_id, os.environ)
    way = f"Entra ({environment.auth})"
    return Connection(check_server(server, way), way, authority, token_source(credential, way))


def ask_cluster(desired: Desired, service: Requester) -> tuple[str, bytes | None]:
    """Return the URL of the API server of an environment's cluster, and its CA certificate in PEM.

    Both are those that Azure Resource Manager returns to users (not to administrators).

    Raises:
        DiagnosticError: Where the environment has not exactly one cluster, and where Azure refuses.
    """
    clusters = [each.id for each in desired.graph if each.type.name == CLUSTER_TYPE]
    if len(clusters) != 1:
        raise DiagnosticError(
            error(
                "which-cluster",
                f"{desired.environment.path} has {len(clusters)} clusters.",
                None,
                "State kubernetes.access.server.",
            )
        )
    path = f"{clusters[0].text}/listClusterUserCredential"
    try:
        answer = service.request("POST", path, CLUSTER_USER_CREDENTIAL.api_version, {})
    except AzureError as refusal:
        raise DiagnosticError(
            error("no-api-server", f"where {clusters[0].name} is: {refusal}.", None, _GRANT)
        ) from refusal
    return _read_credential(answer)


_GRANT = (
    "Assign Azure Kubernetes Service Cluster User Role on the cluster, or state "
    "kubernetes.access.server and certificateAuthority."
)


def _read_credential(answer: Body) -> tuple[str, bytes | None]:
    found = answer.get("kubeconfigs")
    first = found[0] if isinstance(found, (list, tuple)) and found else {}
    try:
        text = base64.b64decode(str(first["value"]), validate=True)
    except (KeyError, TypeError, ValueError) as failure:
        raise DiagnosticError(
            error("no-api-server", "Azure answered no kubeconfig of the cluster.", None, _GRANT)
        ) from failure
    return read_cluster_entry(text, "Azure's kubeconfig")
