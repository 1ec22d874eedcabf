"""The server that the other tests talk to is a real one, of the version that they name."""

import subprocess
import sys
import time
from pathlib import Path

from cluster_tools.binaries import MINORS, etcd_path
from tests.cluster.api_server import ApiServer, require_tools
from tests.environments import ROOT


def test_each_version_that_can_be_built_answers_with_its_version(each_server: ApiServer) -> None:
    told = each_server.get("/version")
    assert f"{told['major']}.{told['minor']}" == each_server.minor


def test_a_wipe_leaves_nothing_of_a_test(server: ApiServer) -> None:
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "left"}})
    server.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "left", "namespace": "left"},
        }
    )
    server.wipe()
    assert server.request("GET", "/api/v1/namespaces/left").status_code == 404
    assert server.request("GET", "/api/v1/namespaces/left/configmaps/left").status_code == 404


def test_who_has_no_role_is_refused(server: ApiServer) -> None:
    assert server.request("GET", "/api/v1/secrets", person="nobody").status_code == 403


def test_a_server_ends_with_who_started_it_however_that_ends(tmp_path: Path) -> None:
    """A run of tests that is killed leaves no server behind."""
    require_tools(MINORS[0])
    started = f"[{str(etcd_path())!r}, '--data-dir={tmp_path / 'etcd'}']"
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.cluster.api_server import running\n"
        f"with running({started}, Path({str(tmp_path / 'log')!r})) as process:\n"
        "    print(process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        assert Path(f"/proc/{server}").is_dir()
        parent.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{server}").is_dir():
        assert time.monotonic() < end, "etcd runs on"
        time.sleep(0.05)
