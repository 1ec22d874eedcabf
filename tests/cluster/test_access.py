"""Each way to an API server is gone on a real one: azsec is who it signs in as, and nobody else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.cluster_port import ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.connection import Connection
from provisioner.kube.in_cluster import read_in_cluster
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.model.kubernetes_error import KubernetesError
from tests.cluster.api_server import ApiServer
from tests.cluster.credentials import ADMIN

Way = Callable[[ApiServer, Path, str], Connection]
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


def by_token(server: ApiServer, _folder: Path, person: str) -> Connection:
    return read_kubeconfig(server.kubeconfig(person), None)


def by_token_file(server: ApiServer, folder: Path, person: str) -> Connection:
    (folder / "token").write_text(f"token-{person}\n", encoding="utf-8")
    return read_kubeconfig(server.kubeconfig(person, {"tokenFile": str(folder / "token")}), None)


def by_certificate(server: ApiServer, _folder: Path, person: str) -> Connection:
    return read_kubeconfig(server.kubeconfig(person, server.people.user_of(person)), None)


def by_plugin(server: ApiServer, folder: Path, person: str) -> Connection:
    """A plugin whose first token the server does not take, as one that has just ended."""
    command = write_plugin(folder, "ended", f"token-{person}")
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command}}
    return read_kubeconfig(server.kubeconfig(person, user), None)


def write_plugin(folder: Path, *tokens: str) -> str:
    """Write an exec plugin that gives tokens one after the other, and the last one from then on."""
    for number, token in enumerate(tokens, 1):
        told = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        (folder / f"{number}.json").write_text(json.dumps(told), encoding="utf-8")
    script = folder / "plugin"
    runs = folder / "runs"
    script.write_text(
        f"#!/bin/sh\necho run >> {runs}\nn=$(wc -l < {runs})\n"
        f'[ "$n" -lt {len(tokens)} ] || n={len(tokens)}\ncat {folder}/"$n".json\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return str(script)


WAYS: dict[str, Way] = {
    "token": by_token,
    "token-file": by_token_file,
    "client-certificate": by_certificate,
    "exec-plugin": by_plugin,
}


def who_am_i(api: KubeClient) -> dict[str, Any]:
    """Return who the server takes us for (kubernetes.io, "Authenticating", SelfSubjectReview)."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    (told,) = api.ask([ApiRequest("POST", path, body=review)])
    assert not isinstance(told, KubernetesError), told
    user = told["status"]["userInfo"]
    assert isinstance(user, dict)
    return user


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("person", [ADMIN, "deployer", "nobody"])
def test_a_kubeconfig_signs_in_as_its_user(
    server: ApiServer, tmp_path: Path, way: str, person: str
) -> None:
    with KubeClient(WAYS[way](server, tmp_path, person)) as api:
        user = who_am_i(api)
        (secrets,) = api.ask([ApiRequest("GET", "/api/v1/secrets")])
    assert user["username"] == person
    if person == ADMIN:
        assert "system:masters" in user["groups"]
        assert not isinstance(secrets, KubernetesError)
    else:
        assert isinstance(secrets, KubernetesError)
        assert secrets.is_forbidden
        assert person in secrets.message


def test_a_pod_signs_in_as_its_service_account(server: ApiServer, tmp_path: Path) -> None:
    account = {"metadata": {"name": "observer", "namespace": "default"}}
    server.apply({"apiVersion": "v1", "kind": "ServiceAccount", **account})
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = server.request("POST", f"{ACCOUNTS}/observer/token", request)
    # What the kubelet mounts into a pod: the token, and the authority of the API server.
    (tmp_path / "token").write_text(answer.json()["status"]["token"], encoding="utf-8")
    (tmp_path / "ca.crt").write_bytes(server.ca.read_bytes())
    host, _, port = server.url.removeprefix("https://").partition(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    with KubeClient(read_in_cluster(environ, tmp_path)) as api:
        assert who_am_i(api)["username"] == "system:serviceaccount:default:observer"
        # The kubelet replaces a token before it ends: the file is read anew for each request.
        (tmp_path / "token").write_text("ended", encoding="utf-8")
        (refused,) = api.ask([ApiRequest("GET", "/api/v1/namespaces")])
    assert isinstance(refused, KubernetesError)
    assert refused.status == 401


def test_a_certificate_of_another_authority_is_nobody(server: ApiServer, tmp_path: Path) -> None:
    other = type(server.people).make(tmp_path / "other.crt")
    config = server.kubeconfig(ADMIN, other.user_of(ADMIN))
    with KubeClient(read_kubeconfig(config, None)) as api:
        (no,) = api.ask([ApiRequest("GET", "/api/v1/namespaces")])
    assert isinstance(no, KubernetesError)
    assert no.status == 401


def test_a_server_that_another_authority_vouches_for_gets_no_token(
    server: ApiServer, tmp_path: Path
) -> None:
    wrong = tmp_path / "other.crt"
    type(server.people).make(wrong)
    text = server.kubeconfig().read_text(encoding="utf-8")
    config = tmp_path / "wrong.kubeconfig"
    config.write_text(text.replace(str(server.ca), str(wrong)), encoding="utf-8")
    with KubeClient(read_kubeconfig(config, None)) as api:
        (no,) = api.ask([ApiRequest("GET", "/api/v1/namespaces")])
    assert isinstance(no, KubernetesError)
    assert no.status == 0
    assert "certificate" in no.message
