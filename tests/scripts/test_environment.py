"""Environments of a project whose locks pin nothing, so that no index is asked."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.scripts.interrupting import in_terminal, interrupt
from tests.serving import ROOT

MAKING = "Making the environment"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("function", "scripts", "tests"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "requirements.txt").write_text("# nothing\n")
    shutil.copy(ROOT / "scripts" / "environment", tmp_path / "scripts")
    return tmp_path


def start(project: Path, name: str = "serve", **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [project / "scripts" / "environment", name],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def make(project: Path, name: str = "serve", **variables: str) -> tuple[int, str, str]:
    process = start(project, name, **variables)
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def test_made_once_and_anew_when_its_lock_changes(project: Path) -> None:
    status, stdout, stderr = make(project)
    python = project / ".venv" / "serve" / "bin" / "python"
    assert (status, stdout) == (0, f"{python}\n")
    assert MAKING in stderr
    subprocess.run([python, "-c", ""], check=True)
    assert make(project) == (0, stdout, "")
    (project / "function" / "requirements.txt").write_text("# still nothing\n")
    assert MAKING in make(project)[2]


def wheel(folder: Path) -> str:
    """Write a package of one module; gives its lock."""
    path = folder / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.py", "")
        archive.writestr(
            "one-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1\n"
        )
        archive.writestr("one-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("one-1.dist-info/RECORD", "")
    return f"one==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.mark.parametrize("forbidden", ["", "1"])
def test_compiled_where_nothing_may_be_written_later(project: Path, forbidden: str) -> None:
    (project / "function" / "requirements.txt").write_text(wheel(project))
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project)}
    assert make(project, PYTHONDONTWRITEBYTECODE=forbidden, **offline)[0] == 0
    (module,) = project.glob(".venv/serve/lib/*/site-packages/one.py")
    assert bool(list(module.parent.glob("__pycache__/one.*.pyc"))) is bool(forbidden)


def test_unfinished_one_is_made_anew(project: Path) -> None:
    unfinished = project / ".venv" / "serve"
    (unfinished / "bin").mkdir(parents=True)
    (unfinished / "bin" / "python").write_text("half a Python")
    status, _, stderr = make(project)
    assert (status, MAKING in stderr) == (0, True)
    subprocess.run([unfinished / "bin" / "python", "-c", ""], check=True)


def test_moved_one_is_made_anew(project: Path) -> None:
    make(project)
    moved = project.rename(project.with_name("moved"))
    status, stdout, stderr = make(moved)
    assert (status, MAKING in stderr) == (0, True)
    assert stdout.startswith(str(moved))


def test_two_at_once_make_it_once(project: Path) -> None:
    both = [start(project), start(project)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert ended[0][0] == ended[1][0]
    assert sorted(MAKING in stderr for _, stderr in ended) == [False, True]


def test_each_has_its_own_lock(project: Path) -> None:
    (project / "tests" / "requirements.txt").unlink()
    assert make(project, "train")[0] == 0


def test_package_that_cannot_be_had(project: Path) -> None:
    lock = project / "function" / "requirements.txt"
    lock.write_text("msgspec==0.0.0 --hash=sha256:" + 64 * "0" + "\n")
    status, stdout, stderr = make(project, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert (status, stdout) == (1, "")
    assert stderr.splitlines()[-1].endswith("is a package index within reach?")
    assert "Traceback" not in stderr
    lock.write_text("# nothing\n")
    assert make(project)[0] == 0


def test_python_without_venv(project: Path) -> None:
    (project / "venv.py").write_text("raise SystemExit(1)\n")
    status, _, stderr = make(project, PYTHONPATH=str(project))
    assert status == 1
    assert stderr.splitlines()[-1].endswith("apt-get install python3-venv.")


def test_interruption_is_a_sentence_and_ends_what_was_started(project: Path) -> None:
    (project / "venv.py").write_text("import time\nopen('begun', 'w')\ntime.sleep(60)\n")
    command = [project / "scripts" / "environment", "serve"]
    with in_terminal(
        command, cwd=project, env={**os.environ, "PYTHONPATH": str(project)}
    ) as process:
        # Its end is that of all that was started: they would keep standard error open.
        stderr = interrupt(process, (project / "begun").exists)
    assert process.returncode == 1
    assert stderr.splitlines()[1:] == ["Interrupted; run it again."]


def test_project_that_cannot_be_written(project: Path) -> None:
    (project / ".venv").touch()
    status, stdout, stderr = make(project)
    assert (status, stdout) == (1, "")
    reason = "cannot be written (File exists); mend that, and run it again."
    assert stderr == f"{project / '.venv'} {reason}\n"


@pytest.mark.parametrize("arguments", [[], ["production"]])
def test_unknown_name(project: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [project / "scripts" / "environment", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: scripts/environment serve|train|test|inference\n"


def under_old_python(project: Path, path: Path) -> subprocess.CompletedProcess[str]:
    script = str(project / "scripts" / "environment")
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 2);"
        f"sys.argv = [{script!r}, 'serve']; runpy.run_path({script!r}, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_old_python_looks_for_a_newer_one(project: Path) -> None:
    done = under_old_python(project, project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Python 3.11 or newer is needed; this is 3.9.\n"
    (project / "python3.12").symlink_to(sys.executable)
    done = under_old_python(project, project)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stdout.endswith("bin/python\n")
