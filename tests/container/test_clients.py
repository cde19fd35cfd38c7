"""The testers themselves: they pass where the API is right, and fail where it is not."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.serving import ROOT, Server, free_port, serve

CLIENTS: Final = ROOT / "tests" / "container" / "clients"
FILES: Final = sorted(path.name for path in CLIENTS.glob("test_*.py"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function as its image serves it.

    Under the development server, a second request that comes before the rest of the first one's
    body was thrown away goes with it (gunicorn's `finish_body`).
    """
    with serve(tmp_path_factory.mktemp("server") / "log", "granian") as running:
        yield running


def run(*files: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run testers as their image does."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *files],
        cwd=CLIENTS,
        # Their image has no plugins, and nobody's options.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_all_pass_and_say_so(server: Server, tmp_path: Path) -> None:
    log = tmp_path / "api_test.log"
    for file in FILES:
        done = run(file, API_URL=server.url, LOG="1", LOG_FILE=str(log))
        assert done.returncode == 0, done.stdout
        report = done.stdout.strip()
        assert report.startswith(f"{file[5:-3]}: {server.url} as alice, ")
        assert report.endswith(" passed, 0 failed")
        assert "  FAIL  " not in report
        assert report in log.read_text()


def test_one_model(server: Server) -> None:
    done = run("test_predict.py", API_URL=server.url, MODEL="random-forest")
    assert done.returncode == 0
    assert "[random-forest]" in done.stdout
    assert "[decision-tree]" not in done.stdout


def test_wrong_credentials_fail(server: Server) -> None:
    done = run("test_authentication.py", API_URL=server.url, API_USERS="alice:wrong")
    assert done.returncode == 1
    assert "  FAIL  Every user is let in, under the own name" in done.stdout
    assert "  NOT OK: " in done.stdout


def test_nobody_there_fails() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run("test_status.py", API_URL=url, WAIT="0.5")
    assert done.returncode == 1
    assert f"The API at {url} did not become ready (ConnectionError)." in done.stdout + done.stderr


def test_nothing_to_test_fails(server: Server) -> None:
    assert run("test_status.py", "-k", "no_such", API_URL=server.url).returncode == 5


class Echo(BaseHTTPRequestHandler):
    """Answers that it is well, and to which host it was asked."""

    hosts: Final[set[str | None]] = set()

    def do_GET(self) -> None:
        """Answer any path."""
        self.hosts.add(self.headers["Host"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    """URL of a server that is no API."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}"
        listener.shutdown()
        thread.join()


def test_what_is_no_api_fails_and_the_host_header_is_sent(echo: str) -> None:
    done = run("test_status.py", API_URL=echo, API_HOST="rain.example.org")
    assert done.returncode == 1
    assert Echo.hosts == {"rain.example.org"}
