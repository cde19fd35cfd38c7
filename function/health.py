"""Asks the function in this container whether it is ready: status 0 or 1, for `HEALTHCHECK`."""

import http.client
import os
import sys
from pathlib import Path
from typing import Final

from function.settings import Server

_TIMEOUT_SECONDS: Final = 5
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def ready(server: Server) -> bool:
    """Whether the server says that every model answers."""
    host = _EVERY_ADDRESS.get(server.host, server.host)
    connection = http.client.HTTPConnection(host, server.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def main() -> None:
    """Run the command; where the container's first process was told a port, that is asked."""
    _, _, _, *arguments = Path("/proc/1/cmdline").read_text().rstrip("\0").split("\0")
    sys.exit(not ready(Server.of(os.environ, arguments)))


if __name__ == "__main__":
    main()
