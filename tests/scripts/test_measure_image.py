"""`scripts/measure-image` where there is nothing to measure with."""

import os
import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.container.measure", *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_and_options(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: scripts/measure-image")
    assert run(tmp_path, "--quick").returncode == 2


def test_no_engine_is_a_sentence(tmp_path: Path) -> None:
    sentence = "No Docker engine answers; start it, or join the group that may use it.\n"
    done = run(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    assert run(tmp_path).stderr == sentence
