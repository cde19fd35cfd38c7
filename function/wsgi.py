"""The function as a WSGI application, for the production server.

functions-framework's launcher calls the function from within a Flask application, which routes the
request to it, keeps contexts for it and hooks around it. The function uses none of that, and it
costs as much as the whole forecast: here the function gets the request, and its answer is sent, as
they are.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

from function.respond import respond

_STATUS: Final = {int(status): f"{status:d} {status.phrase}" for status in HTTPStatus}


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    answer = respond(environ)
    headers = [("Content-Type", answer.content_type), *answer.headers.items()]
    body: Iterable[bytes]
    if not answer.content_type:  # 204 or 304, which have none to tell the length of
        headers, body = headers[1:], []
    elif isinstance(answer.body, bytes):
        headers.append(("Content-Length", str(len(answer.body))))
        # The server sends a list at once; whatever else it is given, piece by piece.
        body = [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
    else:
        body = answer.body
    start_response(_STATUS[answer.status], headers)
    return body
