"""An observation in a blob: written by the observer, read by the nightly job, refused where it is
old, forged, broken off, of another cluster, or not there."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.cli.session import Session
from provisioner.cluster.observation import sign_content, verify_content
from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.server import LocalAzure
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench
from tests.cluster.test_observation import KEY, reseal, without_policies
from tests.simulator.setting import GROUP, Caller

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stseen"
URL = "https://stseen.blob.core.windows.net/seen/billing.json.gz"
OBSERVATION = f'  observation: {{blob: "{URL}"}}\n'
HEADERS = {
    "x-ms-version": "2023-11-03",
    "x-ms-blob-type": "BlockBlob",
    "Authorization": "Bearer local",
}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAzure]:
    catalog = build_catalog(all_types(), read_schema_index(all_types()))
    with LocalAzure.start(catalog, None) as running:
        call = Caller(running.endpoint)
        call.create_group()
        account = {
            "location": "westeurope",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {},
        }
        assert call("PUT", ACCOUNT, account).status == 202
        assert call("PUT", f"{ACCOUNT}/blobServices/default/containers/seen", {}).status == 201
        call.close()
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", running.endpoint)
        monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
        yield running


@pytest.fixture
def bench(server: ApiServer, azure: LocalAzure, tmp_path: Path) -> Bench:
    made = Bench.open(server, tmp_path)
    made.apply()
    uid = server.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    made.write(ENVIRONMENT + OBSERVATION.replace("{", f"{{cluster: {uid}, "))
    return made


def blob(azure: LocalAzure) -> str:
    return f"{azure.endpoint}/stseen/seen/billing.json.gz"


def put(azure: LocalAzure, content: bytes) -> None:
    assert requests.put(blob(azure), content, headers=HEADERS, timeout=5).status_code == 201


Change = Callable[[dict[str, Any]], dict[str, Any]]
BAD: tuple[tuple[str, Change, str | None, str], ...] = (
    ("future", lambda c: reseal(c, -timedelta(hours=1)), KEY, "in the future"),
    ("replaced", lambda c: reseal(without_policies(c)), None, "is not signed"),
    ("altered", without_policies, KEY, "was altered"),
)


def pack(content: dict[str, Any], key: str | None) -> bytes:
    return sign_content(gzip.compress(json.dumps(content).encode()), key)


def test_the_nightly_job_reads_what_the_observer_wrote(bench: Bench, azure: LocalAzure) -> None:
    local = ("--cloud", "local")
    before = bench.azsec("cluster", "drift", "billing", *local)
    assert before.code == 1
    assert "there is no such blob" in before.err
    assert bench.run("observe", "--blob", URL).code == 0
    drift = bench.azure("drift", "-o", "json").document
    assert drift["cluster"]["source"] == URL
    assert (drift["cluster"]["drifted"], drift["cluster"]["verified"]) == ([], True)
    bench.server.apply(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "x", "namespace": "billing"},
        }
    )
    assert bench.run("observe", "--blob", URL).code == 0
    after = bench.azsec("cluster", "drift", "billing", *local)
    assert after.code == 2
    assert "billing/ServiceAccount/x" in after.out
    put(azure, pack(reseal(_content(azure), timedelta(hours=30)), KEY))
    done = bench.azsec("cluster", "drift", "billing", *local)
    assert (done.code, done.out) == (1, "")
    assert "was made 30 h ago" in done.err
    nightly = bench.azure("drift", "-o", "json").document
    assert "was made 30 h ago" in nightly["cluster"]["refused"]
    unknown = bench.azure("check", "-o", "json").document["census"]
    assert unknown["cluster"] is None
    assert unknown["unreadable"][0]["id"] == URL


def test_a_bad_blob_is_refused(bench: Bench, azure: LocalAzure) -> None:
    assert bench.run("observe", "--blob", URL).code == 0
    whole = requests.get(blob(azure), headers=HEADERS, timeout=5).content
    other = {"blob": URL, "cluster": "5f4c6a1e-2f51-4a0e-9d3c-6a0f5b1c2d3e"}
    any_cluster = {"blob": URL}
    own = {"blob": URL, "cluster": _content(azure)["cluster"]["uid"]}
    bad = [
        (whole, other, "is of the cluster"),
        (whole, any_cluster, "does not state the expected cluster"),
    ]
    for _name, change, key, says in BAD:
        bad.append((pack(change(_content(azure)), key), own, says))
    bare = verify_content(whole, URL, KEY)
    bad += [(part, own, "is not signed") for part in (b"", b"\x1f\x8b", bare)]
    bad.append((whole[: len(whole) // 2], own, "was altered"))
    for part in (bare[: len(bare) // 2], b"", gzip.decompress(bare)[:500]):
        bad.append((sign_content(part, KEY), own, "is not an observation of a cluster"))
    with Session(
        cloud="local", local_state=None, parallelism=1, realistic=None, quiet=True
    ) as session:
        desired = session.load(str(bench.folder / "environments/billing.yaml"))
        for content, stated, says in bad:
            put(azure, content)
            asked = ObservationSettings.model_validate(stated)
            with pytest.raises(DiagnosticError) as refused:
                session.observe(desired.document, URL, asked)
            assert says in refused.value.diagnostics[0].message


def _content(azure: LocalAzure) -> dict[str, Any]:
    packed = requests.get(blob(azure), headers=HEADERS, timeout=5).content
    return json.loads(gzip.decompress(verify_content(packed, URL, KEY)))


def test_the_observer_signs_in_as_its_identity_and_writes_no_config_map(bench: Bench) -> None:
    observer = (
        '  observer: {image: "tools/azsec:1.0.0", clientId: 1f0e2d3c-0a1b-4c2d-8e3f-405162738495}\n'
    )
    store = "  observation: {readers: {nightly: 9a6e3d40-af71-4d94-8b17-65d3f4a6d8aa}}\n"
    text = ENVIRONMENT.replace("kubernetes:\n", f"{store}kubernetes:\n", 1)
    bench.write(text + OBSERVATION + observer)
    valid = bench.azsec("validate", "billing")
    assert (valid.code, "is valid" in valid.out + valid.err) == (0, True), valid.err
    assert bench.run("apply", "--yes").code == 0
    root = "namespaces/azsec-observer"
    account = bench.server.get(f"/api/v1/{root}/serviceaccounts/observer")
    annotations = account["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"].startswith("1f0e2d3c")
    job = bench.server.get(f"/apis/batch/v1/{root}/cronjobs/observer")
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    assert template["metadata"]["labels"] == {"azure.workload.identity/use": "true"}
    assert template["spec"]["containers"][0]["args"][-2:] == ["--blob", URL]
    roles = bench.server.get(f"/apis/rbac.authorization.k8s.io/v1/{root}/roles")
    assert roles["items"] == []
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "o", **template["metadata"]},
           "spec": template["spec"]}  # fmt: skip
    answer = bench.server.request("POST", f"/api/v1/{root}/pods?dryRun=All", pod)
    assert answer.ok, answer.text
