"""The function as a WSGI application, for the production server.

functions-framework's launcher calls the function from within a Flask application, which routes the
request to it, keeps contexts for it and hooks around it. The function uses none of that, and it
costs as much as the whole forecast: here it gets its Flask request, and its response is sent.
"""

from collections.abc import Iterable
from typing import cast
from wsgiref.types import StartResponse, WSGIEnvironment

import flask

from function.main import handle


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    # Unless told not to, it leaves itself in the environ, and both wait, with the body, for the
    # garbage collector.
    request = flask.Request(environ, populate_request=False)
    response = cast("flask.Response", handle(request))
    if response.is_sequence and request.method != "HEAD":
        # The server sends a list at once; whatever else it is given, piece by piece.
        start_response(response.status, response.headers.to_wsgi_list())
        return list(response.iter_encoded())
    return response(environ, start_response)
