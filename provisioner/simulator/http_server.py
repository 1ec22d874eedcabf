"""HTTP/1.1 on loopback, by uvicorn: bounded waits, TLS, and an end that does not linger."""

import asyncio
import socket
from typing import cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from provisioner.simulator.application import Application
from provisioner.simulator.protocol.admission import LARGEST_HEADERS, LONGEST_URL
from provisioner.simulator.server_certificate import ServerCertificate

_CONNECTIONS = 512
_SECONDS_FOR_HEADERS = 30.0
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; what 1.3 has is good as it is."""


def configure(application: Application, certificate: ServerCertificate | None) -> uvicorn.Config:
    """Return how an application is served: with TLS where there is a certificate."""
    return uvicorn.Config(
        application,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
        ssl_ciphers=_CIPHERS,
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


class HttpServer(uvicorn.Server):
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
