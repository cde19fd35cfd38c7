"""Callers who use the function until they are told to stop, and check every answer."""

import contextlib
import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from scripts.benchmark.processes import Caller
from scripts.soaking.questions import Kind, headers

_TIMEOUT: Final = 60
_STRANGER: Final = ("127.0.0.2", 0)  # who guesses passwords calls from an address of his own
Answers = Mapping[str, bytes]
"""The body that each kind of request must get, where that is the same each time."""


class Tally:
    """What was answered, what was wrong, and how long answers took in the last while."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._milliseconds: list[float] = []
        self._lock = threading.Lock()

    def right(self, name: str, milliseconds: float | None = None) -> None:
        """Count a right answer; those that are slow by intent tell no time."""
        with self._lock:
            self.answered[name] += 1
            if milliseconds is not None:
                self._milliseconds.append(milliseconds)

    def fail(self, name: str, why: str) -> None:
        """Note what was wrong."""
        with self._lock:
            self.wrong.append(f"{name}: {why}")

    def take(self) -> Sequence[float]:
        """Milliseconds since this was last asked, in order."""
        with self._lock:
            taken, self._milliseconds = sorted(self._milliseconds), []
        return taken


def learn(port: int, kinds: Sequence[Kind]) -> Answers:
    """Ask each kind of request once; what has another status than it should has no answer."""
    learnt = {}
    for kind in kinds:
        caller = Caller(port)
        with contextlib.closing(caller):
            status, body = caller.ask(kind.request.raw(port))
        if kind.same and status in kind.statuses:
            learnt[kind.name] = body
    return learnt


def use(port: int, kinds: Sequence[Kind], answers: Answers, tally: Tally, number: int) -> None:
    """Ask one question, chosen at random, on a connection of its own or a few on the same."""
    chance = random.Random(number)  # noqa: S311
    caller = Caller(port)
    with contextlib.closing(caller):
        for _ in range(chance.randrange(1, 50)):
            (kind,) = chance.choices(kinds, [each.weight for each in kinds])
            if kind.name == "wrong password":
                _guess(port, kind, tally)
                continue
            began = time.perf_counter()
            try:
                status, body = caller.ask(kind.request.raw(port))
            except (OSError, http.client.HTTPException) as error:
                tally.fail(kind.name, repr(error))
                return
            _check(kind, status, body, answers, tally, (time.perf_counter() - began) * 1000)


def _check(
    kind: Kind, status: int, body: bytes, answers: Answers, tally: Tally, took: float
) -> None:
    if status not in kind.statuses or body != answers.get(kind.name, body):
        tally.fail(kind.name, f"{status} {body[:200]!r}")
    else:
        tally.right(kind.name, took)


def _guess(port: int, kind: Kind, tally: Tally) -> None:
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT, _STRANGER) as connection:
        connection.sendall(kind.request.raw(port))
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
    if response.status in kind.statuses:
        tally.right(kind.name)
    else:
        tally.fail(kind.name, str(response.status))


def vanish(port: int, chance: random.Random) -> None:
    """Leave in the middle of a request, or of a large answer."""
    body = b'{"observations":[' + b",".join([b'{"Location":"Perth"}'] * 2000) + b"]}"
    lines = [f"{name}: {value}" for name, value in headers().items()]
    head = "\r\n".join(["POST /predict HTTP/1.1", "Host: soak", *lines]).encode()
    whole = head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    part = chance.choice([3, len(head), len(whole) // 2, len(whole) - 1, len(whole)])
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        connection.sendall(whole[:part])
        if part == len(whole):
            connection.recv(100)


def dawdle(port: int, kind: Kind, answers: Answers, tally: Tally, stop: threading.Event) -> None:
    """Send a request a few bytes at a time, and read the answer as slowly."""
    raw = kind.request.raw(port)
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        step = max(1, len(raw) // 20)
        for start in range(0, len(raw), step):
            connection.sendall(raw[start : start + step])
            stop.wait(0.05)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = b""
        while piece := response.read(2000):
            body += piece
            stop.wait(0.01)
    if response.status in kind.statuses and body == answers[kind.name]:
        tally.right("slow caller")
    else:
        tally.fail("slow caller", f"{response.status} {body[:200]!r}")


def repeat(act: Callable[[int], None], tally: Tally, stop: threading.Event, seed: int) -> None:
    """Act until `stop`; an exception is a failure of the function's, and is noted."""
    while not stop.is_set():
        seed += 1
        try:
            act(seed)
        except (OSError, http.client.HTTPException) as error:
            tally.fail(act.__name__, repr(error))
