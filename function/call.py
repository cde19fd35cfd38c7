"""One request on its way through the routes, and the answer that comes out of them."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final
from wsgiref.types import WSGIEnvironment

import flask
import msgspec

from function.monitoring import Cells
from function.problems import DeploymentError, Unavailable
from function.service import Service

JSON: Final = "application/json"

Body = bytes | Iterator[bytes]
"""What is large comes in pieces."""


class Call:
    """A request: who answers it, what came, who sent it, and what is logged and counted of it.

    `environ` is the request as a server hands it over (PEP 3333).
    """

    def __init__(self, service: Service, environ: WSGIEnvironment) -> None:
        self.service = service
        self.environ = environ
        self.user = ""
        self.log: dict[str, Any] = {}
        self.filled: Cells | None = None

    @functools.cached_property
    def request(self) -> flask.Request:
        """The request, read with all of Flask's care; most need none of it."""
        # Unless told not to, it leaves itself in the environ, and both wait, with the body, for the
        # garbage collector.
        return flask.Request(self.environ, populate_request=False)

    def check_models(self) -> None:
        """Let every model answer once; raises `Unavailable` where one does not."""
        try:
            self.service.models.check()
        except DeploymentError as error:
            raise Unavailable(str(error)) from error


class Answer(msgspec.Struct, frozen=True):
    """What is sent back."""

    body: Body
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = {}
