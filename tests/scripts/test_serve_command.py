"""What `scripts/serve` says, in a project whose environment is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.interrupting import in_terminal, interrupt
from tests.serving import ROOT, free_port

SLOW = """#!/usr/bin/env python3
import pathlib, sys, time
try:
    pathlib.Path("begun").touch()
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    sys.exit("Interrupted")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "serve", tmp_path / "scripts")
    environment = tmp_path / "scripts" / "environment"
    environment.write_text("#!/bin/sh\necho /bin/true\n")
    environment.chmod(0o755)
    return tmp_path


def run(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / "serve", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help(project: Path) -> None:
    done = run(project, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: [HOST=ADDRESS] [PORT=NUMBER] scripts/serve\n")


@pytest.mark.parametrize("arguments", [["--port", "9150"], ["9150"]])
def test_arguments_are_refused(project: Path, arguments: list[str]) -> None:
    done = run(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("HOST and PORT are environment variables\n")


@pytest.mark.parametrize(("host", "shown"), [("", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")])
def test_address_is_one_that_answers(project: Path, host: str, shown: str) -> None:
    port = str(free_port())
    lines = run(project, HOST=host, PORT=port).stdout.splitlines()
    assert lines[0] == f"rain-tomorrow: http://{shown}:{port}"
    assert f"  scripts/call predict --url http://{shown}:{port}" in lines


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("::1", "8080", "HOST=::1 is no IPv4 address"),
        ("", "0", "PORT=0 is no port"),
        ("192.0.2.1", "8080", "Cannot listen on 192.0.2.1:8080"),
    ],
)
def test_address_that_is_none_is_a_sentence(
    project: Path, host: str, port: str, sentence: str
) -> None:
    done = run(project, HOST=host, PORT=port)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(sentence)


@pytest.mark.parametrize("name", ["WORKERS", "THREADS"])
def test_counts_that_are_none_are_a_sentence(project: Path, name: str) -> None:
    port = str(free_port())
    done = run(project, PORT=port, **{name: "0"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"{name}=0 is no number of {name.lower()}")
    (project / "scripts" / "environment").write_text("#!/bin/sh\necho ${0%/*}/python\n")
    python = project / "scripts" / "python"
    python.write_text(f"#!/bin/sh\necho ${{{name}-not set}}\n")
    python.chmod(0o755)
    assert run(project, PORT=port, **{name: ""}).stdout.endswith("not set\n")


def test_interruption_is_told_once(project: Path) -> None:
    """Ctrl-C while the environment is made, which says so itself."""
    (project / "scripts" / "environment").write_text(SLOW)
    command = [project / "scripts" / "serve"]
    with in_terminal(command, cwd=project, env={**os.environ, "PORT": str(free_port())}) as process:
        stderr = interrupt(process, (project / "begun").exists)
    assert (process.returncode, stderr) == (1, "Interrupted\n")
