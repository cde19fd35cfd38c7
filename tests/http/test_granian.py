"""The production server's own ways, beside what both servers do alike."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psutil
import pytest
import requests

from function.health import arguments, ready
from function.process import ALLOCATOR
from function.settings import Server as Settings
from tests.serving import ROOT, Server, command, environment, free_port, serve

SLOW: Final = {
    "model": "all",
    "observations": [{"Location": "Hobart"}] * 40,
    "fill": {"draws": 200},
}
HALF_A_BODY: Final = (
    b"POST /predict HTTP/1.1\r\nHost: rain\r\nContent-Length: 99\r\n"
    b"Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n\r\n{"
)


def connected(running: Server) -> int:
    """How many connections callers have to a server; it has one to itself."""
    connections = [
        each
        for each in psutil.Process(running.process.pid).net_connections(kind="tcp")
        if each.status == psutil.CONN_ESTABLISHED
    ]
    own = {each.laddr for each in connections}
    return sum(each.raddr not in own for each in connections)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_one_process_without_children(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian", DEBUG="1") as running:
        assert running.post("/predict", SLOW).ok
        assert psutil.Process(running.process.pid).children() == []
        for line in running.output.read_text().splitlines():
            assert line.startswith("{")


def test_threads_do_not_interrupt_one_another(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian") as running:
        assert running.post("/predict", SLOW).ok
        tasks = Path(f"/proc/{running.process.pid}/task").iterdir()
        policies = [os.sched_getscheduler(int(task.name)) for task in tasks]
    # All but the one that waits for signals and the one that looks after the others.
    assert policies.count(os.SCHED_BATCH) == len(policies) - 2 > 2


def test_memory_that_is_free_goes_back_when_nobody_asks(tmp_path: Path) -> None:
    def heap() -> int:
        maps = psutil.Process(running.process.pid).memory_maps()
        return sum(part.rss for part in maps if part.path == "[heap]")

    with serve(tmp_path / "log", "granian") as running:
        with ThreadPoolExecutor(8) as callers:
            answers = callers.map(lambda _: running.post("/predict", SLOW), range(16))
            assert all(answer.ok for answer in answers)
        before = heap()
        wait_until(lambda: heap() < before - 500_000)


def test_threads_that_nobody_needs_take_next_to_no_memory(tmp_path: Path) -> None:
    """They are there from the start, and parked before they have computed anything."""
    with serve(tmp_path / "log", "granian", THREADS="2", MAX_WAITING="100") as running:
        process = psutil.Process(running.process.pid)
        wait_until(lambda: process.num_threads() > 2 + 100)
        day = {"observation": {"Location": "Hobart"}, "fill": {"draws": 20}}
        assert running.post("/predict", SLOW).ok
        before = process.memory_info().rss
        with ThreadPoolExecutor(8) as callers:
            answers = callers.map(lambda _: running.post("/predict", day), range(1000))
            assert all(answer.ok for answer in answers)
        assert process.memory_info().rss - before < 12 * 2**20


def test_large_bodies_leave_no_memory_behind(tmp_path: Path) -> None:
    """Each of a server's threads would keep the 8 MB of its last one, parked or not."""
    with serve(tmp_path / "log", "granian") as running:
        process = psutil.Process(running.process.pid)
        before = process.memory_info().rss

        def send(_: int) -> int:
            headers = {"Content-Type": "text/csv"}
            body = b"," * 8_000_000
            return running.call("POST", "/predict", data=body, headers=headers).status_code

        with ThreadPoolExecutor(6) as callers:  # more would wait too long where it is slow
            assert set(callers.map(send, range(48))) == {413}

        def is_given_back() -> bool:
            assert running.call("GET", "/health/ready").ok  # some is, with the next requests only
            return process.memory_info().rss - before < 30_000_000

        wait_until(is_given_back)


