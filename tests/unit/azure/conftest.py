from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from provisioner.azure.client import DEFAULT_BUDGET, ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.azure.retry import RetryBudget
from tests.unit.azure.scripted_server import STAMP, FakeTime, ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def open_client(server: ScriptedServer, time: FakeTime) -> Iterator[Callable[..., ArmClient]]:
    with ExitStack() as stack:

        def open_one(budget: RetryBudget = DEFAULT_BUDGET, parallelism: int = 4) -> ArmClient:
            client = ArmClient.open(
                local_cloud(server.endpoint),
                LocalToken(),
                parallelism=parallelism,
                retry=budget,
                sleep=time.sleep,
                clock=time.clock,
                stamp=lambda: STAMP,
            )
            return stack.enter_context(client)

        yield open_one


@pytest.fixture
def client(open_client: Callable[..., ArmClient]) -> ArmClient:
    return open_client()
