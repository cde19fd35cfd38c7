"""A load generator: closed loop, or open loop, where latency counts from the intended moment.

Where callers wait for answers before they ask again, a slow server slows them down, and its worst
moments are hardly measured (coordinated omission); so overload is an open loop.
"""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

_MOST_CONNECTIONS = 400
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Asked(msgspec.Struct, frozen=True):
    """Where to ask, the bytes to send, and the body of the right answer."""

    port: int
    raw: bytes
    expected: bytes


class Load(msgspec.Struct):
    """Seconds that answers took, accepted and refused ones; and what was wrong.

    `wrong` are answers that were neither the right one nor a 503 with `Retry-After`, and requests
    without any.
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
        return thread.submit(asyncio.run, load).result()


async def _closed(asked: Asked, callers: int, seconds: float) -> Load:
    load, end = Load(), time.perf_counter() + seconds

    async def call() -> None:
        streams = await _connect(asked)
        while (began := time.perf_counter()) < end:
            await _ask(streams, asked, load, began)
        streams[1].close()

    return await _timed(load, [call() for _ in range(callers)])


async def _paced(asked: Asked, per_second: float, seconds: float) -> Load:
    load, idle, room = Load(), list[_Streams](), asyncio.Semaphore(_MOST_CONNECTIONS)

    async def call(intended: float) -> None:
        await asyncio.sleep(intended - time.perf_counter())
        async with room:
            streams = idle.pop() if idle else await _connect(asked)
            if await _ask(streams, asked, load, intended):
                idle.append(streams)

    start = time.perf_counter() + 0.1
    moments = [start + number / per_second for number in range(int(per_second * seconds))]
    load = await _timed(load, [call(moment) for moment in moments])
    for _, writer in idle:
        writer.close()
    return load


async def _timed(load: Load, calls: list[Coroutine[Any, Any, None]]) -> Load:
    began = time.perf_counter()
    await asyncio.gather(*calls)
    load.seconds = time.perf_counter() - began
    return load


async def _connect(asked: Asked) -> _Streams:
    return await asyncio.open_connection("127.0.0.1", asked.port)


async def _ask(streams: _Streams, asked: Asked, load: Load, began: float) -> bool:
    """Ask once; gives whether the connection may be used again."""
    reader, writer = streams
    try:
        writer.write(asked.raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length))
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        load.wrong.append(repr(error))
        writer.close()
        return False
    load.count(int(head[9:12]), head.lower(), body, asked.expected, time.perf_counter() - began)
    return True
