"""What `azsec local serve` and `local env` refuse before anything is served, and what a server
begins with."""

import shlex
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.failure import run_guarded
from provisioner.cli.local_directory import load_directory
from provisioner.cli.local_environment import Running, variables_of, write_running, write_trust
from provisioner.cli.local_subscriptions import stated_by_files
from provisioner.simulator.server import LocalAzure

ADA = "ada@contoso.example"
DIRECTORY = """\
apiVersion: azsec/v1
kind: Directory
users:
  - displayName: Ada
    userPrincipalName: ada@contoso.example
applications:
  - displayName: pipeline
    appId: 5D9FA1A4-1d1f-4f5c-9c43-0d6a4a6d1a55
    federatedIdentityCredentials:
      - issuer: https://issuer.example
        subject: repo:contoso/platform
groups:
  - displayName: reviewers
    members: [ADA@contoso.example]
  - displayName: platform
    members: [reviewers, pipeline]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    return tmp_path


REFUSED = [
    ("--subscription dev", "--subscription is 'dev'. Expected NAME=GUID"),
    ("--subscription dev=1", "--subscription is 'dev=1'. Expected NAME=GUID"),
    ("--tenant contoso", "--tenant is 'contoso'. Expected a GUID"),
    (
        "--tenant 00000000-0000-0000-0000-000000000000",
        "--tenant is '00000000-0000-0000-0000-000000000000'. Expected a GUID",
    ),
    ("--entra-directory none.yaml", "there is no file 'none.yaml'"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_option_that_does_not_fit_is_refused(
    options: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_guarded(app, ["local", "serve", "--port", "0", *shlex.split(options)])
    assert code == ExitCode.ERROR
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(
    catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    with LocalAzure.start(catalog, None) as other:
        port = other.endpoint.rpartition(":")[2]
        code = run_guarded(app, ["local", "serve", "--port", port, "--tls"])
    assert code == ExitCode.ERROR
    assert f"cannot listen on port {port}" in capsys.readouterr().err


def test_no_variables_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(app, ["local", "env"]) == ExitCode.ERROR
    said = capsys.readouterr()
    assert said.out == ""
    assert "no `azsec local serve` runs with the state file .azsec/local.db" in said.err
    assert "azsec local serve --tls" in said.err


def test_the_record_of_a_server_that_was_killed_counts_for_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = folder / ".azsec" / "local.identity"
    identity.mkdir(parents=True)
    write_running(identity, Running("https://localhost:1", "t", "s", "c", "", ""))
    assert run_guarded(app, ["local", "env"]) == ExitCode.ERROR
    assert "runs with the state file" in capsys.readouterr().err


FORMATS = [
    ("sh", "export AZURE_SUBSCRIPTION_ID='it'\"'\"'s'\n"),
    ("fish", "set -gx AZURE_SUBSCRIPTION_ID 'it'\"'\"'s'\n"),
    ("powershell", "$env:AZURE_SUBSCRIPTION_ID = 'it''s'\n"),
    ("dotenv", "AZURE_SUBSCRIPTION_ID=it's\n"),
    ("json", '  "AZURE_SUBSCRIPTION_ID": "it\'s",\n'),
]


@pytest.mark.parametrize(("form", "line"), FORMATS, ids=[row[0] for row in FORMATS])
def test_variables_are_printed_as_a_shell_reads_them(
    folder: Path, catalog: Catalog, form: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with LocalAzure.start(catalog, folder / ".azsec" / "local.db") as local:
        identity = folder / ".azsec" / "local.identity"
        identity.mkdir(exist_ok=True)
        write_running(identity, Running(local.endpoint, local.tenant, "it's", "c", "", ""))
        assert run_guarded(app, ["local", "env", "--output", form]) == ExitCode.SUCCESS
    assert line in capsys.readouterr().out


def test_without_tls_there_is_nothing_to_trust() -> None:
    plain = variables_of(Running("http://127.0.0.1:8470", "t", "s", "c", "", ""))
    safe = variables_of(Running("https://localhost:8470", "t", "s", "c", "trust.pem", "ca.pem"))
    assert set(safe) - set(plain) == {
        "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
    }  # fmt: skip


def test_what_this_machine_trusts_is_trusted_as_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "company.pem").write_text("COMPANY\n")
    (folder / "identity").mkdir()
    (folder / "identity" / "ca.pem").write_text("OURS\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "company.pem"))
    trust = write_trust(folder / "identity", folder / "identity" / "ca.pem")
    assert trust.read_text() == "COMPANY\nOURS\n"

    monkeypatch.setenv("SSL_CERT_FILE", str(trust))
    again = write_trust(folder / "identity", folder / "identity" / "ca.pem").read_text()
    assert again.count("OURS") == 1, "a shell that has the variables starts it anew"


def test_subscriptions_are_those_of_the_environments(folder: Path) -> None:
    tenant, own = "6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8", "33333333-3333-3333-3333-333333333333"
    hub = "44444444-4444-4444-4444-444444444444"
    for name, text in {
        "base": f"kind: EnvironmentBase\ntenantId: {tenant}\nsubscriptions: {{hub: {hub}}}\n",
        "dev": f"extends: base.yaml\nsubscriptions: {{workload: {own}}}\n",
        "new": "tenantId: 00000000-0000-0000-0000-000000000000\nsubscriptions: {main: later}\n",
        "torn": "subscriptions: [\n",
    }.items():
        (folder / "environments").mkdir(exist_ok=True)
        (folder / "environments" / f"{name}.yaml").write_text(text)
    found = {each.id: (each.name, each.tenant) for each in stated_by_files()}
    assert found == {hub: ("base hub", tenant), own: ("dev workload", tenant)}


def test_a_directory_is_read_with_what_follows_from_names(folder: Path) -> None:
    (folder / "directory.yaml").write_text(DIRECTORY)
    directory = load_directory(Path("directory.yaml"))
    user, pipeline, reviewers, platform = directory.declared
    again = load_directory(Path("directory.yaml"))

    assert directory == again, "ids that follow from names are the same each time"
    assert directory.is_closed
    assert pipeline.app_id == "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"
    assert [each.subject for each in pipeline.federations or ()] == ["repo:contoso/platform"]
    assert reviewers.members == {user.object_id}
    assert directory.groups_of(user.object_id) == {reviewers.object_id, platform.object_id}
    assert directory.find_user("Ada@Contoso.Example") == user


WRONG = [
    ("    userPrincipalName: ada@contoso.example\n", "", "directory.yaml:4:5"),
    ("displayName: Ada", "name: Ada", "directory.yaml:4:5"),
    ("[reviewers, pipeline]", "[reviewers, pipelines]", "directory.yaml:16:26"),
    ("displayName: platform", "displayName: reviewers", "directory.yaml:15:18"),
    ("kind: Directory", "kind: Module", "directory.yaml:2:7"),
    ("5D9FA1A4-1d1f", "x", "directory.yaml:8:12"),
]


@pytest.mark.parametrize(("before", "after", "place"), WRONG, ids=[row[2] for row in WRONG])
def test_a_directory_that_does_not_fit_is_refused_at_its_place(
    folder: Path, before: str, after: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "directory.yaml").write_text(DIRECTORY.replace(before, after, 1))
    code = run_guarded(
        app, ["local", "serve", "--port", "0", "--entra-directory", "directory.yaml"]
    )
    said = capsys.readouterr().err
    assert code == ExitCode.ERROR
    assert place in said
