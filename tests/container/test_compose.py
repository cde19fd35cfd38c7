"""The testers in their containers, against one function and against three behind nginx."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from function.reply import ROWS
from tests.container.engine import docker
from tests.container.load import send
from tests.serving import ROOT, free_port

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("bases")]
TESTERS: Final = {
    *("authentication", "errors", "files", "http", "metrics", "page", "protocols"),
    *("random-fill", "status"),
    *("predict-decision-tree", "predict-logistic-regression"),
    *("predict-random-forest", "predict-support-vector-machine"),
}
_ROW: Final = re.compile(r"^test-(\S+) +(\d+) +(\d+) +[\d.]+  (.+)$", re.MULTILINE)


def compose_test(*options: str, **settings: str) -> tuple[int, dict[str, tuple[str, ...]], str]:
    """Run scripts/compose-test; gives its status, its table's rows, and all that it printed."""
    done = subprocess.run(
        [ROOT / "scripts" / "compose-test", *options],
        env={**os.environ, "BUILD_NETWORK": "host", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    rows = {name: tuple(rest) for name, *rest in _ROW.findall(done.stdout)}
    return done.returncode, rows, done.stdout


@pytest.mark.parametrize("options", [(), ("--replicas",)])
def test_every_tester_passes(tmp_path: Path, options: tuple[str, ...]) -> None:
    status, rows, output = compose_test(*options, LOG="1", LOG_DIR=str(tmp_path))
    assert status == 0, output
    assert rows.keys() == TESTERS
    for passed, failed, verdict in rows.values():
        assert int(passed) > 0
        assert (failed, verdict) == ("0", "ok")
    log = (tmp_path / "api_test.log").read_text()
    assert len(re.findall(r"^  ok: ", log, re.MULTILINE)) == len(TESTERS)
    assert ("http://gateway:8080" in log) == bool(options)
    assert "rain-tomorrow-test" not in docker("ps", "--all", "--format", "{{.Names}}")


def test_a_deployment_that_is_not_there_fails(tmp_path: Path) -> None:
    settings = {"API_URL": "http://127.0.0.1:9", "WAIT": "0.1", "LOG_DIR": str(tmp_path)}
    status, rows, output = compose_test("--no-build", **settings)
    assert status == 1
    assert {verdict for _, _, verdict in rows.values()} == {"FAILED, status 1"}
    assert "did not become ready" in output


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Three replicas behind nginx: the gateway's URL, and Compose for this project."""
    port = str(free_port())
    files = ("--file", "compose.yaml", "--file", "compose.replicas.yaml")
    command = next(
        command
        for command in (["docker", "compose"], ["docker-compose"])
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0
    )
    settings = {"API_PORT": "0", "GATEWAY_PORT": port, "LOG_DIR": str(tmp_path)}

    def compose(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *files, "--project-name", "rain-tomorrow-replicas", *arguments],
            cwd=ROOT,
            env={**os.environ, "BUILD_NETWORK": "host", **settings},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    try:
        compose("build", "api")
        compose("up", "--detach", "gateway")
        yield f"http://127.0.0.1:{port}", compose
    finally:
        compose("down", "--volumes", "--timeout", "1")


def test_a_killed_replica_loses_no_request(replicas: tuple[str, Any]) -> None:
    url, compose = replicas
    names = {service: compose("ps", "-q", service).strip() for service in ("api", "api-2", "api-3")}
    for name in names.values():
        (details,) = json.loads(docker("inspect", name))
        assert details["HostConfig"]["Memory"] == 128 * 2**20
        assert details["HostConfig"]["NanoCpus"] == 500_000_000
        _await_healthy(name)
    end = time.monotonic() + 10
    murder = threading.Timer(3, docker, ("kill", names["api-2"]))
    murder.start()
    # An answer that comes in pieces may have begun, and then no gateway can ask another replica.
    answered, wrong = send(url, 8, lambda _sent: time.monotonic() < end, most=ROWS)
    murder.join()
    assert wrong == []
    answers = {name: docker("logs", name).count('"/predict"') for name in names.values()}
    assert min(answers.values()) > 0  # the dead one had its share
    assert sum(answers.values()) >= answered
    assert docker("inspect", "--format", "{{.State.Running}}", names["api-2"]) == "false"
    assert requests.get(f"{url}/health/ready", timeout=5).ok


def _await_healthy(name: str) -> None:
    deadline = time.monotonic() + 60
    while docker("inspect", "--format", "{{.State.Health.Status}}", name) != "healthy":
        assert time.monotonic() < deadline
        time.sleep(0.2)
