"""The function: `handle` is its entry point for functions-framework."""

import io
import sys
from pathlib import Path

# functions-framework opens this file by its path, with only the file's own folder to import from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import flask
import functions_framework

from function.discard import discard, is_left
from function.respond import respond


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
        response.call_on_close(lambda: discard(environ))
    return response
