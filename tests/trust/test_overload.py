"""More than the function can answer: it refuses the rest at once, and nobody else notices."""

import contextlib
import os
import select
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import psutil
import pytest
import requests

from scripts.benchmark.processes import Caller, Cores, Request, Running, free_port, running
from scripts.benchmark.workload import SEED, Question
from scripts.reliability import Figure
from scripts.soaking.questions import headers
from tests.http.test_granian import HALF_A_BODY, SLOW, connected, wait_until
from tests.serving import LAUNCHERS, Server, serve
from tests.trust.conftest import COMMAND
from tests.trust.load.generator import Asked, Load, closed, paced, quantile

SECONDS = {True: 60.0, False: 3.0}
PAIRS = {True: 9, False: 1}  # of a second each
# As many callers as are let in: two compute, and 64 wait.
CALLERS = 66
LEAST = 600  # requests, several times as many as may wait
HEALTH_EVERY_SECONDS = 0.05
DAYS = {"observations": [{"Location": "Hobart"}] * 5000}


class Health(msgspec.Struct):
    """What became of the questions for the server's health."""

    seconds: list[float] = []
    statuses: set[int] = set()


def _ask_for_health(port: int, until: Connection) -> None:
    health, raw = Health(), Request("/health/live", method="GET").raw(port)
    until.send(None)
    while not until.poll(HEALTH_EVERY_SECONDS):
        began = time.perf_counter()
        caller = Caller(port)
        status, _ = caller.ask(raw)
        caller.close()
        health.seconds.append(time.perf_counter() - began)
        health.statuses.add(status)
    until.send(health)


@contextlib.contextmanager
def health_of(port: int) -> Iterator[Health]:
    """Ask for the server's health meanwhile, on connections of its own; it is known at the end.

    In a process of its own: beside the load it would wait for Python's lock, and not the server.
    """
    health, (ours, theirs) = Health(), Pipe()
    process = get_context("spawn").Process(target=_ask_for_health, args=[port, theirs])
    process.start()
    theirs.close()  # so that there is an end where the process ends
    ours.recv()  # it has begun
    try:
        yield health
    finally:
        ours.send(None)
        told: Health = ours.recv()
        process.join()
        health.seconds, health.statuses = told.seconds, told.statuses


@contextlib.contextmanager
def own_core() -> Iterator[int | None]:
    """Keep this process on one core; gives the server's."""
    cores, ours = Cores.usable(), os.sched_getaffinity(0)
    if cores.load is not None:
        os.sched_setaffinity(0, {cores.load})
    try:
        yield cores.server
    finally:
        os.sched_setaffinity(0, ours)


@contextlib.contextmanager
def server_on(core: int | None, **settings: str) -> Iterator[Running]:
    """The production server."""
    port = free_port()
    command = [sys.executable, "-m", "function.serve", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port, core, {"THREADS": "2", **settings}) as server:
        server.await_answer(Request("/health/ready", method="GET"))
        yield server


@contextlib.contextmanager
def pinned_server(**settings: str) -> Iterator[Running]:
    """The production server on one core, and this process on the other."""
    with own_core() as core, server_on(core, **settings) as server:
        yield server


# What takes the function the least, what takes a millisecond and comes in many packets, and what
# takes some milliseconds.
QUESTIONS = {
    "quick": Question("logistic-regression"),
    "long": Question("logistic-regression", rows=100),
    "slow": Question("random-forest", draws=200, gaps=True),
}


def question(server: Running, what: Question) -> Asked:
    """A prediction, and its right answer."""
    body = {**what.document(), "fill": {"draws": what.draws, "seed": SEED}}
    raw = Request("/predict", msgspec.json.encode(body), headers()).raw(server.port)
    caller = Caller(server.port)
    status, expected = caller.ask(raw)
    caller.close()
    assert status == 200
    return Asked(server.port, raw, expected)


@pytest.mark.parametrize("what", QUESTIONS.values(), ids=QUESTIONS)
def test_three_times_what_it_can_answer(
    full: bool, record: Callable[[Figure], None], what: Question
) -> None:
    with own_core() as core, server_on(core) as server:
        asked = question(server, what)
        capacity = closed(asked, CALLERS, 2 + SECONDS[full] / 6)
        with health_of(server.port) as health:
            pace = 3 * capacity.per_second
            over = paced(asked, pace, max(SECONDS[full], LEAST / pace))
        over_at = time.monotonic()
        # The machine's own speed changes within a minute: beside one that was never overloaded.
        with server_on(core) as twin:
            rested = question(twin, what)
            recovering = closed(asked, CALLERS, max(0.0, over_at + 5 - time.monotonic()))
            pairs = [
                (closed(asked, CALLERS, 1), closed(rested, CALLERS, 1)) for _ in range(PAIRS[full])
            ]
    afterwards = [load for pair in pairs for load in pair]
    assert not any(load.wrong for load in (capacity, over, recovering, *afterwards))
    assert not any(load.refused for load in (capacity, *afterwards))
    assert over.accepted
    assert health.statuses == {200}
    if full:  # how many are refused, and when, hangs on what else the machine does
        judge(what, capacity, over, pairs, health, record)


