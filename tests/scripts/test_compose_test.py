"""`scripts/compose-test`, with a program in Docker's place whose builds take long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.interrupting import in_terminal, interrupt
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


def compose_test(docker: Path, log: Path) -> subprocess.Popen[str]:
    variables = {**os.environ, "PATH": str(docker.parent), "LOG_DIR": str(log)}
    return in_terminal([sys.executable, ROOT / "scripts" / "compose-test"], env=variables)


def test_interruption_takes_everything_down(docker: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with compose_test(docker, tmp_path / "log") as process:
        stderr = interrupt(process, lambda: calls.exists() and " build " in calls.read_text())
    assert (process.returncode, stderr) == (1, "Interrupted.\n")
    assert " down " in calls.read_text().splitlines()[-1]


def test_folder_of_the_log_that_cannot_be_made(docker: Path) -> None:
    with compose_test(docker, docker / "log") as process:
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    reason = "cannot be written (Not a directory); name another folder."
    assert stderr == f"LOG_DIR={docker / 'log'} {reason}\n"
