"""How long an observation of a large cluster takes, and how much memory, on a real API server."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from cluster_tools.binaries import MINORS, is_built
from provisioner.engine.cluster_port import APPLY, ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.model.kubernetes_error import KubernetesError
from tests.cluster.api_server import run_api_server

_RUNS = 3
"""What is printed is the median of them."""

_A_NAMESPACE = 20
"""Pods of a namespace."""


def measure_observation(namespaces: int, pods: int) -> None:
    """Fill a cluster and print what `azsec cluster observe` takes; says so where no server is."""
    if not is_built(MINORS[0]):
        print("observation   not measured: make cluster-tools")
        return
    with tempfile.TemporaryDirectory() as folder:
        admission = "--disable-admission-plugins=ServiceAccount"
        with run_api_server(MINORS[0], Path(folder), [admission]) as server:
            config = server.kubeconfig()
            with KubeClient(read_kubeconfig(config, None), 16) as api:
                _fill(api, namespaces, pods)
            out = Path(folder) / "observation.json"
            runs = [_observe(config, out) for _ in range(_RUNS)]
    seconds, processor, megabytes, size = (median(each) for each in zip(*runs, strict=True))
    print(
        f"observation   {namespaces} namespaces, {pods:,} pods: {seconds:.1f} s "
        f"({processor:.1f} s of processor), "
        f"{megabytes:.0f} MB of memory, {size / 2**20:.1f} MB of JSON"
    )


def _fill(api: KubeClient, namespaces: int, pods: int) -> None:
    names = [f"team-{number}" for number in range(namespaces)]
    _send(api, [_namespace(name) for name in names])
    _send(api, [_policy(name) for name in names])
    _send(api, [_pod(f"team-{number % namespaces}", number) for number in range(pods)])


def _send(api: KubeClient, asks: list[ApiRequest]) -> None:
    with ThreadPoolExecutor(16) as pool:
        for told in pool.map(lambda ask: api.ask([ask])[0], asks):
            if isinstance(told, KubernetesError):
                raise told


def _namespace(name: str) -> ApiRequest:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return ApiRequest("POST", "/api/v1/namespaces", body=body)


def _policy(namespace: str) -> ApiRequest:
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/default-deny"
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    return ApiRequest("PATCH", path, {"fieldManager": "bench"}, body, APPLY)


def _pod(namespace: str, number: int) -> ApiRequest:
    """Return a pod as a Deployment makes it: of one namespace, four are alike."""
    owner = number // (_A_NAMESPACE * 4) % 5
    container = {
        "name": "app",
        "image": f"example.com/team/app:{owner}",
        "env": [{"name": f"SETTING_{each}", "value": "x" * 40} for each in range(20)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    metadata = {
        "name": f"app-{number}",
        "labels": {"app": f"app-{owner}", "team": namespace},
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": f"app-{owner}",
                "uid": f"00000000-0000-4000-8000-{owner:012}",
                "controller": True,
            }
        ],
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]},
    }
    return ApiRequest("POST", f"/api/v1/namespaces/{namespace}/pods", body=body)


def _observe(config: Path, out: Path) -> tuple[float, float, float, int]:
    """Return seconds, those of processor time, megabytes, and bytes of what was written."""
    command = [str(Path(sys.executable).parent / "azsec"), "cluster", "observe"]
    command += ["--kubeconfig", str(config), "--out", str(out)]
    started = time.monotonic()
    # Measured by itself: RUSAGE_CHILDREN has the API server's memory too.
    measure = (
        "import os, subprocess, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
        "_, status, usage = os.wait4(pid, 0);"
        "print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure, *command], check=True, capture_output=True, text=True
    )
    seconds = time.monotonic() - started
    memory, processor = done.stdout.split()[-2:]
    return seconds, float(processor), int(memory) / 1024, out.stat().st_size
