"""A TCP proxy before PostgreSQL, Redis or Graph, in which the network fails as told.

It knows nothing of what it carries: TLS passes as it is. Faults are set from the test's thread and strike connections
that are open as well as new ones.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

BYTES = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST
ACTS_WITHIN = 0.3
"""Seconds in which a server has acted on what it was sent."""
Answer = TypeVar("Answer")


@dataclass
class Cut:
    """End the connection at the next `times` chunks from the client that contain `pattern`.

    `delivered`: after the server has got the chunk, so that it acts and nobody hears of it; otherwise before.
    """

    pattern: bytes
    delivered: bool
    times: int = 1
    happened: int = 0


@dataclass(eq=False)
class _Pair:
    """One connection: the client's side and the server's. While it is `deaf` nothing passes it, and nobody is told."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    deaf: bool = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            with suppress(OSError, AttributeError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class FaultProxy:
    """Listens at 127.0.0.1:`port` and carries to `target`. Use it in a `with`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.port = 0
        self._latency = 0.0
        self._is_blackhole = self._refuses = False
        self._cuts: list[Cut] = []
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *exception: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def heal(self) -> None:
        """New and remaining connections work; those that went deaf stay so until they are reset."""
        self._call(lambda: setattr(self, "_latency", 0.0))
        self._call(lambda: setattr(self, "_is_blackhole", False))
        self._call(lambda: setattr(self, "_refuses", False))
        self._call(self._cuts.clear)
        self._call(self._reset_deaf)

    def slow(self, seconds: float) -> None:
        """Each chunk in either direction takes that much longer."""
        self._call(lambda: setattr(self, "_latency", seconds))

    def blackhole(self) -> None:
        """Connections are accepted and stay open; nothing passes."""
        self._call(lambda: setattr(self, "_is_blackhole", True))

    def refuse(self) -> None:
        """Each new connection is reset at once; open ones go on."""
        self._call(lambda: setattr(self, "_refuses", True))

    def reset_all(self) -> None:
        self._call(self._reset_pairs)

    def half_open(self) -> None:
        """The server's side of each open connection is closed; the client is not told and hears nothing more."""
        self._call(self._deafen_pairs)

    def cut(self, pattern: bytes, *, delivered: bool, times: int = 1) -> Cut:
        """See `Cut`; `happened` of what is returned counts."""
        order = Cut(pattern, delivered, times)
        self._call(lambda: self._cuts.append(order))
        return order

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        for pair in list(self._pairs):
            pair.reset()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._refuses:
            return to_client.transport.abort()
        while self._is_blackhole:
            await asyncio.sleep(0.05)
        try:
            from_server, to_server = await asyncio.open_connection(*self.target)
        except OSError:
            return to_client.transport.abort()
        pair = _Pair(to_client, to_server)
        self._pairs.add(pair)
        carriers = [
            asyncio.ensure_future(self._carry(pair, from_client, to_server, cuts=True)),
            asyncio.ensure_future(self._carry(pair, from_server, to_client, cuts=False)),
        ]
        await asyncio.wait(carriers, return_when=asyncio.FIRST_COMPLETED)
        while pair.deaf:
            await asyncio.sleep(0.05)
        for carrier in carriers:
            carrier.cancel()
        self._pairs.discard(pair)
        for writer in (to_client, to_server):
            writer.close()
        return None

    async def _carry(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, cuts: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(BYTES):
                if self._latency:
                    await asyncio.sleep(self._latency)
                while self._is_blackhole or pair.deaf:
                    await asyncio.sleep(0.05)
                order = self._cut_for(chunk) if cuts else None
                pair.deaf = order is not None  # the answer must not pass before the connection is cut
                if order is None or order.delivered:
                    writer.write(chunk)
                    await writer.drain()
                if order is not None:
                    await asyncio.sleep(ACTS_WITHIN if order.delivered else 0)
                    pair.deaf = False
                    return pair.reset()
        return None

    def _cut_for(self, chunk: bytes) -> Cut | None:
        for order in self._cuts:
            if order.happened < order.times and order.pattern in chunk:
                order.happened += 1
                return order
        return None

    def _reset_pairs(self) -> None:
        for pair in list(self._pairs):
            pair.reset()

    def _deafen_pairs(self) -> None:
        for pair in list(self._pairs):
            pair.deaf = True
            pair.server.transport.abort()

    def _reset_deaf(self) -> None:
        for pair in list(self._pairs):
            if pair.deaf:
                pair.deaf = False
                pair.reset()

    def _call(self, act: Callable[[], object]) -> None:
        async def run() -> None:
            act()

        self._run(run())

    def _run(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)
