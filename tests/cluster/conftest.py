"""API servers for the tests of a cluster: one a version and process, wiped after each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from cluster_tools.binaries import MINORS
from tests.cluster.api_server import ApiServer, run_api_server


@pytest.fixture(scope="session")
def find_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ApiServer]]:
    """Return the API server of a minor version; it runs from the first test on that asks for it."""
    running: dict[str, ApiServer] = {}
    with ExitStack() as stack:

        def find(minor: str) -> ApiServer:
            if minor not in running:
                folder = tmp_path_factory.mktemp(f"api-server-{minor}")
                running[minor] = stack.enter_context(run_api_server(minor, folder))
            return running[minor]

        yield find


@pytest.fixture(scope="session")
def newest_server(find_server: Callable[[str], ApiServer]) -> ApiServer:
    """The newest API server; what a test leaves there, the next one finds."""
    return find_server(MINORS[0])


@pytest.fixture
def server(newest_server: ApiServer) -> Iterator[ApiServer]:
    """The newest API server, with nothing on it but what it made itself."""
    yield newest_server
    newest_server.wipe()


@pytest.fixture(scope="session", params=MINORS)
def each_server(
    request: pytest.FixtureRequest, find_server: Callable[[str], ApiServer]
) -> ApiServer:
    """An API server of each minor version that can be built."""
    return find_server(request.param)
