"""Commands as a terminal starts them, which Ctrl-C reaches with all that they started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any


def in_terminal(command: Sequence[Any], **options: Any) -> subprocess.Popen[str]:
    """Start a command in a group of its own; what it says on standard error is kept."""
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell lets what it runs in the background, the tests perhaps, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        **options,
    )


def interrupt(process: subprocess.Popen[str], begun: Callable[[], bool]) -> str:
    """Press Ctrl-C as soon as something has begun; gives what is said on standard error."""
    deadline = time.monotonic() + 60
    while process.poll() is None and not begun():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)[1]
