"""Asks the function in this container whether it is ready: status 0 or 1, for `HEALTHCHECK`."""

import http.client
import os
import sys
from pathlib import Path
from typing import Final

from function.problems import DeploymentError
from function.settings import Server

_TIMEOUT_SECONDS: Final = 3
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def ready(server: Server) -> bool:
    """Whether the server says that every model answers."""
    host = _EVERY_ADDRESS.get(server.host, server.host)
    connection = http.client.HTTPConnection(host, server.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def arguments(command: Path) -> list[str]:
    """What the server was told on a process's command line; nothing, where that is none of ours."""
    _, _, told = command.read_text().rstrip("\0").partition("\0function.serve\0")
    return told.split("\0") if told else []


def main() -> None:
    """Run the command; where the container's first process was told a port, that is asked."""
    try:
        server = Server.of(os.environ, arguments(Path("/proc/1/cmdline")))
    except DeploymentError as error:
        sys.exit(str(error))
    sys.exit(not ready(server))


if __name__ == "__main__":
    main()
