"""Load by wrk, which checks every answer, and by callers that ask mixed questions."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Final

import msgspec

from scripts.benchmark.processes import Caller, Request, pinned
from scripts.training.failure import Failure

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_TIMEOUT: Final = 60  # seconds that an answer may take


class Load(msgspec.Struct, frozen=True):
    """What wrk counted: right answers, seconds, and percentiles of latency in milliseconds.

    `wrong` answers are those with another status or text than the right one, of which `sample` is
    the first; `failed` requests have none.
    """

    right: int
    wrong: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    sample: str


class Asked(msgspec.Struct, frozen=True):
    """A request, and how every right answer to it begins."""

    request: Request
    expected: bytes


def require_wrk() -> None:
    """Raise Failure where wrk is not installed."""
    if shutil.which("wrk") is None:
        raise Failure("wrk, the load generator, is missing; on Debian: apt-get install wrk.")


def wrk() -> str:
    """Name and version of wrk; "no wrk" where it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        return "no wrk"
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])


def send(port: int, asked: Asked, callers: int, seconds: float, core: int | None) -> Load:
    """Send a request from `callers` connections for some seconds.

    Raises:
        Failure: An answer was wrong, or there was none.

    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        headers = "".join(f"{key}: {value}\n" for key, value in asked.request.headers.items())
        (folder / "method").write_text(asked.request.method)
        (folder / "headers").write_text(headers)
        (folder / "body").write_bytes(asked.request.body)
        (folder / "expected").write_bytes(asked.expected)
        # wrk's seconds are whole.
        options = [
            "--threads=1",
            f"--connections={callers}",
            f"--duration={max(1, round(seconds))}",
        ]
        url = f"http://127.0.0.1:{port}{asked.request.path}"
        command = ["wrk", *options, f"--timeout={_TIMEOUT}", "--script", str(_SCRIPT), url, name]
        done = subprocess.run(pinned(core, command), capture_output=True, check=False)
    return _read(done)


def _read(done: subprocess.CompletedProcess[bytes]) -> Load:
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        load = msgspec.convert(json.loads(lines[-1]), Load)
    except (IndexError, ValueError) as error:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise Failure(f"wrk did not measure ({said[-200:]}); try it by hand.") from error
    if load.wrong:
        raise Failure(f"{load.wrong} answers under load were wrong, the first: {load.sample}")
    if load.failed:
        raise Failure(f"{load.failed} requests under load had no answer.")
    return load


def ask_each(port: int, questions: Sequence[Asked], callers: int) -> None:
    """Ask each question once, from `callers` connections.

    Raises:
        Failure: An answer was wrong, or there was none.

    """
    raw = [(asked.request.raw(port), asked.expected) for asked in questions]

    def call(number: int) -> None:
        caller = Caller(port)
        try:
            for sent, expected in raw[number::callers]:
                status, body = caller.ask(sent)
                if status != 200 or not body.startswith(expected):
                    raise Failure(f"An answer under load was wrong: {status} {body[:200]!r}")
        except (OSError, HTTPException) as error:
            raise Failure(f"A request under load had no answer ({error!r}).") from error
        finally:
            caller.close()

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(call, range(callers)))
