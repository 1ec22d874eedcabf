"""Several built-in Azures behind one address, as the regions of Azure Resource Manager are: each
request goes to the server that has its subscription."""

import asyncio
import re
import threading
from collections.abc import Sequence
from types import TracebackType

_SUBSCRIPTION = re.compile(rb"/?subscriptions(?:/|\":\s*\[\s*\")([0-9a-fA-F]{8})-")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Front:
    """Listens on a port of 127.0.0.1 while its `with` block lasts, and passes requests on.

    The subscription with the number n (the first eight digits of its id, from 1) is at the server
    `ports[(n - 1) % len(ports)]`; what names none is answered by the first.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> "Front":
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = int(server.sockets[0].getsockname()[1])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        servers: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        try:
            while True:
                message = await _read_message(reader)
                port = self._port_of(message)
                if port not in servers:
                    servers[port] = await asyncio.open_connection("127.0.0.1", port)
                answers, requests = servers[port]
                requests.write(message)
                writer.write(await _read_message(answers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for _, requests in servers.values():
                requests.close()
            writer.close()

    def _port_of(self, message: bytes) -> int:
        line, _, rest = message.partition(b"\r\n")
        found = _SUBSCRIPTION.search(line) or _SUBSCRIPTION.search(rest.partition(_END)[2])
        number = int(found[1]) if found is not None and found[1].isdigit() else 1
        return self._ports[(number - 1) % len(self._ports)]


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Return a request or an answer with its content, whose length is in its head. azsec
    sends no HEAD, whose answers have a length and no content."""
    head = await reader.readuntil(_END)
    length = _LENGTH.search(head)
    if length is None:
        return head
    return head + await reader.readexactly(int(length[1]))
