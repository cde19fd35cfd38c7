"""A request of the server's own, which tells how long others wait where nobody sees them.

The server takes requests in the order of their coming, and those that no thread has taken yet wait
inside it. This one waits among them.
"""

import contextlib
import os
import secrets
import socket
import stat
import time
from typing import Final

_PATIENCE_SECONDS: Final = 0.02
_KEEP_SECONDS: Final = 0.5
_OF_THE_SERVER: Final = 9  # sockets that nobody calls through; the probe's two ends among them


class Probe:
    """One request at a time, on a connection of its own that is kept."""

    def __init__(self) -> None:
        self.path: Final = f"/{secrets.token_hex(16)}"
        """Where it goes, which nobody else knows."""
        self.wait = 0.0
        """Seconds that the latest has waited, as far as is known."""
        self._request = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self._connection: socket.socket | None = None
        self._accepted = False
        self._sent: float | None = None
        self._passed = 0.0

    def keep(self, address: tuple[str, int]) -> None:
        """Send one every now and then, so that there is a connection when it matters."""
        if self._sent is None and time.monotonic() > self._passed + _KEEP_SECONDS:
            self.look(address)

    def look(self, address: tuple[str, int]) -> None:
        """Send the next if the last came through, or else see how long it has waited.

        `address` is the server's; one for all interfaces will do.
        """
        if self._connection is None or _is_closed(self._connection):
            self._connect(address)
        now, sent = time.monotonic(), self._sent
        if sent is not None:
            self._waited(now - sent)
        elif self._connection is not None:
            self._sent = now  # before it is sent: it may come through at once
            try:
                self._connection.send(self._request)
            except OSError:
                self._sent = None

    def passed(self) -> None:
        """Note that it came through."""
        sent = self._sent
        if sent is not None:
            self._waited(time.monotonic() - sent)
            self._accepted, self._sent, self._passed = True, None, time.monotonic()

    def _waited(self, seconds: float) -> None:
        # The first waits to be accepted as well, however few others there are.
        self.wait = seconds if self._accepted else 0.0

    def close(self) -> None:
        """Close the connection, if there is any; another look makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._sent = None, None
        self.wait, self._accepted = 0.0, False

    def _connect(self, address: tuple[str, int]) -> None:
        self.close()
        with contextlib.suppress(OSError):
            self._connection = socket.create_connection(address, timeout=_PATIENCE_SECONDS)
            self._connection.settimeout(0)


def connections_exceed(number: int) -> bool:
    """Whether there are more connections than that, by a few at most; where it cannot tell, yes."""
    left = number + _OF_THE_SERVER
    try:
        with os.scandir("/dev/fd") as descriptors:
            for descriptor in descriptors:
                with contextlib.suppress(OSError):  # closed in the meantime
                    left -= stat.S_ISSOCK(os.fstat(int(descriptor.name)).st_mode)
                if left < 0:
                    return True
    except OSError:
        return True
    return False


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it; its answers are read, and forgotten."""
    try:
        return not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True
