"""The files of `azsec check --observation` are of one cluster, the environment's, and are called
verified only where a signature covers all of them."""

import json
from datetime import UTC, datetime

import pytest

from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.cli.cluster_files import read_contents
from provisioner.cluster.observation import seal_observation, sign_content
from provisioner.documents.cluster import ClusterDocument
from provisioner.model.diagnostic import DiagnosticError

KEY = "0123456789abcdef0123"
OURS, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Files of this cluster and of another: an observation, and lists of kubectl."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
    at = ClusterDocument(server="https://k.example", way="kubeconfig", version="v1.35.0", uid=OURS)
    observation = seal_observation(datetime.now(UTC), at, ())
    content = json.dumps(observation.to_json()).encode()
    (tmp_path / "signed.json").write_bytes(sign_content(content, KEY))
    for name, uid in (("ours.json", OURS), ("other.json", OTHER)):
        metadata = {"name": "kube-system", "uid": uid}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        (tmp_path / name).write_text(json.dumps({"kind": "List", "items": [namespace]}))
    (tmp_path / "configmaps.json").write_text(json.dumps({"kind": "List", "items": []}))
    return tmp_path


def read(*files, **settings):
    kubernetes = KubernetesSettings.model_validate(settings)
    return read_contents(list(files), kubernetes, all_namespaces=True)


EXPECTED = {
    "kubernetes.observation.cluster": {"observation": {"cluster": OURS}},
    "kubernetes.access.cluster": {"access": {"via": "kubeconfig", "cluster": OURS}},
}


@pytest.mark.parametrize("setting", EXPECTED)
def test_lists_of_another_cluster_than_the_environment_states_are_refused(setting):
    assert read("ours.json", **EXPECTED[setting]).uid == OURS
    with pytest.raises(DiagnosticError) as raised:
        read("other.json", **EXPECTED[setting])
    (problem,) = raised.value.diagnostics
    assert problem.code == "observation-of-another"
    assert f"other.json is of the cluster {OTHER}, and {setting} is {OURS}." in problem.message


def test_lists_without_the_namespace_kube_system_do_not_show_whose_they_are():
    assert read("configmaps.json", **EXPECTED["kubernetes.access.cluster"]).uid is None


def test_an_observation_of_another_cluster_than_that_of_the_access_is_refused():
    assert read("signed.json", access={"via": "in-cluster", "cluster": OURS}).uid == OURS
    with pytest.raises(DiagnosticError) as raised:
        read("signed.json", access={"via": "in-cluster", "cluster": OTHER})
    assert raised.value.diagnostics[0].code == "observation-of-another"


def test_lists_beside_an_observation_are_of_its_cluster():
    with pytest.raises(DiagnosticError) as raised:
        read("signed.json", "other.json")
    (problem,) = raised.value.diagnostics
    assert problem.code == "two-clusters"
    assert problem.message.startswith("other.json is of another cluster than signed.json: ")


def test_only_what_a_signature_covers_in_full_is_verified():
    alone, mixed = read("signed.json"), read("signed.json", "ours.json")
    assert (alone.verified, alone.uid) == (True, OURS)
    assert (mixed.verified, mixed.uid) == (False, OURS)
    unclear = read("signed.json", "configmaps.json")
    assert (unclear.verified, unclear.uid) == (False, None)
    assert read("ours.json").verified is None


def test_a_folder_is_the_lists_in_it(folder):
    lists = folder / "lists"
    lists.mkdir()
    (folder / "ours.json").rename(lists / "namespaces.json")
    (folder / "configmaps.json").rename(lists / "configmaps.json")
    found = read("lists")
    assert (found.uid, {kind.name for kind in found.lists}) == (OURS, {"Namespace", "ConfigMap"})
    (folder / "empty").mkdir()
    with pytest.raises(DiagnosticError, match="the folder has no \\*\\.json file"):
        read("empty")
