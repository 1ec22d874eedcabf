"""HTTP/1.1 on loopback by uvicorn: bounded waits, TLS, immediate shutdown."""

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
    """Return the configuration of the server: with TLS if there is a certificate."""
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
    """HTTP/1.1 that disconnects a client whose headers do not arrive in time.

    uvicorn bounds the wait between two requests only: a client that sends a byte now and then would
    keep its connection for ever. `read_body` bounds the wait for the body.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of a new connection."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Handle received bytes; the first ones of a request start the timer for its headers."""
        if self._is_idle() and self._timer is None:
            self._start_timer()
        super().data_received(data)
        if not self._is_idle():
            self._cancel_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer of a closed connection."""
        self._cancel_timer()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None until the first request
        return cycle is None or cycle.response_complete

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(_SECONDS_FOR_HEADERS, self._abort_if_idle)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort_if_idle(self) -> None:
        self._timer = None
        if self._is_idle():
            self.transport.abort()


class HttpServer(uvicorn.Server):
    """A server that stops at once; uvicorn's own checks ten times a second whether to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Stop the server, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        """Wait until the server is stopped."""
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close listeners and connections at once: no answer outlives its request."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
