"""In-cluster access: the service account token of the pod that azsec runs in.

Source: kubernetes.io, "Accessing the Kubernetes API from a Pod".
"""

from collections.abc import Mapping
from pathlib import Path

from provisioner.kube.connection import Connection, check_server
from provisioner.model.diagnostic import DiagnosticError, error

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_WAY = "the pod's service account"


def read_in_cluster(environ: Mapping[str, str], folder: Path = FOLDER) -> Connection:
    """Return the connection of the pod's service account.

    Its token is read anew for each request: the kubelet replaces it before it expires.

    Raises:
        DiagnosticError: outside of a pod (`not-in-cluster`), and where the mounted files cannot be
            read (`no-token`).
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    token = folder / "token"
    if not host or not port or not token.is_file():
        raise DiagnosticError(
            error(
                "not-in-cluster",
                "access is in-cluster, and this is not a pod with a token of its service account.",
                None,
                "Set automountServiceAccountToken: true on the pod, or name another access.",
            )
        )
    bare = f"[{host}]" if ":" in host else host
    return Connection(
        server=check_server(f"https://{bare}:{port}", _WAY),
        way=_WAY,
        authority=_read(folder / "ca.crt"),
        token=lambda _renew: _read(token).decode("ascii", "replace").strip(),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise DiagnosticError(
            error(
                "no-token",
                f"{_WAY}: {path}: {failure.strerror}.",
                None,
                "The kubelet mounts token and ca.crt: look at the volumes of the pod.",
            )
        ) from failure
