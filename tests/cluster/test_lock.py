"""One apply at a time in a cluster: the Lease, on a real API server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.cluster_lease import (
    ClusterLease,
    Place,
    acquire_cluster_lease,
    break_cluster_lease,
    find_cluster_lease,
)
from provisioner.engine.lease import LEASE_SECONDS, LeaseHeldError, Timing
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import Bench

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
PLACE = Place("azsec-test", {"azsec.dev/environment": "test"})


class Clock:
    """A clock that only sleeping moves, beside the real time of day."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def sleep(self, seconds: float) -> None:
        self.elapsed += seconds

    @property
    def timing(self) -> Timing:
        start = datetime.now(UTC)
        return Timing(
            lambda: self.elapsed, lambda: start + timedelta(seconds=self.elapsed), self.sleep
        )


@pytest.fixture
def api(server: ApiServer) -> Iterator[KubeClient]:
    """A client, on a server without the Lease."""
    with KubeClient(read_kubeconfig(server.kubeconfig(), None)) as client:
        server.request("DELETE", f"{LEASES}/{PLACE.name}")
        yield client


def take(api: KubeClient, holder: str = "ada@dev", clock: Clock | None = None) -> ClusterLease:
    timing = (clock or Clock()).timing
    return acquire_cluster_lease(api, PLACE, holder, f"id-of-{holder}", timing, 0)


def test_a_lease_names_its_holder_and_ends_with_it(api: KubeClient) -> None:
    lease = take(api)
    status = find_cluster_lease(api, PLACE, datetime.now(UTC))
    assert (status.state, status.holder) == ("leased", "ada@dev")
    with pytest.raises(LeaseHeldError) as held:
        take(api, "bob@dev")
    assert held.value.status.holder == "ada@dev"
    lease.renew()
    assert lease.loss is None
    lease.release()
    assert not find_cluster_lease(api, PLACE, datetime.now(UTC)).is_held
    assert take(api, "bob@dev").loss is None


def test_of_several_at_once_one_takes_it(api: KubeClient) -> None:
    def attempt(number: int) -> bool:
        try:
            take(api, f"user{number}@dev")
        except LeaseHeldError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_one_that_ended_is_taken_over_once_the_clocks_may_differ_no_more(api: KubeClient) -> None:
    first = take(api)
    clock = Clock()
    clock.elapsed = LEASE_SECONDS + 20.0
    with pytest.raises(LeaseHeldError):
        take(api, "bob@dev", clock)
    clock.elapsed = LEASE_SECONDS + 31.0
    take(api, "bob@dev", clock)
    first.renew()
    assert first.loss == "bob@dev has it"
    first.release()
    assert find_cluster_lease(api, PLACE, datetime.now(UTC)).holder == "bob@dev"


def _break(api: KubeClient, server: ApiServer) -> None:
    break_cluster_lease(api, PLACE)


def _delete(api: KubeClient, server: ApiServer) -> None:
    server.delete(f"{LEASES}/{PLACE.name}")


def _label(api: KubeClient, server: ApiServer) -> None:
    server.patch(f"{LEASES}/{PLACE.name}", {"metadata": {"labels": {"a": "b"}}})


def test_a_lease_holds_an_hour_at_most_whatever_it_states(
    api: KubeClient, server: ApiServer
) -> None:
    take(api)
    path, now = f"{LEASES}/{PLACE.name}", datetime.now(UTC)
    server.patch(path, {"spec": {"leaseDurationSeconds": 2_147_483_647}})
    assert find_cluster_lease(api, PLACE, now).is_held
    assert not find_cluster_lease(api, PLACE, now + timedelta(seconds=3_660)).is_held
    server.patch(path, {"spec": {"renewTime": "9999-12-31T23:59:59.000000Z"}})
    forged = find_cluster_lease(api, PLACE, now)
    assert (forged.is_held, forged.expires) == (True, None)
    break_cluster_lease(api, PLACE)
    assert not find_cluster_lease(api, PLACE, now).is_held


@pytest.mark.parametrize(
    ("event", "loss"),
    [
        pytest.param(_break, "it was broken", id="broken by azsec lock break"),
        pytest.param(_delete, "it was deleted", id="deleted by kubectl"),
        pytest.param(_label, None, id="labelled by somebody, which moves its resourceVersion"),
    ],
)
def test_a_renewal_finds_out_what_others_did(
    api: KubeClient,
    server: ApiServer,
    event: Callable[[KubeClient, ApiServer], None],
    loss: str | None,
) -> None:
    lease = take(api)
    event(api, server)
    lease.renew()
    assert lease.loss == loss


