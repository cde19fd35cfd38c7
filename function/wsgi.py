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
_WHOLE: Final = "function.whole"  # in the environment of a request whose answer has a length
_LATER: Final = 503
_SMALL, _LONG = "10000", "100000"  # bytes: of a few packets, and what takes a while to come


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333), and then keep the thread where there are too many."""
    if environ["PATH_INFO"] == ADMISSION.probe.path:
        start_response(_STATUS[204], [])
        if environ["QUERY_STRING"] == ASIDE:
            return _Sent([], ADMISSION.step_aside)
        ADMISSION.probed()
        return []
    ADMISSION.enter()
    body = answered(environ, start_response)
    if not isinstance(body, list):
        return _Sent(body, lambda: _finish(environ, body))
    if ADMISSION.leave() and body and not is_left(environ):
        return _Sent(body, ADMISSION.park)
    return body


def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request that a caller sent.

    What should see every such request, as tracing does, is put around this, in its place.
    `application` may keep the thread for long once that is closed.
    """
    answer = respond(environ)
    headers = [("Content-Type", answer.content_type), *answer.headers.items()]
    if not isinstance(answer.body, bytes):
        start_response(_STATUS[answer.status], headers)
        return _computed(answer.body)
    environ[_WHOLE] = True
    if not answer.content_type:  # 204 or 304, which have none to tell the length of
        start_response(_STATUS[answer.status], headers[1:])
        return []
    headers.append(("Content-Length", str(len(answer.body))))
    # The server sends a list at once; whatever else it is given, piece by piece.
    body = [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
    left = bool(body) and is_left(environ)
    if left and answer.status == _LATER and _is_below(_LONG, environ):
        left = False
        # Before the answer, which takes less: these are many.
        if not discard(environ) and not _is_below(_SMALL, environ):
            # Granian closes it, having read no more than a few packets; untold, the caller might
            # lose the next request to that. It heeds this header, which is a server's (PEP 3333).
            headers.append(("Connection", "close"))
    start_response(_STATUS[answer.status], headers)
    return _Sent(body, lambda: discard(environ)) if left else body


class _Sent:
    """A body, and what this thread does when the server has it; the caller does not wait for that.

    The server calls `close` when it has taken the last piece, and then the length that was told is
    complete.
    """

    def __init__(self, body: Iterable[bytes], then: Callable[[], object]) -> None:
        self._body = body
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._body = ()  # which a thread that is parked would keep
        self._then()


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


def _finish(environ: WSGIEnvironment, body: Iterable[bytes]) -> None:
    """Close the body, which was sent, and park this thread if that keeps nothing from the caller.

    A thread that is parked here keeps its request: the rest of a body, with that its connection,
    and the end of an answer of which only the end tells the length.
    """
    close: Callable[[], object] | None = getattr(body, "close", None)
    try:
        if close is not None:
            close()
    finally:
        crowded = ADMISSION.leave()
    if crowded and _WHOLE in environ and not is_left(environ):
        ADMISSION.park()
