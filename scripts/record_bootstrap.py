"""Records what kube-apiserver makes itself when it starts: a digest an object, by its key.

    python scripts/record_bootstrap.py 1.35

The server is a real one (`make cluster-tools`), with nothing on it. What is written is
`provisioner/cluster/bootstrap/1.35.json`.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from provisioner.cluster.objects import key_of
from provisioner.cluster.system_objects import digest_object
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.workflow.cluster_reading import read_cluster
from tests.cluster.api_server import run_api_server

_TARGET = Path(__file__).parents[1] / "provisioner/cluster/bootstrap"


def main(minor: str) -> None:
    """Write the digests of one minor version."""
    with (
        tempfile.TemporaryDirectory() as folder,
        run_api_server(minor, Path(folder)) as server,
        KubeClient(read_kubeconfig(server.kubeconfig(), None)) as api,
    ):
        state = read_cluster(api, api.way, (), inventory=True)
    digests = {
        key_of(body).text: digest_object(body)
        for each in state.lists
        for body in each.bodies
        if each.kind.group == "rbac.authorization.k8s.io"
    }
    path = _TARGET / f"{minor}.json"
    path.write_text(json.dumps(digests, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {path.relative_to(Path.cwd())}: {len(digests)} objects")


if __name__ == "__main__":
    main(sys.argv[1])
