"""Upgrades with what stands in the cluster, and with versions that are stated in odd places."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.cluster.observation import seal_observation
from provisioner.documents.cluster import ClusterDocument
from provisioner.documents.observation import ObservedListDocument
from provisioner.reports.json_text import render_json
from tests.scenarios.story import as_caller, run_command

_UID = "3f0d3c5e-0000-4000-8000-000000000001"
_BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: kube}
parameters:
  version: {type: string, default: "1.35"}
  nodes:
    type: object
    default: {version: "1.35"}
    properties:
      version: {type: string, default: "1.35"}
resourceGroups:
  main: {subscription: workload, name: rg-kube, location: westeurope}
resources:
  cluster:
    type: Microsoft.ContainerService/managedClusters
    resourceGroup: main
    name: aks-kube
    sku: {name: Base, tier: Premium}
    identity: {type: SystemAssigned}
    properties:
      kubernetesVersion: VERSION
      supportPlan: AKSLongTermSupport
      dnsPrefix: kube
      agentPoolProfiles:
        - {name: system, mode: System, vmSize: Standard_D4ds_v5, count: 3}
"""
_ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: kube, id: 5d0f3c9a7b1e48268a6f0d2b4c8e1f37}
blueprint: ../blueprints/kube.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none, proofs: warn}
"""


def write(version: str = "${version}", more: str = "") -> None:
    for folder in ("blueprints", "environments"):
        Path(folder).mkdir(exist_ok=True)
    blueprint = _BLUEPRINT.replace("VERSION", version)
    Path("blueprints/kube.yaml").write_text(blueprint, encoding="utf-8")
    Path("environments/kube.yaml").write_text(_ENVIRONMENT + more, encoding="utf-8")


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the cluster was made."""
    folder = tmp_path_factory.mktemp("applied")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("AZSEC_LOCAL_STATE", raising=False)
        write()
        assert "Apply  2 succeeded" in run_command("azsec apply kube --yes --quiet")
    return folder


@pytest.fixture
def kube(applied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(applied, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    return tmp_path


def listed(api_version: str, kind: str, *items: dict[str, Any], **more: Any) -> Any:
    return ObservedListDocument(
        api_version=api_version,
        kind=kind,
        resource=f"{kind.lower()}s",
        namespaced=True,
        count=len(items),
        items=tuple({"apiVersion": api_version, "kind": kind, **item} for item in items),
        **more,
    )


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name, "labels": {"app": "web"}}, **more}


def observe(*lists: Any, version: str = "v1.35.4", age: timedelta = timedelta()) -> None:
    cluster = ClusterDocument(server="https://10.0.0.1", uid=_UID, version=version, way="pod")
    base = (
        listed("v1", "Pod"),
        listed("apps/v1", "Deployment"),
        listed("apps/v1", "StatefulSet"),
        listed("policy/v1", "PodDisruptionBudget"),
    )
    kinds = {each.kind for each in lists}
    whole = (*lists, *(each for each in base if each.kind not in kinds))
    made = seal_observation(datetime.now(UTC) - age, cluster, whole)
    Path("seen.json").write_text(render_json(made), encoding="utf-8")


BUDGET = {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "web"}}}
OWNED = [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]


def test_what_stands_in_the_cluster_blocks_the_path(kube: Path) -> None:
    pod = named("web-1-a")
    pod["metadata"]["ownerReferences"] = OWNED
    bare = named("bare")
    bare["metadata"]["labels"] = {}
    observe(
        listed("v1", "Pod", pod, bare),
        listed("policy/v1", "PodDisruptionBudget", named("web", spec=BUDGET)),
        listed("networking.k8s.io/v1beta1", "ServiceCIDR", named("range")),
    )

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --observation seen.json")

    assert "- shop/web: maxUnavailable is 0." in told
    assert "- shop/bare: it has no controller" in told
    assert "networking.k8s.io/v1beta1 ServiceCIDR (shop/range) is removed in 1.37." in told
    assert "signature not verified" in " ".join(told.split())
    assert "4 objects, 2 pods and 1 disruption budget of Kubernetes 1.35.4" in told
    assert told.endswith("[exit 3]\n")


