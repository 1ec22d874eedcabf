"""An apply that is killed after any of its writes is taken up by the next one.

The child is killed by SIGKILL the moment its n-th write has been answered, for each n.
"""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.session import Session
from provisioner.cluster.decisions import Permission
from provisioner.documents.trace import StateKind
from provisioner.engine.cluster_port import Ask, Told
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.workflow.cluster_apply import apply_cluster
from provisioner.workflow.cluster_plan import ClusterPlan, plan_cluster
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import Bench


class KilledClient(KubeClient):
    """Ends its process once it has sent a number of writes, one after the other."""

    writes_left = 0

    def ask(self, asks: Sequence[Ask]) -> Sequence[Told]:
        answers: list[Told] = []
        for ask in asks:
            answers += super().ask([ask])
            if ask.method != "GET" and "dryRun" not in ask.query:
                self.writes_left -= 1
                if self.writes_left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        return answers


def _plan(kind: type[KubeClient], config: Path, path: str) -> tuple[ClusterPlan, KubeClient]:
    session = Session(cloud=None, state=None, parallelism=1, realistic=None, quiet=True)
    with session:
        desired, objects = session.find_objects(path, StateKind.DESIRED)
    api = kind(read_kubeconfig(config, None))
    return plan_cluster(desired, objects, api, "test", Permission()), api


def _apply_and_die(config: Path, path: str, writes: int) -> None:
    plan, api = _plan(KilledClient, config, path)
    assert isinstance(api, KilledClient)
    api.writes_left = writes
    apply_cluster(plan, api)


@pytest.mark.parametrize("writes", [1, 2, 3, 5, 8, 13, 21, 34, 50, 55])
def test_an_apply_that_is_killed_is_taken_up(
    server: ApiServer, tmp_path: Path, writes: int
) -> None:
    bench = Bench.open(server, tmp_path)
    path = str(bench.folder / "environments/billing.yaml")
    config = server.kubeconfig()
    context: Any = multiprocessing.get_context("fork")
    child = context.Process(target=_apply_and_die, args=(config, path, writes))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    plan, api = _plan(KubeClient, config, path)
    summary = plan.document.summary
    assert (summary.unchanged, summary.changes) == (writes, summary.create)
    done = apply_cluster(plan, api)
    assert not [step for step in done.steps if step.outcome != "succeeded"]
    again, _ = _plan(KubeClient, config, path)
    assert not again.document.summary.changes
