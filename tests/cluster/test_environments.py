"""The objects of every environment of this repository stand on a real API server of each version:
they are applied, found in sync, and a second apply has nothing to do."""

from pathlib import Path

import pytest

from provisioner.cli.session import Session
from provisioner.documents.trace import StateKind
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.workflow.cluster_apply import apply_cluster
from provisioner.workflow.cluster_drift import check_cluster_drift
from provisioner.workflow.cluster_plan import Permission, plan_cluster
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import TODAY, install_add_ons
from tests.environments import ENVIRONMENTS


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_the_objects_of_an_environment_are_applied_once(each_server: ApiServer, path: Path) -> None:
    install_add_ons(each_server)
    session = Session(cloud=None, local_state=None, parallelism=4, realistic=None, quiet=True)
    with session, KubeClient(read_kubeconfig(each_server.kubeconfig(), None)) as api:
        desired, objects = session.find_objects(str(path), StateKind.DESIRED)
        first = plan_cluster(desired, objects, api, "test", Permission())
        assert not first.document.blocked
        # Azure makes the identity, and names its client id only then. An environment states one
        # version of Kubernetes, and stands here on two.
        told = {each.code for each in first.document.diagnostics} - {"other-version"}
        assert told == {"unknown-client-id"}
        assert first.document.summary.create == len(objects.manifests) > 40
        done = apply_cluster(first, api)
        assert {step.outcome for step in done.steps} == {"succeeded"}
        again = plan_cluster(desired, objects, api, "test", Permission())
        assert not again.document.summary.changes
        assert not apply_cluster(again, api).steps
        found = check_cluster_drift(desired, objects, api, "test", TODAY)
        assert not found.found
        assert found.is_certain
    each_server.wipe()