def test_a_blocked_path_is_written_only_where_that_is_permitted(kube: Path) -> None:
    pod = named("web-1-a")
    pod["metadata"]["ownerReferences"] = OWNED
    observe(
        listed("v1", "Pod", pod),
        listed("policy/v1", "PodDisruptionBudget", named("web", spec=BUDGET)),
    )
    command = "azsec upgrade kube --kubernetes-version 1.36 --write --observation seen.json"

    refused = run_command(command)
    assert "environments/kube.yaml was not changed" in refused
    assert refused.endswith("[exit 3]\n")
    assert Path("environments/kube.yaml").read_text(encoding="utf-8") == _ENVIRONMENT

    permitted = run_command(f"{command} --allow-blocked")
    assert "parameters.version  added 1.36" in permitted
    assert 'parameters:\n  version: "1.36"\n' in Path("environments/kube.yaml").read_text("utf-8")


def test_what_was_seen_and_what_was_not_is_told(kube: Path) -> None:
    observe(listed("apps/v1", "Deployment", refused="forbidden"), version="v1.34.7")
    write(more="kubernetes: {observation: {file: ../seen.json}}\n")

    told = run_command("azsec upgrade kube --kubernetes-version 1.36")

    assert "not observed: deployments: forbidden." in told
    assert "the observation is of Kubernetes 1.34.7, and 1.35.4 runs." in told
    assert "storagemigration.k8s.io/StorageVersionMigration" in told
    assert "[exit" not in told


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        pytest.param(lambda: observe(age=timedelta(hours=30)), "30 h ago", id="old"),
        pytest.param(
            lambda: Path("seen.json").write_text(
                Path("seen.json").read_text("utf-8").replace("1.35.4", "1.35.3"), "utf-8"
            ),
            "was altered",
            id="altered",
        ),
        pytest.param(
            lambda: write(more="kubernetes: {observation: {cluster: another}}\n"),
            "expected was another",
            id="of another cluster",
        ),
        pytest.param(
            lambda: Path("seen.json").write_text("{}"), "is not an observation", id="none"
        ),
        pytest.param(lambda: Path("seen.json").unlink(), "No such file", id="missing"),
    ],
)
def test_an_observation_is_refused(kube: Path, break_it: Any, words: str) -> None:
    observe()
    break_it()

    told = run_command("azsec upgrade kube --observation seen.json")

    assert words in told
    assert told.endswith("[exit 1]\n")


@pytest.mark.parametrize(
    ("version", "more", "expected"),
    [
        pytest.param("${version}", "", 'parameters:\n  version: "1.36"\n', id="a default"),
        pytest.param(
            "${version}",
            'parameters: {version: "1.35"} # here\n',
            'parameters: {version: "1.36"} # here\n',
            id="a parameter",
        ),
        pytest.param(
            "${nodes.version}",
            'parameters:\n  nodes:\n    version: "1.35"\n',
            'parameters:\n  nodes:\n    version: "1.36"\n',
            id="in an object",
        ),
        pytest.param(
            "${version}",
            'parameters:\n  nodes: {version: "1.35"}\n  version: "1.35"\n',
            'parameters:\n  nodes: {version: "1.35"}\n  version: "1.36"\n',
            id="of two that are alike, the one that counts",
        ),
    ],
)
def test_the_version_is_written_where_it_counts(
    kube: Path, version: str, more: str, expected: str
) -> None:
    write(version, more)

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert "[exit" not in told
    assert Path("environments/kube.yaml").read_text("utf-8") == _ENVIRONMENT + expected


@pytest.mark.parametrize(
    "version", [pytest.param('"1.35"', id="a literal"), pytest.param('${"1." + "35"}', id="made")]
)
def test_a_version_that_no_parameter_sets_is_named_by_its_line(kube: Path, version: str) -> None:
    write(version)

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert "blueprints/kube.yaml:21:26: error: cluster: no parameter" in told
    assert told.endswith("[exit 1]\n")
    assert Path("environments/kube.yaml").read_text("utf-8") == _ENVIRONMENT


