"""Starts and stops the built-in Azure: in a thread of this process, or in the foreground."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType, TracebackType
from typing import cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.application import Application, RecordedRequest
from provisioner.simulator.arm.open_types import open_catalog
from provisioner.simulator.protocol.admission import LARGEST_HEADERS, LONGEST_URL
from provisioner.simulator.protocol.faults import Faults
from provisioner.simulator.state.clock import Clock, SystemClock
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.store import Store

_LOOPBACK = "127.0.0.1"
_SYSTEM_CLOCK = SystemClock()
_CONNECTIONS = 512
_SECONDS_FOR_HEADERS = 30.0


class LocalAzure:
    """An Azure Resource Manager on loopback, for as long as the `with` block lasts.

        with LocalAzure.start(catalog, None) as local:
            client = NetworkManagementClient(credential, subscription, base_url=local.endpoint)

    It listens on 127.0.0.1 only and takes any bearer token.
    """

    def __init__(self, application: Application, listener: socket.socket) -> None:
        self._application = application
        self._server = _Server(_config(application))
        self._listener = listener
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [listener]},
            name="azsec-local-azure",
            daemon=True,
        )

    @staticmethod
    def start(
        catalog: Catalog,
        state: Path | None,
        *,
        port: int = 0,
        clock: Clock = _SYSTEM_CLOCK,
        realistic: float | None = None,
        allowed_actions: Collection[str] | None = None,
    ) -> "LocalAzure":
        """Start a server in a daemon thread and return it, ready for requests.

        `state` is the file that survives the process, None for memory only. `port` 0 takes a free
        one. `realistic` is how much of `ResourceType.seconds` a long operation takes by `clock`;
        None finishes it at its first poll. `allowed_actions` are the caller's permissions
        (`*/read`); None for all. Raises DiagnosticError where the state or the port is not to
        be had.
        """
        cloud = Cloud(open_catalog(catalog), Store(state), clock, realistic)
        local = LocalAzure(Application(cloud, allowed_actions), _listen(port, cloud.store))
        local._thread.start()
        return local

    @property
    def endpoint(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://{_LOOPBACK}:{self._listener.getsockname()[1]}"

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The requests answered so far, the oldest first."""
        return self._application.requests

    @property
    def demanded_actions(self) -> frozenset[str]:
        """The actions of Azure RBAC that the requests so far took."""
        return self._application.demanded_actions

    @property
    def allowed_actions(self) -> Collection[str] | None:
        """The caller's permissions (`*/read`), None for all: may be set at any time."""
        return self._application.cloud.allowed_actions

    @allowed_actions.setter
    def allowed_actions(self, actions: Collection[str] | None) -> None:
        self._application.cloud.allowed_actions = actions

    def resource_ids(self) -> tuple[str, ...]:
        """Return the id of every resource, groups included, the oldest first."""
        return tuple(row.id.text for _, row in self._application.cloud.store.resources.items())

    @property
    def faults(self) -> Faults:
        """The faults to inject: rules can be added and cleared at any time."""
        return self._application.cloud.faults

    @property
    def page_size(self) -> int:
        """How many items a page of a list holds at most."""
        return self._application.cloud.page_size

    @page_size.setter
    def page_size(self, size: int) -> None:
        self._application.cloud.page_size = size

    def close(self) -> None:
        """Stop the server and close its state. What has been answered has been kept.

        A server that is closed already stays so.
        """
        if not self._thread.is_alive():
            return
        self._server.stop()
        self._thread.join()
        self._application.cloud.store.close()

    def __enter__(self) -> "LocalAzure":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Protocol(H11Protocol):
    """HTTP/1.1 that gives up a client whose request does not begin to be one in time.

    uvicorn bounds the wait between two requests, and a client that sends a byte now and then for
    ever would keep its connection (`read_body` does the same for what follows the headers).
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a new request start the wait for the rest of its headers."""
        if self._is_idle() and self._waiting is None:
            self._wait()
        super().data_received(data)
        if not self._is_idle():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None until the first request
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(_SECONDS_FOR_HEADERS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if self._is_idle():
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server that stops at once: uvicorn's own looks for its end ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Ask the server to stop, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        """Wait until the server is to stop."""
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners and the connections: no answer outlives its request."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


def serve_forever(
    catalog: Catalog,
    state: Path | None,
    *,
    port: int = 0,
    realistic: float | None = None,
    on_start: Callable[[str], None],
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; call `on_start` with the endpoint first.

    The arguments are those of `LocalAzure.start`, which says what is raised.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    with LocalAzure.start(catalog, state, port=port, realistic=realistic) as local:
        before = {
            number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            on_start(local.endpoint)
            stop.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _config(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="off",
        loop="asyncio",
        http=_Protocol,
        h11_max_incomplete_event_size=LONGEST_URL + LARGEST_HEADERS,
        limit_concurrency=_CONNECTIONS,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )


def _listen(port: int, store: Store) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
        listener.listen(128)
    except OSError as problem:
        with contextlib.suppress(OSError):
            listener.close()
        store.close()
        raise DiagnosticError(
            error(
                "local-port-unavailable",
                f"The built-in Azure cannot listen on port {port}: {problem.strerror}.",
                hint="Choose another port, or none for a free one.",
            )
        ) from problem
    return listener
