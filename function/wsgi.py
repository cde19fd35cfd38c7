"""The function as a WSGI application, for the production server.

functions-framework's launcher calls the function from within a Flask application, which routes the
request to it, keeps contexts for it and hooks around it. The function uses none of that, and it
costs as much as the whole forecast: here the function gets the request, and its answer is sent, as
they are.
"""

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

from function.discard import discard, is_left
from function.probe import ASIDE
from function.respond import ADMISSION, respond

_STATUS: Final = {int(status): f"{status:d} {status.phrase}" for status in HTTPStatus}
_LATER: Final = 503
_SMALL, _LONG = "10000", "100000"  # bytes: of a few packets, and what takes a while to come


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    if environ["PATH_INFO"] == ADMISSION.probe.path:
        start_response(_STATUS[204], [])
        if environ["QUERY_STRING"] == ASIDE:
            return _Sent([], ADMISSION.step_aside)
        ADMISSION.probed()
        return []
    ADMISSION.enter()
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
        body = _Sent(_computed(answer.body), ADMISSION.leave)
    left = isinstance(body, list) and bool(body) and is_left(environ)
    ended = True
    if left and answer.status == _LATER and _is_below(_LONG, environ):
        left, ended = False, discard(environ)  # before the answer, which takes less: these are many
        if not ended and not _is_below(_SMALL, environ):
            # Granian closes it, having read no more than a few packets; untold, the caller might
            # lose the next request to that. It heeds this header, which is a server's (PEP 3333).
            headers.append(("Connection", "close"))
    start_response(_STATUS[answer.status], headers)
    if not isinstance(body, list):
        return body
    if left:
        return _Sent(body, lambda: _finish(environ))
    if ADMISSION.leave() and ended and body:
        return _Sent(body, ADMISSION.park)
    return body


class _Sent:
    """A body, and what this thread does when the server has it; the caller does not wait for that.

    The server calls `close` when it has taken the last piece, and then the length that was told is
    complete.
    """

    def __init__(self, body: Iterable[bytes], then: Callable[[], object]) -> None:
        self._body = body
        self.close = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)


def _computed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make each piece in a slot of its own: between them, the caller may take all its time."""
    while True:
        ADMISSION.begin()
        try:
            piece = next(pieces)
        except StopIteration:
            return
        finally:
            ADMISSION.end()
        yield piece


def _is_below(limit: str, environ: WSGIEnvironment) -> bool:
    """Whether the body is known to have fewer bytes than this power of ten."""
    return len(environ.get("CONTENT_LENGTH", limit)) < len(limit)


def _finish(environ: WSGIEnvironment) -> None:
    ended = discard(environ)
    # A thread that is parked here keeps its request, and with the rest of the body its connection.
    if ADMISSION.leave() and ended:
        ADMISSION.park()
