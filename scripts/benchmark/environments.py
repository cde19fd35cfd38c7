"""The contenders' environments: the project's own, and those of peers."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.benchmark.processes import ROOT, Unavailable

PEERS: Final = Path(__file__).with_name("peers")


def python(name: str) -> str:
    """Path of an environment's Python; it is made where there is none.

    Args:
        name: `serve` or `train`, or that of a file in `peers`.

    Raises:
        Unavailable: It cannot be made.

    """
    pins = PEERS / f"{name}.txt"
    if pins.exists():
        return _peer(ROOT / ".venv" / f"bench-{name}", pins)
    made = _run([str(ROOT / "scripts" / "environment"), name])
    return made.strip()


def _peer(folder: Path, pins: Path) -> str:
    """A peer's environment, made by pip from its file, whose hash marks it as whole."""
    stamp, found = folder / "stamp", folder / "bin" / "python"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return str(found)
    print(f"Making the environment .venv/{folder.name} ...", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--requirement", str(pins)])
    stamp.write_text(wanted)
    return str(found)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"cannot be installed: {_reason(done.stderr)}")
    return done.stdout


def _reason(said: str) -> str:
    """Return the first error of pip, or else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason was given"]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines[-1:])[0].removeprefix("ERROR: ")[:200].rstrip(".")