def test_a_holder_that_cannot_renew_gives_up_before_another_may_take_it(api: KubeClient) -> None:
    clock = Clock()
    lease = take(api, clock=clock)
    clock.elapsed = LEASE_SECONDS - 4.0
    assert lease.loss == "it could not be renewed for 56 s"


@contextmanager
def _hanging_webhook(server: ApiServer) -> Iterator[None]:
    """A webhook for limit ranges that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["limitranges"],
            "operations": ["CREATE", "UPDATE"],
        }
        webhook = {
            "name": "slow.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 30,
            "clientConfig": {"url": f"https://127.0.0.1:{listener.getsockname()[1]}/"},
            "rules": [rule],
        }
        kind = "ValidatingWebhookConfiguration"
        body: dict[str, Any] = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "slow"},
            "webhooks": [webhook],
        }
        server.apply(body)
        try:
            yield
        finally:
            server.delete(f"/apis/admissionregistration.k8s.io/v1/{kind.lower()}s/slow")


def _find_held(server: ApiServer) -> str:
    """Wait until a Lease of azsec is held, other than the one of the tests; return its path."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for item in server.get(LEASES)["items"]:
            name = item["metadata"]["name"]
            is_held = item["spec"].get("holderIdentity") and name != PLACE.name
            if name.startswith("azsec-") and is_held:
                return f"{LEASES}/{name}"
        time.sleep(0.1)
    raise AssertionError("no apply took the Lease")


def _start_and_stop(
    server: ApiServer, command: list[str], folder: Path, environ: dict[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start an apply, and stop it (SIGSTOP) while it holds the Lease; return it, and the Lease's
    path. The API server gives a webhook up within seconds, so that on a slow machine it may have
    ended before it is stopped: then it is started again."""
    for _ in range(3):
        started = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        path = _find_held(server)
        started.send_signal(signal.SIGSTOP)
        if server.get(path)["spec"].get("holderIdentity"):
            return started, path
        started.send_signal(signal.SIGKILL)
        started.wait()
    raise AssertionError("each apply had ended before it could be stopped")


def test_a_second_apply_is_refused_and_goes_on_after_a_kill(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    config = str(server.kubeconfig())
    azsec = str(Path(sys.executable).parent / "azsec")
    command = [azsec, "cluster", "apply", "billing", "--yes", "--kubeconfig", config]
    environ = {**os.environ, "GITHUB_SERVER_URL": "https://github.com"}
    environ |= {"GITHUB_REPOSITORY": "contoso/platform", "GITHUB_RUN_ID": "42"}
    holder = "https://github.com/contoso/platform/actions/runs/42"
    with _hanging_webhook(server):
        first, path = _start_and_stop(server, command, bench.folder, environ)
        try:
            # It renews nothing now, and must not end before the second one looks, however slow
            # this machine is.
            later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            server.patch(path, {"spec": {"renewTime": later.replace("+00:00", "Z")}})
            second = bench.run("apply", "--yes")
            assert second.code == 1
            assert f"is held by {holder} since" in second.err
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
    in_cluster = ("--in-cluster", "--kubeconfig", config)
    shown = bench.azsec("lock", "show", "billing", *in_cluster, "-o", "json").document
    assert (shown["state"], shown["holder"]) == ("leased", holder)
    # Nobody renews it: time goes by.
    ended = (datetime.now(UTC) - timedelta(seconds=LEASE_SECONDS + 40)).isoformat()
    server.patch(path, {"spec": {"renewTime": ended.replace("+00:00", "Z")}})
    bench.apply()
    shown = bench.azsec("lock", "show", "billing", *in_cluster, "-o", "json").document
    assert (shown["state"], shown["holder"]) == ("available", None)


def test_a_refused_apply_releases_it_and_a_break_frees_it(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    assert bench.run("apply", "--digest", f"sha256:{'0' * 64}").code == 1
    (item,) = [i for i in server.get(LEASES)["items"] if i["metadata"]["name"] != PLACE.name]
    assert "holderIdentity" not in item["spec"]
    path = f"{LEASES}/{item['metadata']['name']}"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    server.patch(path, {"spec": {"holderIdentity": "ada@dev_1", "renewTime": now}})
    refused = bench.run("apply", "--yes")
    assert "`azsec lock break billing --in-cluster`" in refused.err
    in_cluster = ("--in-cluster", "--kubeconfig", str(server.kubeconfig()))
    assert bench.azsec("lock", "break", "billing", "--yes", *in_cluster).code == 0
    bench.apply()
