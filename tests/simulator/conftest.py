"""Built-in Azures of the invented catalog and of azsec's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.simulator.access_options import Access
from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.server import LocalAzure
from tests.simulator.invented import invented_catalog
from tests.simulator.sdk import Connect, connect_to
from tests.simulator.setting import Caller, Setting, StandingClock

SIGNING_KEY = SigningKey()
"""Of all servers here: an RSA key takes a while to make."""


@pytest.fixture(scope="session")
def invented() -> Catalog:
    return invented_catalog()


@pytest.fixture(scope="session")
def real_catalog() -> Catalog:
    return build_catalog(all_types(), read_schema_index(all_types()))


@pytest.fixture
def run(invented: Catalog) -> Iterator[Callable[..., Setting]]:
    """Starts servers; all are closed at the end of the test."""
    with ExitStack() as stack:

        def start(state: Path | None = None, *, group: bool = True, **options: Any) -> Setting:
            clock = options.pop("clock", None) or StandingClock()
            options.setdefault("access", Access(signing_key=SIGNING_KEY))
            azure = stack.enter_context(LocalAzure.start(invented, state, clock=clock, **options))
            call = Caller(azure.endpoint)
            stack.callback(call.close)
            if group:
                call.create_group()
            return Setting(azure, call, clock)

        yield start


@pytest.fixture
def here(run: Callable[..., Setting]) -> Setting:
    """A built-in Azure whose long operations take no time."""
    return run()


@pytest.fixture
def slow(run: Callable[..., Setting]) -> Setting:
    """A built-in Azure whose long operations take their type's seconds, by a standing clock."""
    return run(realistic=1.0)


@pytest.fixture
def local(real_catalog: Catalog) -> Iterator[LocalAzure]:
    """A built-in Azure of azsec's own catalog with the group `rg` in it."""
    with LocalAzure.start(real_catalog, None) as local:
        connect_to(local)(ResourceManagementClient).resource_groups.create_or_update(
            "rg", {"location": "westeurope", "tags": {"env": "dev"}}
        )
        yield local


@pytest.fixture
def connect(local: LocalAzure) -> Connect:
    """Returns SDK clients of `local`."""
    return connect_to(local)
