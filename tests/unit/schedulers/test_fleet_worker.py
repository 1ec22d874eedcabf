"""The worker process of a fleet, as the command that hands items out sees it."""

import json
import subprocess
import sys

WORKER = "from provisioner.cli.fleet_worker import serve_items; serve_items()"


def test_a_worker_whose_command_was_killed_ends_without_a_traceback(tmp_path):
    item = json.dumps(json.dumps({"command": "drift", "path": "no-such.yaml", "options": {}}))
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdout.close()
        worker.stdin.write(f"{item}\n")
        worker.stdin.flush()
        assert worker.wait(60) == 0
        assert worker.stderr is not None
        assert worker.stderr.read() == ""
