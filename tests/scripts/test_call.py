"""The caller, as a shell runs it, against the real server."""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.scripts.interrupting import in_terminal, interrupt
from tests.serving import ROOT, Server, free_port

MONTH = "docs/invented-month.csv"
MODELS = ["decision-tree", "logistic-regression", "random-forest", "support-vector-machine"]


def call(url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "call", *arguments],
        cwd=ROOT,
        env={**os.environ, "RAIN_URL": url, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def output(server: Server, *arguments: str, **variables: str) -> str:
    done = call(server.url, *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def complaint(url: str, *arguments: str) -> list[str]:
    done = call(url, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.splitlines()


@contextmanager
def answering(body: bytes, kind: str = "application/json", status: int = 200) -> Iterator[str]:
    """A server that gives this answer to everything; its address."""

    class Same(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Same) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_predict_without_fields_shows_a_day_for_every_model(server: Server) -> None:
    lines = output(server, "predict").splitlines()
    assert [line.split()[0] for line in lines] == MODELS
    assert all("█" in line and "rain" in line for line in lines)


def test_predict_shows_interval_and_what_was_filled(server: Server) -> None:
    shown = output(
        server,
        *("predict", "--model", "random-forest", "--draws", "20", "--seed", "7"),
        *("--strategy", "uniform", "Location=Perth", "Temp3pm=31.5", "WindGustDir=SW"),
    )
    assert " to " in shown
    assert "filled in: MinTemp " in shown
    assert "(strategy uniform, draws 20, seed 7)" in shown
    assert "Temp3pm" not in shown


def test_json_is_the_answer_itself(server: Server) -> None:
    arguments = ("predict", "--json", "--model", "all", "--seed", "7", "Location=Perth")
    body = {"model": "all", "observation": {"Location": "Perth"}, "fill": {"seed": 7}}
    assert json.loads(output(server, *arguments)) == server.post("/predict", body).json()


def test_file_is_printed_as_a_calendar_of_the_days_foretold(server: Server) -> None:
    shown = output(server, "predict", "--seed", "7", MONTH)
    document = json.loads(output(server, *("predict", "--json", "--seed", "7"), MONTH))
    assert shown.startswith("Sydney, June 2026\n      Mon ")
    for day, prediction in enumerate(document["predictions"][:29], start=2):
        mark = "*" if prediction["rain_tomorrow"] else ""
        assert f" {day}{prediction['probability']:>5.0%}{mark}" in shown
    assert "July 2026" in shown


def test_file_without_dates_is_printed_row_by_row(server: Server, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("min_temp\n12\n3\n")
    lines = output(server, *("predict", "--location", "Perth", "--model", "all"), str(table))
    assert [line.split()[:2] for line in lines.splitlines()[:-1]] == [
        ["row", "1"],
        ["row", "2"],
    ] * 4
    lines_of_json = tmp_path / "table.ndjson"
    lines_of_json.write_text('{"Location": "Perth", "Date": "2026-06-30"}\n')
    assert "Perth, July 2026" in output(server, "predict", str(lines_of_json))


def test_file_may_be_called_as_a_field_is(server: Server, tmp_path: Path) -> None:
    table = tmp_path / "Location=Perth.csv"
    table.write_text("Date,MinTemp\n9999-12-31,12\n")
    first, *_ = output(server, "predict", "--location", "Perth", str(table)).splitlines()
    assert first.startswith("row 1 ")  # there is no day after it


def test_location_counts_without_a_file(server: Server) -> None:
    arguments = ("predict", "--json", "--seed", "7", "--model", "random-forest")
    field = output(server, *arguments, "Location=Hobart", "Humidity3pm=71")
    assert output(server, *arguments, "--location", "Hobart", "Humidity3pm=71") == field


def test_json_is_what_came() -> None:
    body = '{ "forêt": 0.10 }'
    with answering(body.encode()) as url:
        assert call(url, "status", "--json").stdout == f"{body}\n"


def test_variables_that_are_empty_are_not_set(server: Server) -> None:
    assert output(server, "metrics", RAIN_USER="") == output(server, "metrics")
    assert "does not start with" not in call("", "status").stderr


def test_terminal_that_knows_few_characters(server: Server) -> None:
    shown = output(server, "predict", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert [line.split()[0] for line in shown.splitlines()] == MODELS


def test_probability_below_the_threshold_does_not_look_like_it() -> None:
    for probability, rain, line in (
        (0.2179, False, "x 21.79% ███████ no rain (from 21.80% on)"),
        (0.2181, True, "x 22% ███████ rain (from 22% on)"),
    ):
        told = {"probability": probability, "threshold": 0.218, "rain_tomorrow": rain}
        with answering(json.dumps({"model": "x", "prediction": told}).encode()) as url:
            assert " ".join(call(url, "predict").stdout.split()) == line


def test_random_fill(server: Server) -> None:
    shown = output(server, "random-fill", "--seed", "3", "location=Hobart", "temp_3pm=9.5")
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines()}
    assert rows["Location"] == ["Hobart"]
    assert rows["Temp3pm"] == ["9.5"]
    assert rows["Sunshine"][1] == "drawn"


def test_metrics(server: Server) -> None:
    _, *rows = output(server, "metrics").splitlines()
    assert [row.split()[0] for row in rows] == MODELS
    _, row = output(server, "metrics", "decision-tree").splitlines()
    assert row == rows[0]


@pytest.mark.parametrize(
    ("command", "words"),
    [("models", "the default"), ("stations", "Pacific/Norfolk"), ("status", "ok: version 1.0.0")],
)
def test_what_there_is(server: Server, command: str, words: str) -> None:
    assert words in output(server, command)
    assert json.loads(output(server, command, "--json"))


def test_bad_fields_are_named(server: Server) -> None:
    first, *others = complaint(server.url, "predict", "Locaton=Perth", "Humidity3pm=140")
    assert first.startswith("422 ")
    assert any("/observation/Locaton" in line and "Location" in line for line in others)
    assert any("/observation/Humidity3pm" in line for line in others)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("predict", "--user", "alice:wrong"), "401"),
        (("metrics", "oracle"), "404"),
        (("metrics", "random forest"), "404"),
        (("metrics", "forêt/../x"), "404"),
        (("status", "--url", "http://[::1"), "Invalid IPv6 URL"),
        (("status", "--host-header", "€"), "--host-header cannot be sent"),
        (("predict", "Sydney"), "Field=value"),
        (("status", "--url", "file:///etc/hosts"), "http://"),
    ],
)
def test_mistake_is_one_sentence(server: Server, arguments: tuple[str, ...], words: str) -> None:
    (sentence,) = complaint(server.url, *arguments)
    assert words in sentence


def test_no_server(server: Server) -> None:
    (sentence,) = complaint(f"http://127.0.0.1:{free_port()}", "predict")
    assert "./scripts/serve" in sentence
    (sentence,) = complaint(f"{server.url}/nowhere", "predict")
    assert sentence.startswith("404 ")


@pytest.mark.parametrize("body", [b'{"status": "UP"}', b"[]", b"7", b"<html>"])
@pytest.mark.parametrize("command", ["predict", "random-fill", "metrics", "stations", "status"])
def test_another_server_is_told_from_ours(command: str, body: bytes) -> None:
    with answering(body) as url:
        (sentence,) = complaint(url, command)
    assert sentence == f"What answers at {url} is not rain-tomorrow; set --url."


def test_problem_of_another_server() -> None:
    with answering(b'{"title": "No"}', "application/problem+json", 404) as url:
        assert complaint(url, "status") == ["404 Not Found, and not from rain-tomorrow; set --url."]


def test_gateway_that_reaches_nobody() -> None:
    with answering(b"<h1>Service Temporarily Unavailable", "text/html", 503) as url:
        (sentence,) = complaint(url, "status")
    assert sentence.startswith("503 Service Unavailable, from a gateway that does not reach")
    assert "kubectl get pods" in sentence


def test_interruption_is_a_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [ROOT / "scripts" / "call", "status", "--url", url]
        with in_terminal(command) as process, silent.accept()[0]:  # it has asked
            stderr = interrupt(process, lambda: True)
    assert (process.returncode, stderr) == (1, "Interrupted.\n")


def test_a_reader_that_leaves_early_is_no_error(server: Server) -> None:
    done = subprocess.run(
        f"scripts/call stations --url {server.url} | head -n 1",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("Adelaide")
    assert done.stderr == ""