def test_allocator_heeds_what_it_is_told() -> None:
    """With the last of these, jemalloc says on standard error what it has read."""
    variables = environment({"_RJEM_MALLOC_CONF": f"{ALLOCATOR},confirm_conf:true"})
    done = subprocess.run(
        [sys.executable, "-c", "import function.serve"],
        env=variables,
        capture_output=True,
        check=True,
        text=True,
    )
    for each in ALLOCATOR.split(","):
        assert f"Set conf value: {each}\n" in done.stderr
    assert "Invalid" not in done.stderr


def test_libraries_are_told_before_they_are_loaded() -> None:
    told = """
import os, runpy, sys
class Importing:
    def find_spec(self, name, *_):
        if name == "granian":
            print(os.environ["_RJEM_MALLOC_CONF"], os.environ["OPENBLAS_NUM_THREADS"])
            sys.exit()
sys.meta_path.insert(0, Importing())
runpy.run_module("function.serve", run_name="__main__")
"""
    for offered, expected in (("", ALLOCATOR), ("narenas:3", "narenas:3")):
        variables = environment({"_RJEM_MALLOC_CONF": offered, "OPENBLAS_NUM_THREADS": ""})
        done = subprocess.run(
            [sys.executable, "-c", told], cwd=ROOT, env=variables, capture_output=True, check=True
        )
        assert done.stdout.decode().split() == [expected, "1"]


