"""An apply that is killed after any of its writes is taken up by the next one.

Each apply of a series is killed by SIGKILL the moment its first write has been answered, so the
cluster is left at each step that there is, and the next apply starts from there.
"""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioner.cli.session import Session
from provisioner.cluster.decisions import Permission
from provisioner.documents.trace import StateKind
from provisioner.engine.cluster_port import Answer, ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.manifests.rendering import ClusterObjects
from provisioner.workflow.cluster_apply import apply_cluster
from provisioner.workflow.cluster_plan import ClusterPlan, plan_cluster
from provisioner.workflow.plan import Desired
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench


class KilledClient(KubeClient):
    """Ends its process once its first write has been answered."""

    def ask(self, asks: Sequence[ApiRequest]) -> Sequence[Answer]:
        answers: list[Answer] = []
        for ask in asks:
            answers += super().ask([ask])
            if ask.method != "GET" and "dryRun" not in ask.query:
                os.kill(os.getpid(), signal.SIGKILL)
        return answers


def _plan(api: KubeClient, desired: Desired, objects: ClusterObjects) -> ClusterPlan:
    return plan_cluster(desired, objects, api, "test", Permission())


def _apply_and_die(config: Path, desired: Desired, objects: ClusterObjects) -> None:
    with KubeClient(read_kubeconfig(config, None)) as api:
        plan = _plan(api, desired, objects)
    with KilledClient(read_kubeconfig(config, None)) as killed:
        apply_cluster(plan, killed, parallelism=1)


def test_an_apply_that_is_killed_at_any_step_is_taken_up(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    bench.write(ENVIRONMENT[: ENVIRONMENT.index("    - name: legacy")])
    path = str(bench.folder / "environments/billing.yaml")
    config = server.kubeconfig()
    session = Session(cloud=None, local_state=None, parallelism=4, realistic=None, quiet=True)
    with session:
        desired, objects = session.find_objects(path, StateKind.DESIRED)
    context: Any = multiprocessing.get_context("fork")
    count = len(objects.manifests)
    for left in range(count, 0, -1):
        child = context.Process(target=_apply_and_die, args=(config, desired, objects))
        child.start()
        child.join(120)
        assert child.exitcode == -signal.SIGKILL, f"{left} objects were left"
    with KubeClient(read_kubeconfig(config, None)) as api:
        summary = _plan(api, desired, objects).document.summary
    # As many applies as objects, and nothing left: none of them repeated or lost a step.
    assert (summary.unchanged, summary.changes) == (count, 0)
