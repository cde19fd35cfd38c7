"""Faults: what was accepted is answered or fails cleanly, and nothing wrong is ever answered."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest
import requests

from scripts.benchmark.workload import MODELS, Question
from scripts.reliability import Figure
from scripts.soaking.questions import headers
from tests.serving import (
    LAUNCHERS,
    ROOT,
    Launcher,
    Server,
    await_ready,
    command,
    environment,
    free_port,
    serve,
    started_by,
)
from tests.trust.conftest import COMMAND

TIMES = {True: 50, False: 3}
CALLERS = 6
QUESTIONS = [Question(model, draws=20, gaps=True).body() for model in MODELS]


class Callers:
    """Callers who ask without pause, and remember what they were answered.

    `answered` are the ids of the requests whose answer came whole, `wrong` the answers that were
    not those of a server in peace, and `failed` counts requests without an answer, as when nobody
    listens.
    """

    def __init__(self, port: int, right: list[bytes]) -> None:
        self.answered: set[str] = set()
        self.wrong: list[str] = []
        self.failed = 0
        self.latest = 0.0
        self._port = port
        self._right = right
        self._stop = threading.Event()

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Ask meanwhile."""
        threads = [threading.Thread(target=self._ask, args=(each,)) for each in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        sent = number
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                while not self._stop.is_set():
                    sent += 1
                    self._once(connection, f"{number}-{sent}", sent % len(QUESTIONS))
            except (OSError, http.client.HTTPException):
                self.failed += 1
                self._stop.wait(0.01)
            finally:
                connection.close()

    def _once(self, connection: http.client.HTTPConnection, name: str, which: int) -> None:
        named = {**headers(), "X-Request-Id": name}
        connection.request("POST", "/predict", QUESTIONS[which], named)
        answer = connection.getresponse()
        body = answer.read()
        self.latest = time.monotonic()
        if (answer.status, body) == (200, self._right[which]):
            self.answered.add(name)
        else:
            self.wrong.append(f"{answer.status} {body[:200]!r}")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What a server in peace answers."""
    with serve(tmp_path_factory.mktemp("peace") / "log", "granian") as running:
        return [ask(running, question) for question in QUESTIONS]


def ask(running: Server, question: bytes) -> bytes:
    answer = running.call("POST", "/predict", data=question, headers=headers(), auth=None)
    assert answer.status_code == 200
    return answer.content


def accepted(running: Server) -> set[str]:
    """Ids of the predictions that the server says to have answered."""
    lines = [line for line in running.log() if line.get("route") == "/predict"]
    return {line["request_id"] for line in lines if "-" in line["request_id"]}


def test_sigterm_loses_nothing_that_was_accepted(
    tmp_path: Path, full: bool, record: Callable[[Figure], None], right: list[bytes]
) -> None:
    chance = random.Random(7)  # noqa: S311
    took, answered, lost, wrong = [0.0], 0, 0, list[str]()
    for number in range(TIMES[full]):
        with serve(tmp_path / f"log{number}", "granian") as running:
            callers = Callers(running.port, right)
            with callers.asking():
                time.sleep(chance.uniform(0.1, 1))  # the moment is what is tried
                began = time.monotonic()
                running.process.send_signal(signal.SIGTERM)
                assert running.process.wait(timeout=30) == 0
                took.append(time.monotonic() - began)
            answered += len(callers.answered)
            lost += len(accepted(running) - callers.answered)
            wrong += callers.wrong
    met = lost == 0 and not wrong and max(took) <= 10
    record(
        Figure(
            f"SIGTERM at a random moment under load, {TIMES[full]} times",
            "0 accepted requests lost or wrong; exit 0 within 10 s",
            f"{answered:,} answers, {lost} lost, {len(wrong)} wrong; "
            f"exit 0 within {max(took):.1f} s",
            met,
            COMMAND,
        )
    )
    assert (lost, wrong) == (0, [])
    assert met


def test_killed_it_answers_nothing_wrong_and_is_back_soon(
    tmp_path: Path, full: bool, record: Callable[[Figure], None], right: list[bytes]
) -> None:
    chance = random.Random(7)  # noqa: S311
    port, back = free_port(), list[float]()
    callers = Callers(port, right)
    with contextlib.ExitStack() as stack, (tmp_path / "log").open("wb") as sink:
        process = started(port, sink.fileno())
        await_ready(process, port)
        stack.enter_context(callers.asking())
        for _ in range(TIMES[full]):
            time.sleep(chance.uniform(0.1, 0.5))  # the moment is what is tried
            process.kill()
            process.wait()
            killed, before = time.monotonic(), len(callers.answered)
            process = started(port, sink.fileno())  # as a platform does
            await_ready(process, port)
            wait_until(lambda before=before: len(callers.answered) > before)  # type: ignore[misc]
            back.append(callers.latest - killed)
    process.terminate()
    process.wait(timeout=30)
    met = not callers.wrong and max(back) <= 2
    record(
        Figure(
            f"SIGKILL at a random moment under load, and started again, {TIMES[full]} times",
            "0 wrong answers; answers again within 2 s",
            f"{len(callers.answered):,} answers, {len(callers.wrong)} wrong; again within "
            f"{max(back):.1f} s, {sorted(back)[len(back) // 2]:.1f} s in the median",
            met,
            COMMAND,
        )
    )
    assert not callers.wrong
    assert met or not full


def started(port: int, sink: int, **settings: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(port, "granian"), env=environment(settings), stdout=sink, stderr=sink, cwd=ROOT
    )


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_full_disk_below_the_log_fails_no_request(right: list[bytes]) -> None:
    port = free_port()
    with Path("/dev/full").open("wb") as full_disk:
        process = started(port, full_disk.fileno())
    try:
        await_ready(process, port)
        running = Server(process, port, Path(os.devnull))
        assert [ask(running, question) for question in QUESTIONS] == right
    finally:
        process.terminate()
    assert process.wait(timeout=30) == 0


def test_no_temporary_folder_is_needed(tmp_path: Path) -> None:
    days = "Location\n" + "Hobart\n" * 5000
    with serve(tmp_path / "log", "granian", TMPDIR="/proc/none") as running:
        answer = running.call("POST", "/predict", data=days, headers={"Content-Type": "text/csv"})
    assert len(answer.json()["predictions"]) == 5000


def test_starved_of_the_processor_it_answers_nothing_wrong(
    tmp_path: Path, right: list[bytes]
) -> None:
    core = str(min(os.sched_getaffinity(0)))
    busy = ["taskset", "--cpu-list", core, sys.executable, "-c", "while True: pass"]
    with serve(tmp_path / "log", "granian") as running, contextlib.ExitStack() as stack:
        subprocess.run(
            ["taskset", "--all-tasks", "--cpu-list", "--pid", core, str(running.process.pid)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(3):
            rival = subprocess.Popen(busy)
            stack.callback(rival.wait)
            stack.callback(rival.kill)
        callers = Callers(running.port, right)
        with callers.asking():
            wait_until(lambda: len(callers.answered) >= 100)
        assert (callers.wrong, callers.failed) == ([], 0)
        assert requests.get(f"{running.url}/health/live", timeout=10).ok


def day_in(running: Server) -> str:
    """The date by the function's own clock, as its log tells it."""
    day: str = running.log()[-1]["time"][:10]
    return day


@pytest.mark.faketime
@pytest.mark.parametrize("jump", ["+10y", "-10y", "+1d"])
def test_clock_jumps_and_nothing_changes(tmp_path: Path, right: list[bytes], jump: str) -> None:
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # seconds
        "DONT_FAKE_MONOTONIC": "1",
    }
    with serve(tmp_path / "log", "granian", **faked) as running:
        callers = Callers(running.port, right)
        with callers.asking():
            wait_until(lambda: len(callers.answered) >= 20)
            day = day_in(running)
            clock.write_text(jump)
            wait_until(lambda: day_in(running) != day)
            before = len(callers.answered)
            wait_until(lambda: len(callers.answered) >= before + 100)
        assert (callers.wrong, callers.failed) == ([], 0)


