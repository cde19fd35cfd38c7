"""Whatever is sent, the function answers it in a second, in its own words, and is as it was before.

`tests/trust/hostile` makes valid requests hostile, by numbers that make the same ones again:

    python -m tests.trust.hostile.run INPUTS SEED
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psutil
import pytest

from function.admission import WAITING
from scripts.reliability import Figure
from tests.http.test_granian import wait_until
from tests.serving import ROOT, serve
from tests.trust.conftest import COMMAND
from tests.trust.hostile import run, wire
from tests.trust.hostile.run import SETTINGS, Report
from tests.trust.hostile.seeds import TOKEN, seeds

REQUESTS = {True: 1_000_000, False: 3_000}
PROCESSES = {True: 2, False: 1}
CONNECTIONS = {True: 50_000, False: 1_000}
GROWTH = {True: 1.02, False: 1.25}
"""Memory after the last input, of that after the first fifth."""
THREADS = 16
SEED = 2026


class Tally(msgspec.Struct):
    """What was tried, and how much of it did harm."""

    tried: dict[str, int] = {}
    harm: int = 0
    slowest: float = 0.0

    def count(self, report: Report) -> None:
        """Add what a process tried."""
        for kind, count in report.tried.items():
            self.tried[kind] = self.tried.get(kind, 0) + count
        self.harm += len(report.failed)
        self.slowest = max(self.slowest, report.slowest)


@pytest.fixture(scope="module")
def tally(full: bool, record: Callable[[Figure], None]) -> Iterator[Tally]:
    """Counts for all tests of this module, and recorded after the last of them."""
    counted = Tally()
    yield counted
    total = sum(counted.tried.values())
    harmless = counted.harm == 0 and total >= REQUESTS[full] + CONNECTIONS[full]
    parts = ", ".join(f"{kind} {count:,}" for kind, count in counted.tried.items())
    record(
        Figure(
            what="hostile inputs: 5xx, crashes, hangs above 1 s, errors in another form, leaks",
            bar=">= 1,000,000 over all decoders and the socket; 0",
            measured=f"{total:,} ({parts}): {counted.harm}; slowest {counted.slowest:.2f} s",
            met=harmless,
            command=COMMAND,
        )
    )


def test_requests(full: bool, tally: Tally) -> None:
    """Through the whole function, in processes of their own, every decoder as often as others."""
    processes = PROCESSES[full]
    with ThreadPoolExecutor(processes) as starters:
        shares = starters.map(
            lambda share: hostile(REQUESTS[full] // processes, SEED + share), range(processes)
        )
        ended = list(shares)
    tally.harm += sum(each.returncode != 0 for each in ended)
    assert [each.stderr for each in ended if each.returncode] == []
    for report in (msgspec.json.decode(each.stdout, type=Report) for each in ended):
        tally.count(report)
        inputs = sum(report.tried.values())
        assert report.failed == []
        # Mutations that all die in the first check would prove little.
        assert report.statuses[200] > inputs / 20
        assert report.statuses[422] > inputs / 20
        assert report.end_bytes < report.warm_bytes * GROWTH[full]


def hostile(inputs: int, seed: int) -> subprocess.CompletedProcess[str]:
    """Try so many requests, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tests.trust.hostile.run", str(inputs), str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120 + inputs / 50,
        check=False,
    )


def test_connections(full: bool, tally: Tally, tmp_path: Path) -> None:
    """Through the socket of the production server: what is no HTTP, or two things at once."""
    count, users = CONNECTIONS[full], str(run.credentials(tmp_path))
    settings = {**SETTINGS, "CREDENTIALS_FILE": users, "THREADS": str(THREADS)}
    with serve(tmp_path / "log", "granian", **settings) as running:
        process = psutil.Process(running.process.pid)
        files = process.num_fds()
        _bring_all_threads(running.port)
        first = wire.assault(running.port, count // 5, SEED)
        warm = process.memory_info().rss
        rest = wire.assault(running.port, count - count // 5, SEED + 1)
        tally.tried["socket"] = count
        tally.harm += len(first.failed) + len(rest.failed)
        tally.slowest = max(tally.slowest, first.slowest, rest.slowest)
        assert (first.failed, rest.failed) == ({}, {})
        assert rest.answers[200] > count / 20
        assert running.call("GET", "/health/ready").ok
        assert process.memory_info().rss < warm * GROWTH[full]
        # Who has left may still be seen off; and the probe's connection has both its ends here.
        wait_until(lambda: process.num_fds() <= files + 2)
        lines = running.output.read_text(errors="replace").splitlines()
    assert [line for line in lines if not line.startswith("{") or '"ERROR"' in line] == []


def test_a_request_is_made_again_by_its_number() -> None:
    kinds, all_seeds = list(seeds()), seeds()
    once, again = (
        [run.numbered(number, SEED, kinds, all_seeds) for number in range(200)] for _ in range(2)
    )
    assert once == again
    assert len({msgspec.json.encode(request) for _, request in once}) > 150


def test_harm_is_seen() -> None:
    """An application that does all that is looked for is found out."""
    request = seeds()["json"][0]

    def broken(_environ: object, start: Callable[..., object]) -> list[bytes]:
        start("404 Not Found", [("Content-Type", "text/html"), ("X-Request-Id", "a\r\nb: c")])
        return [b'{"detail": "' + str(ROOT).encode() + b" " + run.SECRETS[0] + b'"}']

    complaints, status, _ = run.wrong(broken, request)
    assert status == 404
    for word in ("text/html", "form of its own", "canary", str(ROOT), "X-Request-Id".lower()):
        assert any(word in complaint for complaint in complaints), word

    def crash(_environ: object, _start: object) -> list[bytes]:
        raise ZeroDivisionError

    assert run.wrong(crash, request)[0] == ["raised ZeroDivisionError: "]


def _bring_all_threads(port: int) -> None:
    """Let as many as are let in hold a thread each, and then send what its stack grows most for.

    The server parks threads before they have computed, and a stack stays as large as it ever was:
    0.2 MB for a document as deep as Python can read. Else, each would grow when its turn comes.
    """
    document = b"[" * 2000
    half, rest = document[:1000], document[1000:]
    head = (
        f"POST /predict HTTP/1.1\r\nHost: rain\r\nAuthorization: Basic {TOKEN}\r\n"
        f"Content-Length: {len(document)}\r\nConnection: close\r\n\r\n"
    )
    with contextlib.ExitStack() as open_until_then:
        callers = []
        for _ in range(THREADS + WAITING + 6):  # with 8 of the spare threads, others are refused
            caller = socket.create_connection(("127.0.0.1", port), timeout=10)
            callers.append(open_until_then.enter_context(caller))
            caller.sendall(head.encode() + half)
            time.sleep(0.03)  # a thread that is held up for 20 ms is replaced
        for caller in callers:
            caller.sendall(rest)
        answers = [caller.recv(100) for caller in callers]
    assert all(b" 400 " in answer for answer in answers)
