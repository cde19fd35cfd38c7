"""A request of the server's own, which tells how many others wait where nobody sees them.

The server takes requests in the order of their coming, and those that no thread has taken yet wait
inside it. This one waits among them.
"""

import contextlib
import secrets
import socket
import time
from collections.abc import Callable
from typing import Final

_PATIENCE_SECONDS: Final = 0.02
_KEEP_SECONDS: Final = 0.5
_ANSWER: Final = 65536  # bytes; there are far less
ASIDE: Final = "aside"
"""Query of a probe that parks the thread that takes it."""


class Probe:
    """One request at a time, on a connection of its own that is kept."""

    def __init__(self) -> None:
        self.path: Final = f"/{secrets.token_hex(16)}"
        """Where it goes, which nobody else knows."""
        self.wait = 0.0
        """Seconds that the latest has waited, as far as is known."""
        self.ahead = 0
        """Requests that were taken meanwhile: as many callers, at least, wait at once."""
        self._request = _request(self.path)
        self._connection: socket.socket | None = None
        self._accepted = False
        self._sent: float | None = None
        self._taken = 0
        self._passed = 0.0

    def keep(self, address: tuple[str, int], taken: int) -> None:
        """Send one every now and then, so that there is a connection when it matters."""
        if self._sent is None and time.monotonic() > self._passed + _KEEP_SECONDS:
            self.look(address, taken)

    def look(self, address: tuple[str, int], taken: int) -> None:
        """Send the next if the last came through, or else see how long it has waited.

        Args:
            address: The server's; one for all interfaces will do.
            taken: Requests that threads have taken until now.

        """
        if self._connection is None or _is_closed(self._connection):
            self._connect(address)
        now, sent = time.monotonic(), self._sent
        if sent is not None:
            self._waited(now - sent, taken)
        elif self._connection is not None:
            self._sent, self._taken = now, taken  # first: it may come through at once
            try:
                self._connection.send(self._request)
            except OSError:
                self._sent = None

    def muster(self, address: tuple[str, int], until: Callable[[], bool]) -> None:
        """Call thread after thread aside, for a moment, on a connection of its own."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with (
            contextlib.suppress(OSError),  # nobody listens yet, or has time
            socket.create_connection(address, timeout=_PATIENCE_SECONDS) as connection,
        ):
            while not until() and time.monotonic() < deadline:
                connection.sendall(_request(f"{self.path}?{ASIDE}"))
                if not connection.recv(_ANSWER):
                    break

    def passed(self, taken: int) -> None:
        """Note that it came through, after so many that threads have taken."""
        sent = self._sent
        if sent is not None:
            self._waited(time.monotonic() - sent, taken)
            self._accepted, self._sent, self._passed = True, None, time.monotonic()

    def _waited(self, seconds: float, taken: int) -> None:
        # The first waits to be accepted as well, however few others there are.
        self.wait = seconds if self._accepted else 0.0
        self.ahead = taken - self._taken if self._accepted else 0

    def close(self) -> None:
        """Close the connection, if there is any; another look makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._sent = None, None
        self.wait, self.ahead, self._accepted = 0.0, 0, False

    def _connect(self, address: tuple[str, int]) -> None:
        self.close()
        with contextlib.suppress(OSError):
            self._connection = socket.create_connection(address, timeout=_PATIENCE_SECONDS)
            self._connection.settimeout(0)


def _request(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it; its answers are read, and forgotten."""
    try:
        return not connection.recv(_ANSWER)
    except BlockingIOError:
        return False
    except OSError:
        return True
