"""A load generator: closed loop, or open loop, where latency counts from the intended moment.

Where callers wait for answers before they ask again, a slow server slows them down, and its worst
moments are hardly measured (coordinated omission); so overload is an open loop.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import msgspec
import uvloop

_MOST_CONNECTIONS = 1000
_TICK_SECONDS = 0.001


class Asked(msgspec.Struct, frozen=True):
    """Where to ask, the bytes to send, and the body of the right answer."""

    port: int
    raw: bytes
    expected: bytes


class Load(msgspec.Struct):
    """Seconds that answers took, accepted and refused ones; and what was wrong.

    `wrong` are answers that were neither the right one nor a 503 with `Retry-After`, requests
    without any, and connections that were closed without a word.
    """

    seconds: float = 0.0
    accepted: list[float] = msgspec.field(default_factory=list)
    refused: list[float] = msgspec.field(default_factory=list)
    wrong: list[str] = msgspec.field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return len(self.accepted) / self.seconds

    def count(self, status: int, head: bytes, body: bytes, expected: bytes, took: float) -> None:
        """Count an answer."""
        if status == 200 and body == expected:
            self.accepted.append(took)
        elif status == 503 and b"\r\nretry-after: 1\r\n" in head:
            self.refused.append(took)
        else:
            self.wrong.append(f"{status} {body[:200]!r}")


def quantile(seconds: list[float], share: float) -> float:
    """Quantile of latencies."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def closed(asked: Asked, callers: int, seconds: float) -> Load:
    """Let callers ask, each as soon as it has its answer."""
    return _run(_closed(asked, callers, seconds))


def paced(asked: Asked, per_second: float, seconds: float) -> Load:
    """Ask at a steady pace, whatever becomes of the answers."""
    return _run(_paced(asked, per_second, seconds))


def _run(load: Coroutine[Any, Any, Load]) -> Load:
    """Run it in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(uvloop.run, load).result()


class _Caller(asyncio.Protocol):
    """A connection, and the request on it; `then` is called with it after each answer.

    Where the server tells that it closes the connection, another one is made.

    Streams and a task for each request would cost the load's core more than the server's.
    """

    def __init__(self, asked: Asked, load: Load, then: "Callable[[_Caller], object]") -> None:
        self._asked, self._load, self._then = asked, load, then
        self._received, self._began = b"", 0.0
        self._told = self._over = False
        self._connecting: asyncio.Task[None] | None = None  # the loop itself does not keep it
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def connect(self) -> None:
        """Connect to the server."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._asked.port)

    def ask(self, began: float) -> None:
        """Ask; latency counts from `began`."""
        self.quiet.clear()
        self._began = began
        self.transport.write(self._asked.raw)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        head = head.lower() + b"\r\n"
        length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if not length or len(body) < int(length):
            return
        took = time.perf_counter() - self._began
        self._load.count(int(head[9:12]), head, body, self._asked.expected, took)
        self._received = b""
        if b"\r\nconnection: close\r\n" in head:
            self._told = True
            if head[9:12] != b"503":
                self._load.wrong.append("the connection was closed after an answer")
            self.transport.close()
        else:
            self.quiet.set()
            self._then(self)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._told:
            self._told = False
            self._connecting = asyncio.create_task(self._connect_again())
        elif not self._over:
            self._load.wrong.append("the connection was closed, and nothing said so")
            self.quiet.set()

    async def _connect_again(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            self._load.wrong.append(str(error))
            self.quiet.set()
        else:
            self.quiet.set()
            self._then(self)

    def close(self) -> None:
        """Close the connection for good."""
        self._over = True
        self.transport.close()


async def _connected(
    number: int, asked: Asked, load: Load, then: Callable[[_Caller], object]
) -> list[_Caller]:
    callers = [_Caller(asked, load, then) for _ in range(number)]
    for caller in callers:
        await caller.connect()
    return callers


async def _closed(asked: Asked, callers: int, seconds: float) -> Load:
    def again(caller: _Caller) -> None:
        now = time.perf_counter()
        if now < end:
            caller.ask(now)

    load = Load()
    connected = await _connected(callers, asked, load, again)
    began = time.perf_counter()
    end = began + seconds
    for caller in connected:
        again(caller)
    return await _ended(load, connected, began, seconds)


async def _paced(asked: Asked, per_second: float, seconds: float) -> Load:
    late = deque[float]()  # what no connection was free for

    def free(caller: _Caller) -> None:
        if late:
            caller.ask(late.popleft())
        else:
            idle.append(caller)

    load = Load()
    connected = await _connected(_MOST_CONNECTIONS, asked, load, free)
    idle, asked_so_far, began = list(connected), 0, time.perf_counter()
    while asked_so_far < int(per_second * seconds):
        while (intended := began + asked_so_far / per_second) <= time.perf_counter():
            asked_so_far += 1
            if idle:
                idle.pop().ask(intended)
            else:
                late.append(intended)
        await asyncio.sleep(_TICK_SECONDS)
    return await _ended(load, connected, began, seconds)


async def _ended(load: Load, callers: list[_Caller], began: float, seconds: float) -> Load:
    """Wait for the time to be over, and for all answers."""
    await asyncio.sleep(began + seconds - time.perf_counter())
    while busy := [caller for caller in callers if not caller.quiet.is_set()]:
        await asyncio.gather(*(caller.quiet.wait() for caller in busy))
    load.seconds = time.perf_counter() - began
    for caller in callers:
        caller.close()
    return load
