"""One request on its way through the routes, and the answer that comes out of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import flask
import msgspec

from function.problems import DeploymentError, Unavailable
from function.service import Service

JSON: Final = "application/json"

Body = bytes | Iterator[bytes]
"""What is large comes in pieces."""


class Call:
    """A request: who answers it, what came, who sent it, and what is logged of it."""

    def __init__(self, service: Service, request: flask.Request) -> None:
        self.service = service
        self.request = request
        self.user = ""
        self.log: dict[str, Any] = {}

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
