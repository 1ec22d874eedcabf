"""Plans that are saved, reviewed by their digest, edited on the way, and applied."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.scenarios.story import run_command
from tests.unit.plan.test_plan_verification import sign

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: small}
resourceGroups:
  main: {subscription: workload, name: rg-main, location: westeurope}
resources:
  table:
    type: Microsoft.Network/routeTables
    resourceGroup: main
    name: rt-main
    properties: {disableBgpRoutePropagation: true, routes: []}
"""
ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: small}
blueprint: ../blueprints/small.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none, proofs: warn}
"""


@pytest.fixture
def azure(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAzure]:
    with LocalAzure.start(catalog, None) as server:
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", server.endpoint)
        yield server


@pytest.fixture
def folder(tmp_path: Path, azure: LocalAzure, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("blueprints", BLUEPRINT), ("environments", ENVIRONMENT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "small.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> str:
    """Run a command; return all it printed on one line, its exit code at the end."""
    return " ".join(run_command(f"azsec {line}").replace("\n! ", "\n").split())


def edit(path: str, old: str, new: str) -> None:
    file = Path(path)
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def digest_in(path: str) -> str:
    return str(json.loads(Path(path).read_text(encoding="utf-8"))["digest"])


def forge(path: str, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    change(content)
    Path(path).write_text(sign(content), encoding="utf-8")


def writes(azure: LocalAzure) -> list[str]:
    return [request.method for request in azure.requests if request.method in ("PUT", "DELETE")]


def test_a_saved_plan_is_derived_again_and_applied(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")

    told = run("apply p.azplan -q")

    assert "2 succeeded" in told
    assert azure.resource_ids() != ()


def test_show_prints_the_steps_that_apply_sends(folder: Path) -> None:
    run("plan small -q --out p.azplan")

    text, markdown = run("show p.azplan"), run("show p.azplan -o markdown")
    steps = json.loads(run_command("azsec show p.azplan -o json"))["steps"]

    assert f"1 PUT resourceGroups.main {GROUP} 2 PUT table · after 1 {GROUP}/providers/" in text
    # An id has places in it at which a narrow comment may break it.
    shown = re.sub("<wbr>|</?code>|`", "", markdown)
    assert (
        f"| 2 | PUT | table | {GROUP}/providers/Microsoft.Network/routeTables/rt-main | 1 |"
        in shown
    )
    assert [(step["verb"], step["address"]) for step in steps] == [
        ("PUT", "resourceGroups.main"),
        ("PUT", "table"),
    ]


def test_steps_that_the_file_does_not_show_are_refused(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")
    forge("p.azplan", lambda content: content["steps"][0].update(id=f"{GROUP}-of-others"))

    for command in ("show p.azplan", "apply p.azplan -q"):
        assert "the steps that it shows are not the steps that it holds" in run(command)
    assert writes(azure) == []


def test_a_forged_step_is_never_sent(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")

    def change(content: dict[str, Any]) -> None:
        for steps in (content["steps"], content["plan"]["steps"]):
            steps[0].update(verb="DELETE", id=f"{GROUP}-of-others")
        content["steps"][0]["body"] = None

    forge("p.azplan", change)
    told = run("apply p.azplan -q --allow-delete")

    assert "its step 'put resourceGroups.main' has another body" in told
    assert told.endswith("[exit 1]")
    assert writes(azure) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "name: small", "name: other", "made for the name 'small'; environments/small.yaml "
            "states 'other'", id="another name",
        ),
        pytest.param(
            "9999-999999999999", "9999-999999999998", "made for the tenant", id="another tenant"
        ),
        pytest.param(
            "workload: 1", "workload: 2", "made for the subscription 'workload'",
            id="another subscription",
        ),
        pytest.param("small.yaml", "big.yaml", "there is no file", id="another blueprint"),
    ],
)  # fmt: skip
def test_a_plan_of_another_environment_is_refused(
    old: str, new: str, told: str, folder: Path, azure: LocalAzure
) -> None:
    run("plan small -q --out p.azplan")
    edit("environments/small.yaml", old, new)

    assert told in run("apply p.azplan -q")
    assert writes(azure) == []


def test_a_plan_of_the_built_in_azure_is_none_of_another_cloud(
    folder: Path, azure: LocalAzure
) -> None:
    run("plan small -q --out p.azplan")
    forge("p.azplan", lambda c: c["plan"]["environment"].update(cloud="AzureCloud"))

    told = run("apply p.azplan -q")

    assert "made for the cloud 'AzureCloud'; environments/small.yaml states 'local'" in told


def test_a_rehearsal_is_applied_where_it_was_planned(folder: Path, azure: LocalAzure) -> None:
    edit("environments/small.yaml", "cloud: local", "cloud: AzureCloud")
    run("plan small -q --cloud local --out p.azplan")

    assert "2 succeeded" in run("apply p.azplan -q")


def test_a_plan_that_is_elsewhere_than_its_environment_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("plan small -q --out p.azplan")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")

    told = run("apply ../p.azplan -q")

    assert "there is no file 'environments/small.yaml'" in told


def test_an_approved_digest_is_the_confirmation(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")
    digest = digest_in("p.azplan")

    assert "2 succeeded" in run(f"apply small -q --digest {digest}")


def test_a_file_is_applied_by_its_digest(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")

    assert "2 succeeded" in run(
        f"apply p.azplan -q --digest {digest_in('p.azplan').upper()[7:]}".replace(
            "--digest ", "--digest sha256:"
        )
    )


def test_another_digest_is_refused_with_both(
    folder: Path, azure: LocalAzure, capsys: pytest.CaptureFixture[str]
) -> None:
    run("plan small -q --out p.azplan")
    other = "sha256:" + "0" * 64

    for subject, source in (("p.azplan", "p.azplan"), ("small", "the plan of small")):
        told = run(f"apply {subject} -q --digest {other}")
        assert f"error: {source} has the digest sha256:" in told
        assert "was approved. The plan now: create resourceGroups.main, create table." in told
        assert told.endswith("[exit 1]")
    assert writes(azure) == []


def test_what_changed_since_the_approval_is_not_applied(folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --out p.azplan")
    digest = digest_in("p.azplan")
    edit("blueprints/small.yaml", "Propagation: true", "Propagation: false")

    assert "and sha256:… was approved" in run(f"apply small -q --digest {digest}")
    assert "the blueprint changed since the plan was made: table" in run("apply p.azplan -q")
    assert writes(azure) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("abc", id="a word"),
        pytest.param("sha256:0123abcd", id="the short form"),
        pytest.param("sha512:" + "0" * 64, id="another hash"),
        pytest.param("sha256:" + "g" * 64, id="no hexadecimal digits"),
        pytest.param("sha256:" + "0" * 65, id="a digit more"),
    ],
)
@pytest.mark.parametrize("subject", ["small", "p.azplan"])
def test_what_is_no_digest_is_refused(
    subject: str, text: str, folder: Path, azure: LocalAzure
) -> None:
    run("plan small -q --out p.azplan")

    told = run(f"apply {subject} -q --digest {text}")

    assert "is not a digest of a plan: expected sha256: and 64 hexadecimal digits." in told
    assert writes(azure) == []


def test_with_and_without_preflight_a_plan_has_one_digest(folder: Path) -> None:
    run("plan small -q --out asked.azplan")
    run("plan small -q --offline --out offline.azplan")
    run("plan ./environments/small.yaml -q --out path.azplan")

    digests = {digest_in(name) for name in ("asked.azplan", "offline.azplan", "path.azplan")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        pytest.param("plan small -q --offline", 1, id="plan"),
        pytest.param("apply small -q --offline --yes", 1, id="nobody is asked"),
        pytest.param("apply p.azplan -q", 1, id="a file"),
    ],
)
def test_azure_is_read_once(command: str, reads: int, folder: Path, azure: LocalAzure) -> None:
    run("plan small -q --offline --out p.azplan")
    before = len(azure.requests)

    run(command)

    lists = [r for r in azure.requests[before:] if r.path.endswith("/policyDefinitions")]
    assert len(lists) == reads


class Terminal(io.StringIO):
    """A person at a terminal, who does something before they answer."""

    def __init__(self, before: Callable[[], object]) -> None:
        super().__init__("yes\n")
        self._before = before

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        self._before()
        return super().readline(-1 if size is None else size)


def test_who_is_asked_gets_what_they_saw(
    folder: Path, azure: LocalAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(lambda: None))

    assert "2 succeeded" in run("apply small -q --offline")


def test_what_moves_while_somebody_is_asked_is_not_applied(
    folder: Path, azure: LocalAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply small -q --offline --yes")
    edit(
        "blueprints/small.yaml",
        "routes: []",
        "routes: [{name: out, properties: {addressPrefix: 0.0.0.0/0, nextHopType: None}}]",
    )
    written = len(writes(azure))

    def change() -> None:
        edit("blueprints/small.yaml", "nextHopType: None", "nextHopType: Internet")

    monkeypatch.setattr("sys.stdin", Terminal(change))
    told = run("apply small -q --offline")

    assert "the blueprint changed since the plan was made: table" in told
    assert len(writes(azure)) == written
