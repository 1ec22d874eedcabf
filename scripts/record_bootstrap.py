"""Records what kube-apiserver makes itself when it starts: a digest, and what it allows, by key.

    python scripts/record_bootstrap.py 1.35

The server is a real one (`make cluster-tools`), with nothing on it. What is written is
`provisioner/cluster/bootstrap/1.35.json`.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from provisioner.cluster.objects import Object, key_of
from provisioner.cluster.system_objects import describe_known
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.workflow.cluster_reader import read_cluster
from tests.cluster.api_server import run_api_server

_TARGET = Path(__file__).parents[1] / "provisioner/cluster/bootstrap"


def main(minor: str) -> None:
    """Write the objects of one minor version."""
    with (
        tempfile.TemporaryDirectory() as folder,
        run_api_server(minor, Path(folder)) as server,
        KubeClient(read_kubeconfig(server.kubeconfig(), None)) as api,
    ):
        state = read_cluster(api, "the server itself", inventory=True)
    lines = sorted(
        f"{json.dumps(key_of(body).text)}: {json.dumps(_recorded(body), sort_keys=True)}"
        for each in state.lists
        for body in each.bodies
        if each.kind.group == "rbac.authorization.k8s.io"
    )
    path = _TARGET / f"{minor}.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"wrote {path.relative_to(Path.cwd())}: {len(lines)} objects")


def _recorded(body: Object) -> dict[str, object]:
    return {name: value for name, value in asdict(describe_known(body)).items() if value}


if __name__ == "__main__":
    main(sys.argv[1])