SHORT_OF_MEMORY = """
from function import reply

documents, calls = reply._documents, []

def first_only(*arguments):
    calls.append(arguments)
    if len(calls) % 2 == 0:
        raise MemoryError("for Hobart")
    return documents(*arguments)

reply._documents = first_only
"""
STARTS: Mapping[Launcher, str] = {
    "granian": "from function.serve import main; main()",
    "functions-framework": "from function.main import handle",
}


class Old(http.client.HTTPConnection):
    """Speaks HTTP/1.0, as some gateways do."""

    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_large_answer_that_fails_half_way_does_not_look_whole(
    tmp_path: Path, launcher: Launcher
) -> None:
    faulty = tmp_path / "main.py"
    faulty.write_text(SHORT_OF_MEMORY + STARTS[launcher])
    instead = {"function.serve": str(faulty), str(ROOT / "function" / "main.py"): str(faulty)}

    def start(port: int) -> list[str]:
        return [instead.get(part, part) for part in command(port, launcher) if part != "-m"]

    days = {"observations": [{"Location": "Hobart"}] * 600}
    with started_by(start, tmp_path / "log", {}) as running:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            running.post("/predict", days)
        assert running.call("GET", "/health/ready").ok
        (request,) = (line for line in running.log() if line.get("route") == "/predict")
        (failure,) = (line for line in running.log() if line.get("error") == "MemoryError")
        assert failure["request_id"] == request["request_id"]
        # Nothing marks the end of an answer there, so it is complete before it begins.
        with contextlib.closing(Old("127.0.0.1", running.port, timeout=30)) as caller:
            caller.request("POST", "/predict", msgspec.json.encode(days), headers())
            response = caller.getresponse()
            assert (response.status, "Content-Length" in response.headers) == (500, True)
        figures = running.call("GET", "/prometheus").text
        assert "\nrain_answers_cut_total 1.0\n" in figures
        assert 'rain_requests_total{method="POST",route="/predict",status="500"} 1.0' in figures
        assert "for Hobart" not in running.output.read_text()


def test_who_vanishes_in_the_middle_of_a_body_leaves_nothing(
    tmp_path: Path, right: list[bytes]
) -> None:
    with serve(tmp_path / "log", "granian") as running:
        descriptors = Path(f"/proc/{running.process.pid}/fd")
        ask(running, QUESTIONS[0])
        wait_until(lambda: len(list(descriptors.iterdir())) > 0)
        before = len(list(descriptors.iterdir()))
        for _ in range(50):
            caller = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            caller.putrequest("POST", "/predict")
            for name, value in headers().items():
                caller.putheader(name, value)
            caller.putheader("Content-Length", "1000")
            caller.endheaders(b'{"observation"')
            caller.close()
        assert ask(running, QUESTIONS[0]) == right[0]
        wait_until(lambda: len(list(descriptors.iterdir())) <= before)