def test_sigterm_answers_what_was_accepted(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian", THREADS="2", GRACE_SECONDS="30") as running:
        with ThreadPoolExecutor(6) as callers:
            answers = [callers.submit(running.post, "/predict", SLOW) for _ in range(6)]
            wait_until(lambda: connected(running) == 6)
            running.process.send_signal(signal.SIGTERM)
            statuses = [answer.result().status_code for answer in answers]
        assert statuses == [200] * 6
        assert running.process.wait(timeout=30) == 0


def test_connections_are_bounded_whatever_the_backlog_is(tmp_path: Path) -> None:
    """Of those beyond the limit, none is answered until another is closed."""
    settings = {"BACKLOG": "128", "MAX_CONNECTIONS": "160"}
    with serve(tmp_path / "log", "granian", **settings) as running, contextlib.ExitStack() as open_:
        address = ("127.0.0.1", running.port)
        for number in range(160):
            assert requests.get(f"{running.url}/health/live", timeout=5).ok
            wait_until(lambda number=number: connected(running) == number)  # type: ignore[misc]
            one = open_.enter_context(socket.create_connection(address))
            wait_until(lambda number=number: connected(running) == number + 1)  # type: ignore[misc]
        with ThreadPoolExecutor() as callers:
            answer = callers.submit(requests.get, f"{running.url}/health/live", timeout=10)
            time.sleep(0.5)
            assert not answer.done()
            one.close()
            assert answer.result().ok


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost:", HALF_A_BODY])
def test_who_never_ends_a_request_holds_up_nothing(tmp_path: Path, begun: bytes) -> None:
    with serve(tmp_path / "log", "granian", GRACE_SECONDS="1") as running:
        with socket.create_connection(("127.0.0.1", running.port)) as caller:
            caller.sendall(begun)
            wait_until(lambda: connected(running) == 1)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=20) == 0
        assert ("GRACE_SECONDS" in running.output.read_text()) == bool(begun)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("THREADS", "0"),
        ("THREADS", "many"),
        ("BACKLOG", "7"),
        ("HOST", "localhost"),
    ],
)
def test_setting_that_is_not_valid(name: str, value: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "function.serve"],
        env=environment({name: value}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith(f"rain-tomorrow cannot start: The setting {name}={value} is not")


def test_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            command(port, "granian"),
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    expected = (
        f"rain-tomorrow cannot start: 127.0.0.1:{port} cannot be listened on (Address already"
    )
    assert sentence.startswith(expected)


def test_two_do_not_share_a_port(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian") as running:
        ended = subprocess.run(
            command(running.port, "granian"),
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert str(running.port) in ended.stderr


def test_health(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian") as running:
        assert ready(Settings(host="127.0.0.1", port=running.port))
        assert ready(Settings(port=running.port))
    assert not ready(Settings(port=running.port))


def test_health_of_something_else() -> None:
    """A listener that says something other than 200 is not ready, nor is one that is no server."""
    unavailable = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    for says in (unavailable, b"220 smtp ready\r\n", b""):
        with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ready, Settings(port=other.getsockname()[1]))
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(says)
            assert not answer.result(timeout=10)


@pytest.mark.parametrize(
    ("command_line", "expected"),
    [
        ("python3 -m function.serve", []),
        ("python3 -m function.serve --port 9", ["--port", "9"]),
        ("/sbin/docker-init -- python3 -m function.serve --port 9", ["--port", "9"]),
        ("/sbin/init", []),
    ],
)
def test_health_asks_where_the_server_was_told_to_listen(
    tmp_path: Path, command_line: str, expected: list[str]
) -> None:
    path = tmp_path / "cmdline"
    path.write_text("".join(f"{word}\0" for word in command_line.split()))
    assert arguments(path) == expected


def test_health_of_a_wrong_setting_is_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "function.health"],
        env=environment({"PORT": "abc"}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("The setting PORT=abc is not valid")


def test_sigterm_before_it_listens(tmp_path: Path) -> None:
    """While the models are loaded, half a second long."""
    for wait in (0.15, 0.3):
        process = subprocess.Popen(
            command(free_port(), "granian"), env=environment({}), cwd=tmp_path
        )
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        # Before Python itself runs our first line, the signal's own effect is the end.
        assert process.wait(timeout=10) in {0, -signal.SIGTERM}


def test_who_sends_a_body_slowly_holds_up_nobody(tmp_path: Path) -> None:
    """As long as the body is of no use: without credentials, or at a path that reads none."""
    half = b"POST %s HTTP/1.1\r\nHost: rain\r\nContent-Length: 99\r\n\r\n{"
    with serve(tmp_path / "log", "granian", THREADS="2") as running, contextlib.ExitStack() as kept:
        for path in (b"/predict", b"/nowhere", b"/status", b"/random-fill") * 2:
            caller = socket.create_connection(("127.0.0.1", running.port), timeout=10)
            kept.enter_context(caller)
            caller.sendall(half % path)
            assert caller.recv(1000).startswith(b"HTTP/1.1 4")
        assert running.call("GET", "/health/ready").ok


def test_keep_alive_and_head(tmp_path: Path) -> None:
    with serve(tmp_path / "log", "granian") as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        for _ in range(3):
            connection.request("GET", "/status")
            assert connection.getresponse().read().startswith(b'{"status":"ok"')
        connection.request("HEAD", "/status")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        wait_until(lambda: connected(running) == 1)  # who asked whether it is ready may be leaving
        connection.close()


def test_first_requests_may_come_at_once(tmp_path: Path) -> None:
    """What is imported when it is first needed is needed by several threads at the same moment."""
    kinds: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/nowhere", {}),
        ("POST", "/predict", {"Content-Type": "text/plain"}),
        ("POST", "/predict", {"Content-Type": "text/csv", "Transfer-Encoding": "chunked"}),
        ("GET", "/metrics", {"If-None-Match": '"a"'}),
        ("GET", "/metrics", {"Accept-Encoding": "gzip;q=1"}),
        ("GET", "/", {"Accept": "text/html"}),
        ("GET", "/prometheus", {}),
        ("GET", "/openapi.json", {}),
    ]
    with serve(tmp_path / "log", "granian", THREADS="8") as running:
        together = threading.Barrier(len(kinds))

        def ask(kind: tuple[str, str, dict[str, str]]) -> int:
            method, path, headers = kind
            body = iter([b"Location"]) if "Transfer-Encoding" in headers else b""
            together.wait(timeout=10)
            return running.call(method, path, headers=headers, data=body).status_code

        with ThreadPoolExecutor(len(kinds)) as callers:
            assert list(callers.map(ask, kinds)) == [404, 415, 422, 200, 200, 200, 200, 200]
