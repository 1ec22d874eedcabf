"""How a command reaches the API server of an environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from provisioner.cli.session import refuse_options
from provisioner.cli.workspace import FileSources
from provisioner.kube.connection import Connection
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.plan import Desired


@dataclass(frozen=True, slots=True)
class Reach:
    """How the API server is reached, where not as the environment says; and Azure."""

    kubeconfig: str | None
    context: str | None
    cloud: str | None
    state: str | None


def find_connection(desired: Desired, reach: Reach) -> Connection:
    """Return the way to an environment's API server.

    Raises DiagnosticError where the environment states none and no option does, and for a way that
    cannot be gone.
    """
    from provisioner.kube.in_cluster import read_in_cluster
    from provisioner.kube.kubeconfig import read_kubeconfig

    access = desired.environment.kubernetes.access
    folder = Path(desired.environment.path).parent
    if reach.kubeconfig is not None:
        return read_kubeconfig(Path(reach.kubeconfig), reach.context)
    if access is None:
        raise DiagnosticError(
            error(
                "no-access",
                f"{desired.environment.path} does not say how its API server is reached.",
                None,
                "State kubernetes.access (docs/cluster.md), or add --kubeconfig FILE.",
            )
        )
    if access.via == "kubeconfig":
        stated = None if access.kubeconfig is None else folder / access.kubeconfig
        named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = stated or (Path(named) if named else Path.home() / ".kube/config")
        return read_kubeconfig(path, reach.context or access.context)
    refuse_options(f"access is via {access.via}", {"--context": reach.context is not None})
    if access.via == "in-cluster":
        return read_in_cluster(os.environ)
    return _find_entra(desired)


def _find_entra(desired: Desired) -> Connection:
    """Return the connection to an AKS cluster with a token of Entra.

    The scope is that of AKS' server application, the same in every tenant (learn.microsoft.com,
    "Use kubelogin to authenticate": 6dae42f8-4368-4678-94ff-3960e28e3630).
    """
    from provisioner.azure.cloud import find_cloud
    from provisioner.azure.credential import open_credential
    from provisioner.kube.connection import check_server

    environment = desired.environment
    access = environment.kubernetes.access
    assert access is not None
    authority = None
    if access.certificate_authority is not None:
        path = Path(environment.path).parent / access.certificate_authority
        authority = FileSources().read_text(str(path)).encode()
    cloud = find_cloud(environment.cloud_names)
    credential = open_credential(environment.auth, cloud, environment.tenant_id, os.environ)
    way = f"Entra ({environment.auth})"

    def token(_renew: bool) -> str:
        return credential.get_token(_AKS_SCOPE).token

    return Connection(check_server(access.server or "", way), way, authority, token)


_AKS_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
