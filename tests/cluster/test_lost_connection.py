"""An apply whose way to the API server breaks tells what was done, what is unknown, what was not
sent. What stands in the way forwards requests to a real API server, until it does not."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench, Done
from tests.cluster.credentials import ADMIN
from tests.cluster.test_with_cluster import reach
from tests.unit.kube.loopback import Reply, Request, serving, write_kubeconfig

_LEASES = "/apis/coordination.k8s.io/"
BREAKS = {
    "lost": (None, "no-api-server", "unknown"),
    "portal": (Reply(200, b"<html>Sign in</html>"), None, "unknown"),
    "token-ended": (Reply(401, {"reason": "Unauthorized"}), "not-signed-in", "failed"),
}
"""What comes instead of an answer from the eleventh write on, the code that the apply is stopped
with (None: it is tried to the end), and how the steps end that met it."""


@contextmanager
def breaking(server: ApiServer, folder: Path, reply: Reply | None, after: int) -> Iterator[Path]:
    """Stand in the way of a server; yield the kubeconfig that leads here. After so many writes
    each of them meets `reply`: only those of Leases go on."""
    writes: list[str] = []

    def answer(request: Request) -> Reply | None:
        if request.is_write and not request.path.startswith(_LEASES):
            writes.append(request.path)
            if len(writes) > after:
                return reply
        kept = {k: v for k, v in request.headers.items() if k in ("Accept", "Content-Type")}
        body = json.loads(request.body) if request.body else None
        done = server.request(request.method, request.target, body, headers=kept)
        return Reply(done.status_code, done.content)

    with serving(answer) as url:
        yield write_kubeconfig(folder / "way.kubeconfig", url, f"token-{ADMIN}")


def apply_by(bench: Bench, config: Path) -> Done:
    return bench.azsec(
        "cluster", "apply", "billing", "--kubeconfig", str(config), "--yes", "-o", "json"
    )


@pytest.mark.parametrize("name", BREAKS)
def test_an_apply_whose_way_breaks_tells_what_it_did(
    server: ApiServer, tmp_path: Path, name: str
) -> None:
    reply, code, ended = BREAKS[name]
    bench = Bench.open(server, tmp_path / "bench")
    bench.write(ENVIRONMENT[: ENVIRONMENT.index("    - name: legacy")])
    with breaking(server, tmp_path, reply, 10) as config:
        done = apply_by(bench, config)
    assert done.code == 1, done.err
    assert "Traceback" not in done.err
    steps = done.document["steps"]
    outcomes = Counter(step["outcome"] for step in steps)
    assert outcomes["succeeded"] == 10
    assert outcomes[ended] >= 1
    assert sum(outcomes.values()) == outcomes["succeeded"] + outcomes[ended] + outcomes["skipped"]
    assert all(step["message"] for step in steps if step["outcome"] != "succeeded")
    told = [each["code"] for each in done.document["diagnostics"] if each["severity"] == "error"]
    assert told == ([] if code is None else [code])
    if code is not None:
        # No more are sent than were in flight at once.
        assert outcomes[ended] <= 8
        assert outcomes["skipped"] > 10
        (hint,) = [each["hint"] for each in done.document["diagnostics"]]
        assert "`azsec cluster apply billing`" in hint
    if name == "lost":
        # It is taken up from there.
        bench.apply()
        assert bench.run("plan", "--detailed-exitcode").code == 0


def test_the_second_half_of_an_apply_tells_what_it_did(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path / "bench")
    reach(bench, server.kubeconfig())
    assert bench.azure("apply", "--yes").code == 0
    with breaking(server, tmp_path, None, 10) as config:
        reach(bench, config)
        done = bench.azure("apply", "--with-cluster", "--yes", "-o", "json")
        shown = bench.azure("plan", "--with-cluster")
    assert done.code == 1, done.err
    outcomes = Counter(step["outcome"] for step in done.document["cluster"]["steps"])
    assert outcomes["succeeded"] == 10
    assert outcomes["unknown"]
    assert outcomes["skipped"]
    assert "were not sent" not in done.out + done.err
    assert shown.code == 0, shown.err


def test_a_plan_and_a_drift_check_whose_lists_break_say_which(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path / "bench")
    bench.apply()

    def answer(request: Request) -> Reply | None:
        if request.path.endswith("/clusterrolebindings") and request.method == "GET":
            return None
        if request.path.endswith("/rolebindings") and request.method == "GET":
            return Reply(302, b"", {"Location": "https://elsewhere/"})
        kept = {k: v for k, v in request.headers.items() if k in ("Accept", "Content-Type")}
        body = json.loads(request.body) if request.body else None
        done = server.request(request.method, request.target, body, headers=kept)
        return Reply(done.status_code, done.content)

    with serving(answer) as url:
        config = str(write_kubeconfig(tmp_path / "way.kubeconfig", url, f"token-{ADMIN}"))
        found = [
            bench.azsec("cluster", command, "billing", "--kubeconfig", config, "-o", "json")
            for command in ("drift", "plan")
        ]
    bindings = "rbac.authorization.k8s.io/v1/RoleBinding"
    everywhere = "rbac.authorization.k8s.io/v1/ClusterRoleBinding"
    # A plan reads every kind that can be declared: what is declared no longer is deleted.
    for done in found:
        assert done.code == 1, done.err
        unread = {each["listed"]: each["reason"] for each in done.document["census"]["unreadable"]}
        assert set(unread) == {bindings, everywhere}
        assert "redirected (302)" in unread[bindings]
        # No role would help.
        codes = {each["code"] for each in done.document["diagnostics"]}
        assert "no-api-server" in codes
        assert "forbidden" not in codes