_SECOND = """
  other:
    type: Microsoft.ContainerService/managedClusters
    resourceGroup: main
    name: aks-other
    sku: {name: Base, tier: Premium}
    identity: {type: SystemAssigned}
    properties:
      kubernetesVersion: ${version}
      supportPlan: AKSLongTermSupport
      dnsPrefix: other
      agentPoolProfiles:
        - {name: system, mode: System, vmSize: Standard_D4ds_v5, count: 3}
"""


def test_a_version_that_another_cluster_shares_is_not_written_for_one_alone(kube: Path) -> None:
    write()
    with Path("blueprints/kube.yaml").open("a", encoding="utf-8") as blueprint:
        blueprint.write(_SECOND)

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --cluster cluster --write")

    assert "parameters.version" in told
    assert "sets properties.kubernetesVersion of other too" in told
    assert told.endswith("[exit 1]\n")
    assert Path("environments/kube.yaml").read_text("utf-8") == _ENVIRONMENT


def test_what_else_a_written_value_decides_is_named(kube: Path) -> None:
    write()
    blueprint = Path("blueprints/kube.yaml")
    text = blueprint.read_text("utf-8")
    tagged = text.replace("    sku: {", "    tags: {release: '${version}'}\n    sku: {")
    blueprint.write_text(tagged, encoding="utf-8")

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert "also sets cluster.tags.release" in told
    assert "[exit" not in told


def test_line_ends_and_the_mark_of_utf_8_stay(kube: Path) -> None:
    path = Path("environments/kube.yaml")
    text = f'{_ENVIRONMENT}parameters:\n  version: "1.35" # é\n'.replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())

    run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert path.read_bytes() == b"\xef\xbb\xbf" + text.replace('"1.35"', '"1.36"').encode()


READS = [
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.ContainerService/managedClusters/agentPools/read",
    "Microsoft.Resources/subscriptions/providers/read",
]


def test_what_may_not_be_read_leaves_it_uncertain_and_nothing_written(
    kube: Path, catalog: Catalog
) -> None:
    with as_caller(READS, catalog):
        told = run_command("azsec upgrade kube")
        refused = run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert "1.35.4, not all could be read" in told
    for part in ("maintenanceConfigurations", "upgradeProfiles/default", "kubernetesVersions"):
        assert f"{part}: AuthorizationFailed" in told.replace("\n        ", " ")
    assert "not configured" not in told
    assert "up to date" not in told
    assert told.endswith("[exit 1]\n")
    assert "nothing is written" in refused
    assert Path("environments/kube.yaml").read_text("utf-8") == _ENVIRONMENT


def test_a_version_of_the_base_is_overridden_in_the_environment(kube: Path) -> None:
    """Others extend the base too: their clusters were not asked for."""
    base = _ENVIRONMENT.replace("kind: Environment", "kind: EnvironmentBase")
    base = base.replace("metadata: {name: kube, id: 5d0f3c9a7b1e48268a6f0d2b4c8e1f37}\n", "")
    base += 'parameters: {version: "1.35"}\n'
    Path("environments/base.yaml").write_text(base, encoding="utf-8")
    overlay = (
        "apiVersion: azsec/v1\nkind: Environment\n"
        "metadata: {name: kube, id: 5d0f3c9a7b1e48268a6f0d2b4c8e1f37}\nextends: base.yaml\n"
    )
    Path("environments/kube.yaml").write_text(overlay, encoding="utf-8")

    told = run_command("azsec upgrade kube --kubernetes-version 1.36 --write")

    assert "parameters.version" in told
    assert Path("environments/base.yaml").read_text(encoding="utf-8") == base
    written = Path("environments/kube.yaml").read_text(encoding="utf-8")
    assert written == overlay + 'parameters:\n  version: "1.36"\n'