def judge(
    what: Question,
    capacity: Load,
    over: Load,
    pairs: Sequence[tuple[Load, Load]],
    health: Health,
    record: Callable[[Figure], None],
) -> None:
    """Hold what was measured against the bars."""
    before, during = quantile(capacity.accepted, 0.99), quantile(over.accepted, 0.99)
    refused, slowest = quantile(over.refused, 0.99), max(health.seconds)
    regained = statistics.median(load.per_second / twin.per_second for load, twin in pairs)
    draws = f"{what.draws} draw{'s' * (what.draws > 1)}"
    size = f"{what.rows} rows" if what.rows > 1 else draws
    met = during <= 3 * before and max(slowest, refused) <= 0.1 and regained >= 0.9
    record(
        Figure(
            f"overload, 3 times what it can answer for 60 s, open loop: {what.model}, {size}",
            "p99 of the accepted <= 3 x p99 at capacity; p99 of the refused and all health checks "
            "<= 100 ms; throughput back in 5 s",
            f"{before * 1000:.0f} ms at {capacity.per_second:.0f}/s, then {during * 1000:.0f} ms; "
            f"{len(over.accepted):,} accepted, {len(over.refused):,} refused within "
            f"{refused * 1000:.0f} ms (p99); health within {slowest * 1000:.0f} ms; "
            f"5 s later {regained:.0%} of the throughput of a server that was never overloaded",
            met,
            COMMAND,
        )
    )
    assert met


@pytest.mark.parametrize("waiting", [64, 4])
@pytest.mark.parametrize("what", QUESTIONS.values(), ids=QUESTIONS)
def test_as_many_as_are_let_in_are_never_refused(what: Question, waiting: int) -> None:
    with pinned_server(MAX_WAITING=str(waiting)) as server:
        load = closed(question(server, what), waiting, 3)
    assert (load.refused, load.wrong) == ([], [])
    assert load.accepted


def test_many_more_are_refused_however_quick() -> None:
    """Those that wait in the server itself, where nobody sees them, are probed for."""
    with pinned_server() as server:
        load = closed(question(server, QUESTIONS["quick"]), 300, 3)
    assert load.wrong == []
    assert load.accepted
    assert load.refused


def test_health_overtakes_the_largest_requests(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian", THREADS="1") as running, ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(running.post, "/predict", SLOW) for _ in range(4)]
        wait_until(lambda: connected(running) == 4)
        assert running.call("GET", "/health/live").ok
        assert running.call("GET", "/status").ok
        assert not slow[-1].done() or not slow[0].done()
        assert all(each.result().ok for each in slow)
        routes = [line.get("route") for line in running.log()]
    assert routes.index("/status") < len(routes) - 1 - routes[::-1].index("/predict")


@pytest.mark.parametrize(
    ("path", "kind", "member"),
    [
        ("/predict", "application/problem+json", "detail"),
        ("/v2/models/random-forest/infer", "application/json", "error"),
    ],
)
def test_one_too_many_is_told_to_come_back(
    tmp_path: Path, path: str, kind: str, member: str
) -> None:
    settings = {"THREADS": "1", "MAX_WAITING": "1"}
    with serve(tmp_path / "log", "granian", **settings) as running, ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(running.post, "/predict", SLOW) for _ in range(2)]
        refused = _refused(running.url + path, slow)
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["Content-Type"] == kind
        assert "too many" in refused.json()[member]
        assert all(each.result().ok for each in slow)
        assert running.post("/predict", {"observation": {"Location": "Hobart"}}).ok
        assert 503 in {line.get("status") for line in running.log()}


def test_a_caller_is_told_when_the_connection_will_be_closed(tmp_path: Path) -> None:
    """Where another body, of no use, is still waited for; the next request would be lost to it."""
    settings = {"THREADS": "1", "MAX_WAITING": "1"}
    with (
        serve(tmp_path / "log", "granian", **settings) as running,
        ThreadPoolExecutor(2) as pool,
        contextlib.ExitStack() as kept,
    ):
        slower = {**SLOW, "observations": [{"Location": "Hobart"}] * 400}
        slow = [pool.submit(running.post, "/predict", slower) for _ in range(2)]
        _refused(running.url + "/predict", slow)
        stalled = Request("/predict", b" " * 50_000, headers()).raw(running.port)[:1000]
        callers = []
        for _ in range(2):
            caller = socket.create_connection(("127.0.0.1", running.port), timeout=10)
            callers.append(kept.enter_context(caller))
            caller.sendall(stalled)
        answered, _, _ = select.select(callers, [], [], 10)
        assert answered
        answer = b"".join(iter(lambda: answered[0].recv(10_000), b"")).lower()  # to the end
        assert answer.startswith(b"http/1.1 503 ")
        assert b"\r\nconnection: close\r\n" in answer
        assert all(each.result().ok for each in slow)


