"""Ways to an API server: what is taken, and what is refused before a token leaves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.cli.cluster_access import ApiServerAccess, find_connection
from provisioner.cli.session import Session
from provisioner.documents.trace import StateKind
from provisioner.kube.in_cluster import read_in_cluster
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.model.diagnostic import DiagnosticError
from tests.environments import ROOT

SERVER = "https://127.0.0.1:6443"


def write(folder: Path, user: dict[str, Any], **cluster: Any) -> Path:
    content = {
        "current-context": "c",
        "clusters": [{"name": "k", "cluster": {"server": SERVER, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


REFUSED = (
    ("no-tls", {"token": "t"}, {"server": "http://127.0.0.1"}, "Expected https"),
    ("not-verified", {"token": "t"}, {"insecure-skip-tls-verify": True}, "verification of TLS"),
    ("basic", {"username": "a", "password": "b"}, {}, "'username'"),
    ("impersonation", {"token": "t", "as": "root"}, {}, "'as'"),
    ("proxy", {"token": "t"}, {"proxy-url": "http://127.0.0.1:1"}, "'proxy-url'"),
    ("password", {"token": "t"}, {"server": "https://me:pw@127.0.0.1"}, "a user or a password"),
    ("no-key", {"client-certificate-data": "YQ=="}, {}, "without client-key"),
    ("no-certificate", {"client-key-data": "YQ=="}, {}, "without client-certificate"),
    ("no-base64", {"token": "t"}, {"certificate-authority-data": "%"}, "is not base64"),
    ("query", {"token": "t"}, {"server": f"{SERVER}/?a=b"}, "a query or a fragment"),
    ("port", {"token": "t"}, {"server": "https://h:99999"}, "Expected https://HOST"),
    ("bracket", {"token": "t"}, {"server": "https://[::1"}, "Expected https://HOST"),
    ("no-text", {"token": "t"}, {"server": 7}, "server of the cluster 'k' is a number"),
    ("name", {"token": "t"}, {"tls-server-name": 5}, "tls-server-name .* is a number"),
    ("flag", {"token": "t"}, {"insecure-skip-tls-verify": "no"}, "Expected true or false"),
    ("list-for-token", {"token": ["t"]}, {}, "token of the user 'u' is a list"),
    ("plugin", {"exec": "kubelogin"}, {}, "exec of the user 'u' is a text"),
    ("arguments", {"exec": {"command": "x", "args": 3}}, {}, "Expected a list"),
    ("variables", {"exec": {"command": "x", "env": [4]}}, {}, "an entry of env is a number"),
)


@pytest.mark.parametrize(("name", "user", "cluster", "says"), REFUSED)
def test_what_would_give_a_token_away_is_refused(
    tmp_path: Path, name: str, user: dict[str, Any], cluster: dict[str, Any], says: str
) -> None:
    with pytest.raises(DiagnosticError, match=says):
        read_kubeconfig(write(tmp_path, user, **cluster), None)


WHOLE = "current-context: c\nclusters: [{name: k, cluster: {server: 'https://h'}}]\n"
WRONG = (
    (b"", "config:1:1: error: .* is empty"),
    (b" \n", "config:1:1: error: .* is empty"),
    (b"a: 1\nb: \xff\n", "config:2:4: error: .* is not UTF-8"),
    (b"- a\n", "config:1:1: error: .* it is a list"),
    (b"a: [\n", "config:2:1: error: "),
    (b"current-context: 3\n", "config:1:1: error: current-context .* is a number"),
    (f"{WHOLE}contexts: 7\n".encode(), "config:3:1: error: contexts .* is a number"),
    (f"{WHOLE}contexts: [7]\n".encode(), "config:3:12: error: an entry of contexts is a number"),
    (
        f"{WHOLE}contexts: [{{name: c, context: null}}]\n".encode(),
        "config:3:13: error: the context 'c' is empty",
    ),
    (
        f"{WHOLE}contexts: [{{name: c, context: {{user: u}}}}]\n".encode(),
        "config:3:31: error: the context 'c' names no cluster",
    ),
    (
        f"{WHOLE}contexts: [{{name: c, context: {{cluster: z, user: u}}}}]\n".encode(),
        "config:3:32: error: there is no cluster 'z'",
    ),
)


@pytest.mark.parametrize(("content", "says"), WRONG)
def test_a_file_that_is_no_kubeconfig_is_told_with_the_place(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(DiagnosticError, match=says):
        read_kubeconfig(path, None)


def test_a_kubeconfig_names_regular_files_of_a_bounded_size(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"-" * (2**20 + 1))
    for name, says in (
        ("pipe", "expected a regular file"),
        ("/dev/zero", "expected a regular file"),
        ("large", "larger than 1 MiB"),
    ):
        path = write(tmp_path, {"token": "t"}, **{"certificate-authority": name})
        with pytest.raises(DiagnosticError, match=f"certificate-authority: .*{says}.*: {name}"):
            read_kubeconfig(path, None)
    with pytest.raises(DiagnosticError, match="expected a regular file"):
        read_kubeconfig(tmp_path / "pipe", None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not a line of ASCII"),
        (b"a\nb", "is not a line of ASCII"),
    ],
)
def test_a_file_without_a_token_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "token").write_bytes(content)
    found = read_kubeconfig(write(tmp_path, {"tokenFile": "token"}), None)
    assert found.token is not None
    with pytest.raises(DiagnosticError, match=says):
        found.token(False)


def test_a_context_that_is_missing_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="there is no context 'd'"):
        read_kubeconfig(write(tmp_path, {"token": "t"}), "d")


def test_an_exec_plugin_gives_the_token_and_is_asked_again_when_it_is_refused(
    tmp_path: Path,
) -> None:
    script = tmp_path / "plugin"
    status = {"token": "made-by-NUMBER"}
    answer = json.dumps({"kind": "ExecCredential", "status": status})
    script.write_text(
        f"#!/bin/sh\necho x >> runs\nN=$(wc -l < runs)\necho '{answer}' | sed s/NUMBER/$N/\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    runs = tmp_path / "runs"
    text = script.read_text(encoding="utf-8").replace("runs", str(runs))
    script.write_text(text, encoding="utf-8")
    found = read_kubeconfig(write(tmp_path, {"exec": {"command": "./plugin"}}), None)
    assert found.token is not None
    assert [found.token(False), found.token(False), found.token(True)] == [
        "made-by-1",
        "made-by-1",
        "made-by-2",
    ]


def test_a_plugin_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    user = {"exec": {"command": "no-such-plugin", "installHint": "Install it."}}
    found = read_kubeconfig(write(tmp_path, user), None)
    assert found.token is not None
    with pytest.raises(DiagnosticError, match=r"not installed.*Install it"):
        found.token(False)


def test_outside_of_a_pod_there_is_no_service_account(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="this is not a pod"):
        read_in_cluster({}, tmp_path)


def test_in_a_pod_its_token_is_read_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("pem", encoding="utf-8")
    token = tmp_path / "token"
    token.write_text("one\n", encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    found = read_in_cluster(environ, tmp_path)
    assert found.server == "https://[fd00::1]:443"
    assert found.token is not None
    assert found.token(False) == "one"
    token.write_text("two", encoding="utf-8")
    assert found.token(False) == "two"


def test_a_plugin_whose_token_ends_at_no_known_time_is_told(tmp_path: Path) -> None:
    status = {"token": "t", "expirationTimestamp": "2026-11-30T12:00:00"}
    script = tmp_path / "plugin"
    script.write_text(f"#!/bin/sh\necho '{json.dumps({'status': status})}'\n", encoding="utf-8")
    script.chmod(0o755)
    found = read_kubeconfig(write(tmp_path, {"exec": {"command": "./plugin"}}), None)
    assert found.token is not None
    with pytest.raises(DiagnosticError, match="without a time zone"):
        found.token(False)


def test_a_pod_without_an_authority_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t", encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(DiagnosticError, match=r"ca\.crt: No such file"):
        read_in_cluster(environ, tmp_path)


def test_a_context_is_of_the_kubeconfig_of_the_variable_where_the_environment_states_no_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path, {"token": "t"})))
    with Session(
        cloud=None, local_state=None, parallelism=1, realistic=None, quiet=True
    ) as session:
        desired, _ = session.find_objects(str(ROOT / "environments/local.yaml"), StateKind.DESIRED)

    def refuse() -> Any:
        raise AssertionError("Azure is not asked")

    found = find_connection(desired, ApiServerAccess(None, "c", None, None), refuse)
    assert (found.server, found.way) == (SERVER, f"kubeconfig {tmp_path / 'config'}, context c")
    with pytest.raises(DiagnosticError, match="there is no context 'd'"):
        find_connection(desired, ApiServerAccess(None, "d", None, None), refuse)
    with pytest.raises(DiagnosticError, match="or --context NAME"):
        find_connection(desired, ApiServerAccess(None, None, None, None), refuse)
