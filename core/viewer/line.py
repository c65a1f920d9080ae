"""A slow line to a server of this machine, for the bench: bandwidth and delay as a distant reader has them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PIECE = 16 * 1024  # bytes
QUEUED = 4  # pieces waiting at the narrow place, as a router holds them


@dataclass
class Line:
    """One line for all connections together: `mbit` toward the reader, `delay_s` each way."""

    to: int
    mbit: float
    delay_s: float
    free_at: float = 0.0  # when the line has sent what was given to it

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        await asyncio.sleep(2 * self.delay_s)  # the handshake's way there and back
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        ways = [self._pass(reader, back, limited=False), self._pass(there, writer, limited=True)]
        with suppress(OSError):
            await asyncio.gather(*ways)
        for end in (writer, back):
            end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, limited: bool) -> None:
        on_their_way = int(self.delay_s * self.mbit * 1e6 / 8 / PIECE)
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUED + on_their_way)
        clock = asyncio.get_running_loop().time

        async def take() -> None:
            while True:
                data = await reader.read(PIECE)
                sent_at = clock()
                if limited:
                    self.free_at = sent_at = max(self.free_at, sent_at) + len(data) * 8 / (self.mbit * 1e6)
                await queue.put((sent_at + self.delay_s, data))
                if not data:
                    return

        taking = asyncio.create_task(take())
        try:
            while True:
                at, data = await queue.get()
                await asyncio.sleep(max(0.0, at - clock()))
                if not data:
                    return
                writer.write(data)
                await writer.drain()
        finally:
            taking.cancel()
            writer.close()


@contextmanager
def slow_line(to: int, *, mbit: float, delay_ms: float) -> Iterator[int]:
    """Lay a line to a port of this machine; yield the port at its other end. `delay_ms` is there and back."""
    loop = asyncio.new_event_loop()
    line = Line(to, mbit, delay_ms / 2000)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(line.connection, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:

        async def end() -> None:
            server.close()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