def _refused(url: str, slow: Sequence[object]) -> requests.Response:
    """Ask until the others compute and wait, which takes them a moment."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = requests.post(url, json={}, timeout=30)  # no password: that is not looked at
        if answer.status_code == 503:
            return answer
        assert answer.status_code == 401
    raise AssertionError(slow)


def test_who_sends_slowly_holds_up_nobody(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian", THREADS="2") as running, contextlib.ExitStack() as kept:
        assert running.call("GET", "/whoami").ok  # the password is known from now on
        for _ in range(50):
            caller = socket.create_connection(("127.0.0.1", running.port), timeout=10)
            kept.enter_context(caller)
            caller.sendall(HALF_A_BODY)
        wait_until(lambda: connected(running) == 50)
        for _ in range(20):
            assert running.post("/predict", {"observation": {"Location": "Hobart"}}).ok
            assert running.call("GET", "/health/ready").ok


def chunked(body: bytes) -> bytes:
    """A request whose body tells no length."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers().items())
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def test_large_bodies_that_stall_hold_up_no_small_ones_and_others_not_for_ever(
    tmp_path: Path,
) -> None:
    small = b'{"observation": {"Location": "Hobart"}}'
    with serve(tmp_path / "log", "granian", THREADS="2") as running, contextlib.ExitStack() as kept:
        assert running.call("GET", "/whoami").ok
        stalled = Request("/predict", b" " * 300_000, headers()).raw(running.port)[:1000]
        for _ in range(2):
            caller = kept.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            caller.sendall(stalled)
        wait_until(lambda: connected(running) == 2)
        for body, status in ((small, b"200"), (small + b" " * 300_000, b"503")):
            with socket.create_connection(("127.0.0.1", running.port), timeout=15) as caller:
                caller.sendall(chunked(body))
                assert caller.recv(100)[9:12] == status
        answer = running.call("POST", "/predict", data=small + b" " * 300_000)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_bodies_that_nobody_wanted_keep_neither_connection_nor_end(tmp_path: Path) -> None:
    """More of them than may be waited for, and their callers gone."""
    stalled = Request("/predict", b" " * 300_000, {}).raw(0)[:1000]
    with serve(tmp_path / "log", "granian") as running:
        before = psutil.Process(running.process.pid).num_fds()
        with contextlib.ExitStack() as kept:
            for _ in range(40):
                address = ("127.0.0.1", running.port)
                caller = kept.enter_context(socket.create_connection(address, timeout=10))
                caller.sendall(stalled)
                assert caller.recv(100)[9:12] == b"401"
        wait_until(lambda: psutil.Process(running.process.pid).num_fds() <= before + 2)
        running.process.terminate()
        assert running.process.wait(5) == 0
        assert not any("GRACE_SECONDS" in line["message"] for line in running.log())


def test_bodies_that_nobody_wanted_hold_up_the_framework_for_a_second(tmp_path: Path) -> None:
    stalled = Request("/predict", b" " * 300_000, {}).raw(0)[:1000]
    with serve(tmp_path / "log") as running, contextlib.ExitStack() as kept:
        for _ in range(4 * (os.cpu_count() or 1) + 4):  # more than it has threads
            address = ("127.0.0.1", running.port)
            kept.enter_context(socket.create_connection(address)).sendall(stalled)
        time.sleep(0.2)
        assert requests.get(running.url + "/health/live", timeout=10).ok


def test_who_reads_slowly_holds_up_nobody(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian", THREADS="2") as running, contextlib.ExitStack() as kept:
        raw = _large(running.port)
        for _ in range(8):
            caller = socket.socket()
            kept.enter_context(caller)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.settimeout(60)
            caller.connect(("127.0.0.1", running.port))
            caller.sendall(raw)
            assert caller.recv(12) == b"HTTP/1.1 200"  # and no more
        assert running.post("/predict", {"observation": {"Location": "Hobart"}}).ok
        assert running.call("GET", "/health/ready").ok


def _large(port: int) -> bytes:
    import json

    fields = headers()
    return Request("/predict", json.dumps(DAYS).encode(), fields).raw(port)


@pytest.mark.parametrize("authorized", [True, False])
@pytest.mark.parametrize("connection", ["keep-alive", "close"])
@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/predict", "application/json", b"413"),
        ("/predict", "image/png", b"415"),
        ("/nowhere", "application/json", b"404"),
        ("/status", "application/json", b"405"),
    ],
)
def test_who_sends_all_before_reading_gets_the_answer(
    server: Server, path: str, kind: str, status: bytes, authorized: bool, connection: str
) -> None:
    """As gateways do: closed with a body unread, the connection would be reset."""
    fields = headers(kind) if authorized else {"Content-Type": kind}
    fields = {**fields, "Connection": connection}
    raw = Request(path, b" " * 9_000_000, fields).raw(server.port)
    expected = b"401" if path == "/predict" and not authorized else status
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as caller:
            caller.sendall(raw)
            assert caller.recv(100)[9:12] == expected


@pytest.fixture(scope="module", params=LAUNCHERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The function under either of its servers."""
    with serve(tmp_path_factory.mktemp("server") / "log", request.param) as running:
        yield running
