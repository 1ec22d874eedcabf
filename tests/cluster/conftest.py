"""API servers for the tests of a cluster: one a version, wiped after each test."""

from collections.abc import Iterator

import pytest

from tests.cluster.api_server import MINORS, ApiServer, run_api_server


@pytest.fixture(scope="session")
def newest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The newest API server; what a test leaves there, the next one finds."""
    with run_api_server(MINORS[0], tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def server(newest_server: ApiServer) -> Iterator[ApiServer]:
    """The newest API server, with nothing on it but what it made itself."""
    yield newest_server
    newest_server.wipe()


@pytest.fixture(scope="session", params=MINORS)
def each_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """An API server of each minor version that can be built."""
    with run_api_server(request.param, tmp_path_factory.mktemp("api-server")) as server:
        yield server
