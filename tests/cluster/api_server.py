"""A real etcd and kube-apiserver on loopback, for as long as a test needs them.

No kubelet and no controller manager run: objects are stored, defaulted, judged by admission and
RBAC, and nothing else happens to them. A namespace that is deleted therefore keeps its finalizer
until `ApiServer.wipe` takes it away.
"""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests
import yaml

from cluster_tools.binaries import etcd_path, is_built, server_path
from tests.cluster.credentials import ADMIN, ClientAuthority, write_account_key, write_tokens

_START_SECONDS = 120
_ATTEMPTS = 3
_PR_SET_PDEATHSIG = 1
_AT_ONCE = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}


def require_tools(minor: str) -> None:
    """Skip the test, saying so, where the tools are not built; in CI fail it."""
    if not is_built(minor):
        fail_or_skip(f"needs kube-apiserver {minor} and etcd (make cluster-tools)")


def fail_or_skip(message: str) -> NoReturn:
    """Skip the test, saying what it needs; in CI fail it, where .ci/run makes sure of that."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{message}: .ci/run builds and downloads what tests/cluster needs")
    pytest.skip(message)


@dataclass(frozen=True)
class ApiServer:
    """A running API server. `ca` is the file that it is verified with; `people` sign in by a token,
    or a certificate that their authority signs."""

    minor: str
    url: str
    ca: Path
    folder: Path
    people: ClientAuthority
    _session: requests.Session = field(default_factory=requests.Session, repr=False)
    _plurals: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Neither a proxy of the environment nor ~/.netrc has a say in who asks.
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections to it."""
        self._session.close()

    def request(
        self, method: str, path: str, body: object = None, *, person: str = ADMIN, **options: Any
    ) -> requests.Response:
        """Send a request as a person, given by name; `options` are those of requests."""
        headers = {"Authorization": f"Bearer token-{person}", **options.pop("headers", {})}
        return self._session.request(
            method,
            self.url + path,
            json=body,
            headers=headers,
            verify=str(self.ca),
            timeout=30,
            **options,
        )

    def get(self, path: str) -> dict[str, Any]:
        """Return what stands at a path."""
        answer = self.request("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def apply(self, *bodies: dict[str, Any], manager: str = "kubectl", person: str = ADMIN) -> None:
        """Apply objects as `kubectl apply --server-side --force-conflicts` does."""
        for body in bodies:
            answer = self.request(
                "PATCH",
                self.path_of(body),
                body,
                person=person,
                params={"fieldManager": manager, "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
            assert answer.ok, answer.text

    def patch(self, path: str, patch: object, kind: str = "merge", manager: str = "kubectl-edit"):
        """Patch an object as `kubectl edit` does."""
        answer = self.request(
            "PATCH",
            path,
            patch,
            params={"fieldManager": manager},
            headers={"Content-Type": f"application/{kind}-patch+json"},
        )
        assert answer.ok, answer.text
        return answer.json()

    def wait_for(self, path: str) -> None:
        """Wait until the server serves a path: a custom resource takes a moment."""
        end = time.monotonic() + _START_SECONDS
        while not self.request("GET", path).ok:
            assert time.monotonic() < end, path
            time.sleep(0.1)

    def delete(self, path: str) -> None:
        """Delete an object, or all of a collection."""
        answer = self.request("DELETE", path)
        assert answer.ok, answer.text

    def path_of(self, body: dict[str, Any]) -> str:
        """Return the path of an object, as the server's discovery says it."""
        api, kind = body["apiVersion"], body["kind"]
        root = f"/apis/{api}" if "/" in api else f"/api/{api}"
        if (api, kind) not in self._plurals:
            served = self.get(root)["resources"]
            found = next(r for r in served if r["kind"] == kind and "/" not in r["name"])
            self._plurals[api, kind] = found["name"], found["namespaced"]
        plural, is_namespaced = self._plurals[api, kind]
        namespace = body["metadata"].get("namespace", "default")
        within = f"/namespaces/{namespace}" if is_namespaced else ""
        return f"{root}{within}/{plural}/{body['metadata']['name']}"

    def kubeconfig(self, person: str = ADMIN, user: dict[str, Any] | None = None) -> Path:
        """Return the path of a kubeconfig with which a person signs in: by a token, or as `user`
        says."""
        path = self.folder / f"{person}.kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self.ca)},
                }
            ],
            "users": [{"name": person, "user": user or {"token": f"token-{person}"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": person}}],
        }
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        path.chmod(0o600)
        return path

    def wipe(self) -> None:
        """Delete everything that the server did not make itself when it started."""
        known = {"default", "kube-system", "kube-public", "kube-node-lease"}
        for root, resource in self._resources():
            # What judges requests goes first, or it would judge those of this wipe.
            for item in self.get(f"{root}/{resource}")["items"]:
                name, namespace = item["metadata"]["name"], item["metadata"].get("namespace")
                if self._is_own(resource, name, item) or (
                    resource == "namespaces" and name in known
                ):
                    continue
                within = f"/namespaces/{namespace}" if namespace else ""
                path = f"{root}{within}/{resource}/{name}"
                if item["metadata"].get("finalizers"):
                    self.patch(path, {"metadata": {"finalizers": None}})
                answer = self.request("DELETE", path, _AT_ONCE)
                assert answer.status_code in (200, 202, 404), answer.text
                if resource == "namespaces":
                    self._finish(item)

    def remove_namespace(self, name: str) -> None:
        """Delete a namespace in which nothing stands."""
        self.delete(f"/api/v1/namespaces/{name}")
        self._finish(self.get(f"/api/v1/namespaces/{name}"))

    def _finish(self, namespace: dict[str, Any]) -> None:
        """Take the finalizer of a deleted namespace away, as the controller manager would."""
        namespace["spec"]["finalizers"] = []
        namespace["metadata"].pop("resourceVersion")
        path = f"/api/v1/namespaces/{namespace['metadata']['name']}/finalize"
        self.request("PUT", path, namespace)

    @staticmethod
    def _is_own(resource: str, name: str, item: dict[str, Any]) -> bool:
        labels = item["metadata"].get("labels", {})
        return (
            "kubernetes.io/bootstrapping" in labels
            or labels.get("kube-aggregator.kubernetes.io/automanaged") is not None
            or name.startswith(("system-", "system:", "kube-root-ca.crt", "kube-apiserver-"))
            or (resource in ("services", "endpoints", "endpointslices") and name == "kubernetes")
            or resource
            in (
                "flowschemas",
                "prioritylevelconfigurations",
                "apiservices",
                "componentstatuses",
                "events",
                "leases",
                # A definition that goes and comes again is not served for a while.
                "customresourcedefinitions",
                "servicecidrs",
                "ipaddresses",
            )
            or name == "extension-apiserver-authentication"
        )

    def _resources(self) -> Iterator[tuple[str, str]]:
        groups = self.get("/apis")["groups"]
        roots = ["/api/v1", *(f"/apis/{g['preferredVersion']['groupVersion']}" for g in groups)]
        # Custom resources go before their definitions, namespaces last, admission first.
        roots.sort(key=lambda root: "admissionregistration" not in root)
        found = []
        for root in roots:
            for resource in self.get(root)["resources"]:
                if "list" in resource["verbs"] and "delete" in resource["verbs"]:
                    found.append((root, resource["name"]))
        last = ("customresourcedefinitions", "namespaces")
        return iter(sorted(found, key=lambda entry: entry[1] in last))


@contextmanager
def run_api_server(minor: str, folder: Path, arguments: Sequence[str] = ()) -> Iterator[ApiServer]:
    """Run an API server with an empty etcd in `folder`; both end with the context, or with us."""
    require_tools(minor)
    write_tokens(folder / "tokens.csv")
    write_account_key(folder / "accounts.key")
    with ExitStack() as stack:
        store = _run_store(stack, folder)
        yield _run_server(stack, minor, folder, store, arguments)


def _run_store(stack: ExitStack, folder: Path) -> str:
    """Run etcd, and return its URL. Somebody else may take a port that was free a moment ago."""
    for attempt in range(_ATTEMPTS):
        ports = _free_ports(2)
        url = f"http://127.0.0.1:{ports[0]}"
        command = [
            str(etcd_path()),
            f"--data-dir={folder / f'etcd-{attempt}'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls=http://127.0.0.1:{ports[1]}",
            "--unsafe-no-fsync",
            "--log-level=error",
        ]
        process = stack.enter_context(running(command, folder / "etcd.log"))
        if _is_up(process, partial(_is_healthy, url)):
            return url
    pytest.fail(f"etcd did not start:\n{(folder / 'etcd.log').read_text()[-3000:]}")


def _run_server(
    stack: ExitStack, minor: str, folder: Path, store: str, arguments: Sequence[str]
) -> ApiServer:
    log = folder / "kube-apiserver.log"
    people = ClientAuthority.make(folder / "clients.crt")
    for _ in range(_ATTEMPTS):
        (port,) = _free_ports(1)
        url, authority = f"https://127.0.0.1:{port}", folder / "certs/apiserver.crt"
        server = ApiServer(minor, url, authority, folder, people)
        command = [
            str(server_path(minor)),
            f"--etcd-servers={store}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'certs'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            f"--client-ca-file={folder / 'clients.crt'}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            # As on AKS: whether a pod may be privileged is for admission to say.
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={folder / 'accounts.key'}",
            f"--service-account-key-file={folder / 'accounts.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            *arguments,
        ]
        process = stack.enter_context(running(command, log))
        stack.callback(server.close)
        if _is_up(process, partial(_is_ready, server)):
            return server
    pytest.fail(f"kube-apiserver did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _is_healthy(url: str) -> bool:
    return requests.get(f"{url}/health", timeout=5).ok


def _is_ready(server: ApiServer) -> bool:
    # Namespaces of its own are made a moment after it says that it is ready.
    ready = ("/readyz", "/api/v1/namespaces/kube-system")
    return all(server.request("GET", path).ok for path in ready)


def _is_up(process: subprocess.Popen[bytes], ask: Callable[[], bool]) -> bool:
    """Wait until a server answers; tell whether it does, before it ends or takes too long."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if ask():
                return True
        except (requests.RequestException, OSError):
            pass
        time.sleep(0.2)
    return False


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the context, and no longer than this process lives."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    """Let the kernel end this process when the tests end, however they end."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
