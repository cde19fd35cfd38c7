"""Reading a request's body: its content type and its size."""

import io

import flask
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from function.call import JSON, Call
from function.problems import NotJson, TooLarge, UnsupportedMediaType


def read_json(call: Call, limit: int, also: str = JSON) -> bytes:
    """Body of a request that says it is JSON, or `also`, or says nothing.

    Raises:
        UnsupportedMediaType: It says that it is something else.
        TooLarge: It has more than `limit` bytes.
        NotJson: The client went away before its end.

    """
    # Most say just this, which need not be parsed.
    kind = JSON if call.environ.get("CONTENT_TYPE") == JSON else call.request.mimetype
    if kind and kind not in {JSON, also} and not kind.endswith("+json"):
        raise UnsupportedMediaType(
            f"This route reads {JSON}, not {kind}; send the header Content-Type: {JSON}."
        )
    try:
        body = _read(call, limit)
    except ClientDisconnected as error:
        raise NotJson("The body ended before its Content-Length.") from error
    if body is None:
        raise TooLarge(f"The body is larger than {limit} bytes; send fewer rows.")
    return body


def leave(request: flask.Request) -> None:
    """Leave what was not read of the body to the server.

    The framework reads every body to its end after the answer, and whoever sends one slowly would
    keep a thread by that, without so much as a password. It is shown an empty one.
    """
    request.stream = io.BytesIO()


def _read(call: Call, limit: int) -> bytes | None:
    """Read the body, or None where it has more than `limit` bytes.

    Raises:
        ClientDisconnected: The client went away before its end.

    """
    announced = call.environ.get("CONTENT_LENGTH", "")
    if not announced.isdecimal() or "HTTP_TRANSFER_ENCODING" in call.environ:
        return _read_chunks(call.request, limit)
    length = int(announced)
    if length > limit:
        return None
    try:
        body: bytes = call.environ["wsgi.input"].read(length)
    except (OSError, ValueError) as error:
        raise ClientDisconnected from error
    # Some servers end the stream in silence where the client went away.
    if len(body) < length:
        raise ClientDisconnected
    return body


def _read_chunks(request: flask.Request, limit: int) -> bytes | None:
    """Read a body of which only its end tells the length."""
    # Werkzeug cuts it at the maximum in silence; one byte more shows.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(parse_form_data=False)
    except RequestEntityTooLarge:
        return None
    return body if len(body) <= limit else None
