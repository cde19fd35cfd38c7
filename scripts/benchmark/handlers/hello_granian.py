"""The floor under our own server: `python hello_granian.py PORT`.

Granian gets the options that `function.serve` gives it, with as many threads as take requests
there, and nothing of ours is imported: what this takes to start and keeps in memory is the
framework's and the server's.
"""

import os
import sys
from pathlib import Path

import functions_framework
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MTServer


class OneProcess(MTServer):
    """Granian with its worker in a thread of this process, as in `function.serve`."""

    def _check_gil(self) -> None:
        pass


def serve(port: int) -> None:
    """Serve hello.py on 127.0.0.1 until SIGTERM."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    source = str(Path(__file__).with_name("hello.py"))
    application = functions_framework.create_app("hello", source)  # type: ignore[no-untyped-call]
    OneProcess(
        "hello",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=100_000, max_buffer_size=32 * 1024),
        # As many as take requests of the function's threads: it parks all others.
        blocking_threads=max(2, 2 * len(os.sched_getaffinity(0))),
        blocking_threads_idle_timeout=600,
        backlog=1024,
        backpressure=1025,
        log_level=LogLevels.error,
    ).serve(target_loader=lambda: application, wrap_loader=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
