"""`scripts/compose-test`, with a program in Docker's place whose builds take long."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.serving import ROOT

DOCKER = f"""#!{sys.executable}
import pathlib, signal, sys, time
calls = pathlib.Path(__file__).with_name("calls")
with calls.open("a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if "--services" in sys.argv:
    print("api test-one")
if "build" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    time.sleep(60)
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    program = tmp_path / "docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    return program


def start(docker: Path, log: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "compose-test"],
        env={**os.environ, "PATH": str(docker.parent), "LOG_DIR": str(log)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell lets what it runs in the background, the tests perhaps, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def test_interruption_takes_everything_down(docker: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with start(docker, tmp_path / "log") as process:
        while process.poll() is None and not (calls.exists() and " build " in calls.read_text()):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (1, "Interrupted.\n")
    assert " down " in calls.read_text().splitlines()[-1]


def test_folder_of_the_log_that_cannot_be_made(docker: Path) -> None:
    with start(docker, docker / "log") as process:
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    reason = "cannot be written (Not a directory); name another folder."
    assert stderr == f"LOG_DIR={docker / 'log'} {reason}\n"
