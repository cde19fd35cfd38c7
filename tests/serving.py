"""The real function, in a process of its own, for tests."""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec
import requests

ROOT = Path(__file__).resolve().parent.parent
ALICE = ("alice", "wonderland")
Launcher = Literal["functions-framework", "granian"]
LAUNCHERS: Final = get_args(Launcher)
_START_SECONDS = 60


class Server:
    """A running function: its address, a session to call it with, and what it wrote."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.output = output

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request as alice, unless `auth` or `headers` say otherwise."""
        options.setdefault("auth", ALICE)
        return requests.request(method, self.url + path, timeout=30, **options)

    def post(self, path: str, document: object, **options: Any) -> requests.Response:
        """Send a JSON document as alice."""
        return self.call("POST", path, json=document, **options)

    def log(self) -> list[dict[str, Any]]:
        """The log's JSON lines so far; not one that is being written."""
        lines = self.output.read_bytes().rpartition(b"\n")[0].splitlines()
        return [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def command(port: int, launcher: Launcher = "functions-framework") -> list[str]:
    """How the function is started: as in the Procfile, or as in the image."""
    address = ["--host", "127.0.0.1", "--port", str(port)]
    if launcher == "granian":
        return [sys.executable, "-m", "function.serve", *address]
    framework = shutil.which("functions-framework", path=str(Path(sys.executable).parent))
    assert framework, "functions-framework is not installed beside this Python"
    source = str(ROOT / "function" / "main.py")
    return [framework, "--source", source, "--target", "handle", *address]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings and none of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PORT", "DEBUG"}}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def serve(
    output: Path, launcher: Launcher = "functions-framework", **settings: str
) -> contextlib.AbstractContextManager[Server]:
    """Start the function with these settings, wait until it is ready, and stop it at the end."""
    return started_by(functools.partial(command, launcher=launcher), output, settings)


@contextlib.contextmanager
def started_by(
    start: Callable[[int], list[str]], output: Path, settings: Mapping[str, str]
) -> Iterator[Server]:
    """Likewise, with the command that `start` gives for a port."""
    port = free_port()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            start(port),
            env=environment(settings),
            stdout=sink,
            stderr=sink,
            cwd=output.parent,
        )
    try:
        await_ready(process, port, output.read_text)
        yield Server(process, port, output)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def await_ready(process: subprocess.Popen[bytes], port: int, told: Callable[[], str] = str) -> None:
    """Wait until the function answers; `told` gives what it wrote, should it end instead."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, told()
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).ok:
                return
        time.sleep(0.02)
    raise AssertionError(f"not ready in {_START_SECONDS} s: {told()}")
