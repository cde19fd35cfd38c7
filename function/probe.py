"""A request of the server's own, which tells how many others wait where nobody sees them.

The server takes requests in the order of their coming, and those that no thread has taken yet wait
inside it. This one waits among them: as many as are computed before it were in front of it. Those
that are refused are not counted, or callers who ask again at once would be refused for ever.
"""

import contextlib
import secrets
import socket
from typing import Final

_PATIENCE_SECONDS: Final = 0.02


class Probe:
    """One request at a time, on a connection of its own that is kept."""

    def __init__(self) -> None:
        self.path: Final = f"/{secrets.token_hex(16)}"
        """Where it goes, which nobody else knows."""
        self.ahead = 0
        """Requests that waited in front of the latest, as far as is known."""
        self._request = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self._connection: socket.socket | None = None
        self._accepted = False
        self._computed: int | None = None

    def look(self, address: tuple[str, int], computed: int) -> None:
        """Send the next if the last came through, or else see what has passed before it.

        Args:
            address: Of the server; an address for all interfaces will do.
            computed: Requests that were computed so far.

        """
        if self._connection is None or _is_closed(self._connection):
            self._connect(address)
        if self._computed is not None and self._accepted:
            self.ahead = max(self.ahead, computed - self._computed)
        elif self._computed is None and self._connection is not None:
            self._computed = computed  # before it is sent: it may come through at once
            try:
                self._connection.send(self._request)
            except OSError:
                self._computed = None

    def passed(self, computed: int) -> None:
        """Note that it came through."""
        if self._computed is not None:
            # The first waits to be accepted as well, however few others there are.
            self.ahead = computed - self._computed if self._accepted else 0
            self._accepted, self._computed = True, None

    def close(self) -> None:
        """Close the connection, if there is any; another look makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._computed = None, None
        self.ahead, self._accepted = 0, False

    def _connect(self, address: tuple[str, int]) -> None:
        self.close()
        with contextlib.suppress(OSError):
            self._connection = socket.create_connection(address, timeout=_PATIENCE_SECONDS)
            self._connection.settimeout(0)


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it; its answers are read, and forgotten."""
    try:
        return not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True
