"""`scripts/test` in a project without observations."""

import shutil
import subprocess
from pathlib import Path

from tests.serving import ROOT


def test_all_without_observations_fails_with_a_sentence(tmp_path: Path) -> None:
    scripts = tmp_path / "project" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "test", scripts)
    (scripts / "environment").write_text("#!/bin/sh\necho /nowhere/python\n")
    (scripts / "environment").chmod(0o755)
    done = subprocess.run(
        [scripts / "test", "--all"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "--all needs the observations at ../shared/data/rains.csv.gz.\n"


def test_every_shell_script_is_checked() -> None:
    checked = (ROOT / "scripts" / "test").read_text().partition('/shellcheck" ')[2]
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    shell = {path.name for path in scripts if path.read_text().startswith("#!/bin/sh")}
    assert {name for name in shell if f"scripts/{name} " not in checked} == set()
