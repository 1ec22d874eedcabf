"""The lock of an apply that is interrupted or killed, on a real process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import StandingClock

_AZSEC = [sys.executable, "-c", "from provisioner.cli import main; main()"]
_ACCOUNT = """
  account:
    type: Microsoft.Storage/storageAccounts
    resourceGroup: main
    name: stlocktrial
    sku: {name: Standard_LRS}
    kind: StorageV2
    properties: {allowSharedKeyAccess: false, minimumTlsVersion: TLS1_2}
  container:
    type: Microsoft.Storage/storageAccounts/blobServices/containers
    parent: ${account.id}/blobServices/default
    name: lock-trial
"""
_NETWORK = """
  vnet:
    type: Microsoft.Network/virtualNetworks
    resourceGroup: main
    name: vnet-trial
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
  nodes:
    type: Microsoft.Network/virtualNetworks/subnets
    parent: ${vnet.id}
    name: nodes
    properties: {addressPrefix: 10.0.1.0/24}
"""
_BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: trial}
resourceGroups:
  main: {subscription: workload, name: rg-trial, location: westeurope}
resources:
"""
_ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: trial}
blueprint: blueprint.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {proofs: warn, controls: none}
lock:
  subscription: workload
  resourceGroup: rg-trial
  storageAccount: stlocktrial
  container: lock-trial
"""


class Place:
    """A folder with an environment whose lock exists, and an Azure whose clock the test moves."""

    def __init__(self, folder: Path, server: LocalAzure, clock: StandingClock) -> None:
        self.folder = folder
        self.clock = clock
        self._environ = {**os.environ, "AZSEC_LOCAL_ENDPOINT": server.endpoint}

    def describe(self, resources: str) -> None:
        """Write the files of an environment with these resources."""
        (self.folder / "trial.yaml").write_text(_ENVIRONMENT, encoding="utf-8")
        (self.folder / "blueprint.yaml").write_text(_BLUEPRINT + resources, encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*_AZSEC, *arguments],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Let Azure's time pass until a command has ended; return its exit code and its words."""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            self.clock.advance(1)
            time.sleep(0.05)
        out, err = process.communicate(timeout=5)
        return process.returncode, out + err

    def start_apply(self) -> subprocess.Popen[str]:
        """Start an apply that is making the network, and stays there while the clock stands."""
        process = self.start("apply", "trial.yaml", "--yes")
        assert process.stderr is not None
        for line in process.stderr:
            if "vnet  creating" in line:
                time.sleep(0.5)  # the request has left by then
                return process
        raise AssertionError("the network was never started")

    def state(self) -> str:
        code, told = self.finish(self.start("lock", "show", "trial.yaml"))
        assert code == 0, told
        found = re.search(r"^lease +(\w+)$", told, re.MULTILINE)
        assert found is not None, told
        return found[1]


@pytest.fixture
def place(tmp_path: Path, catalog: Catalog) -> Iterator[Place]:
    clock, state = StandingClock(), tmp_path / "azure.db"
    # The lock is made where no operation takes time; an account takes Azure a quarter of a minute.
    with LocalAzure.start(catalog, state, clock=clock) as server:
        quick = Place(tmp_path, server, clock)
        quick.describe(_ACCOUNT)
        assert quick.finish(quick.start("apply", "trial.yaml", "--yes", "-q"))[0] == 0
    with LocalAzure.start(catalog, state, clock=clock, realistic=1.0) as server:
        place = Place(tmp_path, server, clock)
        place.describe(_ACCOUNT + _NETWORK)
        yield place


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a cancelled job"])
def test_an_apply_that_is_interrupted_releases_its_lock(place: Place, sent: signal.Signals) -> None:
    process = place.start_apply()

    process.send_signal(sent)
    code, told = place.finish(process)

    assert code == 130, told
    assert place.state() == "available"


def test_an_apply_that_is_killed_leaves_a_lock_that_ends_by_itself(place: Place) -> None:
    process = place.start_apply()
    process.kill()
    process.communicate(timeout=5)

    second = place.start("apply", "trial.yaml", "--yes", "-q")
    out, err = second.communicate(timeout=60)
    assert second.returncode == 1, out
    assert "the lock of 'trial' is held by " in err
    assert "azsec lock break trial" in err

    place.clock.advance(61)
    assert place.state() == "expired"
    code, told = place.finish(place.start("apply", "trial.yaml", "--yes", "-q"))
    assert code == 0, told
    assert place.state() == "available"
