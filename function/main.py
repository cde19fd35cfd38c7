"""The function: `handle` is its entry point for functions-framework."""

import contextlib
import io
import socket
import sys
import threading
from pathlib import Path
from typing import Final
from wsgiref.types import WSGIEnvironment

# functions-framework opens this file by its path, with only the file's own folder to import from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import flask
import functions_framework

from function.discard import discard, is_left
from function.respond import respond

_PATIENCE_SECONDS: Final = 1


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Answer one request; whatever happens, in the words of the contract."""
    return _answered(request)


def _outside(_error: Exception) -> flask.Response:
    """Answer on paths that the framework's router keeps back: /robots.txt, or a line break."""
    return _answered(flask.request)


functions_framework.errorhandler(404)(_outside)


def _answered(request: flask.Request) -> flask.Response:
    environ = request.environ
    answer = respond(environ)
    # The framework reads every body to its end before it sends the answer, and whoever sends one
    # slowly would keep a thread by that, without so much as a password. It is shown an empty one.
    request.stream = io.BytesIO()
    response = flask.Response(
        answer.body, answer.status, answer.headers, content_type=answer.content_type
    )
    if not answer.content_type:
        del response.content_type
    if is_left(environ):
        response.call_on_close(lambda: _finish(environ))
    return response


def _finish(environ: WSGIEnvironment) -> None:
    """Read what is left of a body, for a second: the framework's server would wait for ever."""
    connection: socket.socket | None = environ.get("gunicorn.socket")
    if connection is None:
        return
    timer = threading.Timer(_PATIENCE_SECONDS, _stop_reading, [connection])
    timer.start()
    if not discard(environ):
        _stop_reading(connection)
    timer.cancel()


def _stop_reading(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RD)
