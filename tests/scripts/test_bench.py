"""`scripts/bench`, against real servers: right ones, wrong ones, and such as do not come."""

import gc
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import granian.server
import pytest

import function.serve
from function import respond
from function.service import Service
from function.settings import Server as Settings
from function.settings import Settings as Function
from scripts.benchmark import __main__ as command
from scripts.benchmark import environments, inprocess, load
from scripts.benchmark.contenders import HelloGranian, Naive, Ours
from scripts.benchmark.handlers import hello_granian
from scripts.benchmark.load import Asked
from scripts.benchmark.measure import Bench, Effort
from scripts.benchmark.processes import Cores, Request, Unavailable
from scripts.benchmark.results import Results
from scripts.benchmark.workload import ALL, MIX, MODELS, Question, Reference, mixed
from scripts.training.failure import Failure
from tests.serving import ROOT, free_port

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
UNPINNED = Cores(None, None)
ASKED = Asked(Request("/", method="GET"), b'{"probability": 0.25')
RIGHT = b'{"probability": 0.25, "seed": 1}'


class Answers(BaseHTTPRequestHandler):
    """Answers a few times rightly, then as it is told."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    told: tuple[int, bytes] = (200, RIGHT)
    right = 3

    def do_GET(self) -> None:
        """Answer."""
        status, body = (200, RIGHT) if type(self).right > 0 else self.told
        type(self).right -= 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Answers.right = 3
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@needs_wrk
def test_right_answers_are_counted(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "told", (200, RIGHT.replace(b"1", b"2")))
    counted = load.send(port, ASKED, 2, 1, None)
    assert counted.right > 3
    assert (counted.wrong, counted.failed, counted.sample) == (0, 0, "")
    assert 0.9 < counted.seconds < 2
    assert 0 < counted.p50_ms <= counted.p99_ms
    load.ask_each(port, [ASKED] * 5, 2)


@needs_wrk
@pytest.mark.parametrize("told", [(200, b'{"probability": 0.26'), (503, RIGHT), (200, b"")])
def test_wrong_answer_fails(
    port: int, told: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "told", told)
    with pytest.raises(Failure, match=rf"were wrong, the first: {told[0]}"):
        load.send(port, ASKED, 2, 1, None)
    Answers.right = 3
    with pytest.raises(Failure, match=f"was wrong: {told[0]}"):
        load.ask_each(port, [ASKED] * 5, 2)


@needs_wrk
def test_no_answer_fails() -> None:
    with pytest.raises(Failure):
        load.send(9, ASKED, 1, 1, None)


def test_wrk_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Failure, match="apt-get install wrk"):
        load.require_wrk()


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(UNPINNED, Effort(1, 0, 1, 40, 2, 0.001, everything=False))


def test_wrong_prediction_fails_before_the_load(bench: Bench) -> None:
    class Wrong(HelloGranian):
        def probabilities(self, _body: bytes) -> Any:
            return [0.5]

        def request(self, _question: Question) -> Request:
            return Request("/", method="GET")

        questions = (Question("random-forest"),)

    with pytest.raises(Failure, match=r"hello-granian answers Question.* wrongly: b'Hello world!'"):
        bench.load(Wrong(), sys.executable)
    with pytest.raises(Failure, match="starts with a wrong answer"):
        bench.starts(Wrong(), sys.executable)


def test_memory_along_mixed_requests(bench: Bench) -> None:
    samples = bench.memory(Ours(), sys.executable)
    assert [sample.requests for sample in samples] == list(range(0, 41, 2))
    assert all(30e6 < sample.pss_bytes < 500e6 for sample in samples)


@needs_wrk
def test_turns_are_taken_round_after_round(bench: Bench) -> None:
    turns = bench.turns([(HelloGranian(), sys.executable), (Ours(), sys.executable)])
    assert [(one.name, one.model) for one in turns] == [
        ("hello-granian", ""),
        *(("ours", model) for model in MODELS),
    ]
    assert all(len(one.per_second) == 2 and min(one.per_second) > 0 for one in turns)


def test_what_does_not_start_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Ours):
        def command(self, python: str, _port: int) -> list[str]:
            return [python, "-c", "raise SystemExit('no such thing')"]

    monkeypatch.setattr(command, "python", lambda _: sys.executable)
    measured = command.measure(Broken(), bench)
    assert (measured.missing, measured.cells) == ("did not start: no such thing", [])


def test_what_cannot_be_installed_is_named(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serve.txt").write_text("msgspec==0.0.0\n")
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    measured = command.measure(Ours(), bench)
    assert measured.missing.startswith("cannot be installed: Could not find a version")
    (tmp_path / "serve.txt").unlink()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "environment").write_text("#!/bin/sh\necho no index >&2; exit 1\n")
    (tmp_path / "scripts" / "environment").chmod(0o755)
    with pytest.raises(Unavailable, match=r"cannot be installed: no index$"):
        environments.python("serve")


def test_days_are_what_the_function_takes() -> None:
    reference = Reference()
    model = "logistic-regression"
    whole, gappy = Question(model, 100), Question(model, 2, 20, gaps=True)
    assert all(len(day) == 22 for day in whole.days())
    assert all(len(day) == 4 for day in gappy.days())
    for question in (whole, gappy):
        probabilities = reference.probabilities(question)
        assert len(set(probabilities)) == question.rows  # an answer to another row shows
        assert reference.probabilities(question) == probabilities


def test_mixed_questions_are_all_of_those_that_are_known() -> None:
    questions = mixed(10_000)
    assert set(questions) == set(ALL)
    assert questions == mixed(10_000)
    assert {(one.rows, one.draws) for one in questions} == MIX.keys()


def test_what_is_constant_of_an_answer_holds_the_probabilities() -> None:
    answer = b'{"prediction":{"probability":0.5},"fill":{"seed":3}}'
    assert Ours().constant(answer) == b'{"prediction":{"probability":0.5}'
    turned = b'{"model":"x","fill":{"seed":3},"prediction":{"probability":0.5}}'
    assert Ours().constant(turned) == turned
    assert Naive().constant(b"whole") == b"whole"


def test_one_core_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert Cores.usable() == UNPINNED
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 1, 3})
    assert Cores.usable() == Cores(1, 3)


def test_greeting_is_served_with_our_options(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Mapping[str, Any]] = []

    def record(_self: object, *_: object, **options: Any) -> None:
        http = options.pop("http1_settings")
        own = ("address", "port", "log_dictconfig")
        kept = {name: value for name, value in options.items() if name not in own}
        seen.append({**kept, "http": (http.header_read_timeout, http.max_buffer_size)})

    monkeypatch.setattr(granian.server.MTServer, "__init__", record)
    monkeypatch.setattr(granian.server.MTServer, "serve", lambda *_, **__: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    # Recorded only: whatever this process starts later would inherit it.
    policies: list[int] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda _pid, policy, _: policies.append(policy))
    hello_granian.serve(8080)
    function.serve.serve(Settings(port=free_port()))
    assert policies.count(os.SCHED_BATCH) == 2
    # The function has more threads, and parks all but those that its slots keep busy.
    assert seen[1]["blocking_threads"] == respond.ADMISSION.threads
    assert seen[0] == {**seen[1], "blocking_threads": max(2, 2 * len(os.sched_getaffinity(0)))}


def test_variables_are_those_of_the_image() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    tuned = re.findall(r"\b((?:PYTHONUN|ORT_|MALLOC_|GLIBC_)\w+)=(\S+)", dockerfile)
    assert dict(tuned) == Ours.variables


def test_profile_measures_every_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "ROWS", (1, 10))
    monkeypatch.setattr(inprocess, "DRAWS", (1, 10))
    profile = inprocess.measure(Service(Function()), 0)
    assert profile.stages.keys() == profile.whole.keys() == set(MODELS)
    for model, stages in profile.stages.items():
        assert tuple(stages) == inprocess.STAGES
        assert min(stages.values()) > 0
        assert profile.rows[model].keys() == profile.draws[model].keys() == {1, 10}


def test_output_that_cannot_be_written_is_found_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "measure_all", lambda _: pytest.fail("it began"))
    monkeypatch.setattr("sys.argv", ["bench", "--quick", "--output", str(tmp_path / "no" / "x")])
    with pytest.raises(Failure, match="cannot be written"):
        command.main()


@pytest.mark.network  # the first run installs the serving environment
@needs_wrk
def test_quick_run(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [ROOT / "scripts" / "bench", "--quick", "--only", "ours", "--output", figures],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| rain-tomorrow, as deployed |" in done.stdout
    (ours,) = Results.read(figures).contenders
    assert len(ours.cells) == len(MODELS) * 3
    assert len(ours.starts) == 2
    assert ours.mixed[-1].requests == 400
    rested = [one.requests for one in ours.mixed if one.rested_bytes]
    assert rested == [200, 400]
    assert ours.pss_bytes
