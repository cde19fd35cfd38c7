"""Servers in processes of their own: pinned to a core, watched, and ended."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 15
_POLL_SECONDS: Final = 0.002
_IDLE_SECONDS: Final = 0.1
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR")


class Unavailable(Exception):
    """A contender cannot take part; the message says why."""


class Cores(msgspec.Struct, frozen=True):
    """The core that serves and the one that asks; None where there is only one for both."""

    server: int | None
    load: int | None

    @classmethod
    def usable(cls) -> "Cores":
        """Take the first two that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(*cores[:2]) if len(cores) > 1 else cls(None, None)


def pinned(core: int | None, command: Sequence[str]) -> list[str]:
    """Make a command run on one core."""
    return [*command] if core is None else ["taskset", "--cpu-list", str(core), *command]


class Request(msgspec.Struct, frozen=True):
    """An HTTP request."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = {}
    method: str = "POST"

    def raw(self, port: int) -> bytes:
        """Its bytes, for a connection that is kept."""
        fields = {
            "Host": f"127.0.0.1:{port}",
            **self.headers,
            "Content-Length": str(len(self.body)),
        }
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Caller:
    """A connection to a server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_START_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, raw: bytes) -> tuple[int, bytes]:
        """Send a request; gives status and body. Raises OSError or HTTPException."""
        self._socket.sendall(raw)
        response = http.client.HTTPResponse(self._socket)
        response.begin()
        return response.status, response.read()

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class Running:
    """A server's processes: the one that is started here, and its children.

    Args:
        command: What to run.
        port: Where it will listen, on 127.0.0.1.
        environment: All its variables.
        output: File that takes what it writes.

    """

    def __init__(
        self, command: Sequence[str], port: int, environment: Mapping[str, str], output: Path
    ) -> None:
        self.port = port
        self._output = output
        self._began = time.perf_counter()
        with output.open("ab") as sink:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )

    def since_start(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._began

    def await_answer(self, request: Request) -> bytes:
        """Ask until there is an answer with status 200; gives its body.

        Raises:
            Unavailable: It ended, or did not answer in time.

        """
        raw = request.raw(self.port)
        deadline = time.perf_counter() + _START_SECONDS
        while time.perf_counter() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                caller = Caller(self.port)
                try:
                    status, body = caller.ask(raw)
                finally:
                    caller.close()
                if status == 200:
                    return body
            time.sleep(_POLL_SECONDS)
        raise Unavailable(f"did not start: {self._last_words()}")

    def pids(self) -> list[int]:
        """Process ids, the one that was started first."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError):  # it ended
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (thread / "children").read_text().split())
        return found

    def pss(self) -> int:
        """Proportional set size of all processes, in bytes."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total * 1024

    def cpu_seconds(self) -> float:
        """Processor time that all processes have taken."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total * _TICK

    def settle(self) -> None:
        """Wait until it works no more: who asked may have left before the answer."""
        before, deadline = -1.0, time.perf_counter() + _START_SECONDS
        while (now := self.cpu_seconds()) - before > _TICK and time.perf_counter() < deadline:
            before = now
            time.sleep(_IDLE_SECONDS)
        self.forget()

    def forget(self) -> None:
        """Throw away what it wrote: its log of requests."""
        os.truncate(self._output, 0)

    def stop(self) -> None:
        """End all its processes."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait()
        self._kill()

    def _kill(self) -> None:
        """End what is left of its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _last_words(self) -> str:
        lines = self._output.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else "it said nothing"


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, core: int | None, variables: Mapping[str, str]
) -> Iterator[Running]:
    """Run a server, in the project's folder and without this process's settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(ROOT), **variables}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = Running(pinned(core, command), port, environment, Path(folder) / "output")
        try:
            yield server
        finally:
            server.stop()
