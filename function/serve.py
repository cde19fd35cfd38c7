"""The production server: the function's WSGI application under Granian.

    python -m function.serve [--host ADDRESS] [--port NUMBER]

The application is made, and every model verified, before the port opens. The settings are
environment variables.
"""

import gc
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from function import process

if __name__ == "__main__":
    process.begin()

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MTServer

from function import telemetry
from function.problems import DeploymentError
from function.settings import Server

if TYPE_CHECKING:
    from function.admission import Admission

_IDLE_SECONDS: Final = 600  # after which a thread of Granian's ends; the longest it takes
_OTHERS: Final = 8  # threads of Granian's that take no requests, and some to spare
# Bytes; Granian would take 400 KiB, which Accept, say, takes a second to be read of.
_MOST_HEADERS: Final = 32 * 1024
# Granian's own words, in the form of the function's log.
_LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "function.telemetry.JsonLines"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "loggers": {"_granian": {"handlers": ["stdout"], "propagate": False}},
}


class Ending:
    """Waits for SIGTERM or SIGINT, and ends what there is to end; from the very start on.

    Python's own handlers run in the main thread alone, which sleeps on where the kernel brought the
    signal to another one of the many. Whichever it was, its number comes through this pipe.
    """

    def __init__(self) -> None:
        self.server: MTServer | None = None
        self._numbers, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        # It is for who waits to end the process, and not for the main thread at the same moment.
        signal.signal(signal.SIGTERM, lambda *_: None)

    def wait(self) -> None:
        """Wait for one of them; others do not matter."""
        while os.read(self._numbers, 1)[0] not in {signal.SIGTERM, signal.SIGINT}:
            pass
        if self.server is None:
            os._exit(0)
        self.server.signal_handler_interrupt()  # type: ignore[no-untyped-call]


class OneProcess(MTServer):
    """Granian with its worker in a thread of this process, and no second process to watch it.

    A platform restarts what ends; a supervisor of our own would only cost memory and start-up
    time. Granian offers this for Pythons without a global lock, whose absence it does not need.
    """

    def __init__(self, *arguments: Any, grace_seconds: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._grace_seconds = grace_seconds

    def _check_gil(self) -> None:
        pass

    def shutdown(self, exit_code: int = 0) -> None:
        """Answer what was accepted; a caller who never sends the rest of it holds nothing up."""
        deadline = threading.Timer(self._grace_seconds, _leave)
        deadline.daemon = True
        deadline.start()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


def _leave() -> None:
    telemetry.warn("stopped at the end of GRACE_SECONDS, with requests that were not complete")
    os._exit(0)


def check_free(host: str, port: int) -> None:
    """Bind the address for a moment: Granian would share it with who has it, and say nothing.

    Raises:
        DeploymentError: It cannot be bound.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DeploymentError(
                f"{host}:{port} cannot be listened on ({error.strerror}); set another HOST or PORT."
            ) from error


def _watch(admission: "Admission", address: tuple[str, int]) -> None:
    """Watch who is let in, without waiting for others' turns: it would see too late who comes."""
    process.schedule("SCHED_OTHER")
    admission.watch(address, process.trim)


def serve(server: Server, ending: Ending | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was accepted and return.

    Raises:
        DeploymentError: The address cannot be listened on.

    """
    process.take_turns()
    check_free(server.host, server.port)
    # Imported only here: it verifies every model, or ends the process.
    from function.respond import ADMISSION
    from function.wsgi import application

    # Give back what only loading needed; what is left stays, and need not be looked through.
    gc.collect()
    gc.freeze()
    gc.enable()
    process.trim()
    process.unmap()
    address = (server.host, server.port)
    process.check_threads(ADMISSION.threads + _OTHERS)
    process.start_thread("admission", _watch, ADMISSION, address)
    granian = OneProcess(
        "function.wsgi",
        address=server.host,
        port=server.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        blocking_threads=ADMISSION.threads,
        blocking_threads_idle_timeout=_IDLE_SECONDS,
        http1_settings=HTTP1Settings(
            header_read_timeout=server.idle_seconds * 1000, max_buffer_size=_MOST_HEADERS
        ),
        backlog=server.backlog,
        backpressure=server.max_connections + 1,  # the probe's
        grace_seconds=server.grace_seconds,
        log_level=LogLevels.error,
        log_dictconfig=_LOGGING,
    )
    if ending is not None:
        ending.server = granian
    granian.serve(target_loader=lambda: application, wrap_loader=False)


def main() -> None:
    """Run the command."""
    ending = Ending()
    try:
        process.start_thread("ending", ending.wait)
        serve(Server.of(os.environ, sys.argv[1:]), ending)
    except DeploymentError as error:
        sys.exit(f"rain-tomorrow cannot start: {error}")


if __name__ == "__main__":
    main()
    # Not by the interpreter's end, which takes down the whole process where a thread of Granian's
    # still wants it.
    os._exit(0)
