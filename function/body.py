"""Reading a request's body: its content type and its size."""

import io
from typing import Final

import flask
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from function.problems import NotJson, TooLarge, UnsupportedMediaType

JSON: Final = "application/json"


def read_json(request: flask.Request) -> bytes:
    """Body of a request that says it is JSON, or says nothing.

    Raises:
        UnsupportedMediaType: It says that it is something else.
        TooLarge: It has more bytes than the request's `max_content_length`.
        NotJson: The client went away before its end.

    """
    kind = request.mimetype
    if kind and kind != JSON and not kind.endswith("+json"):
        raise UnsupportedMediaType(
            f"This route reads {JSON}, not {kind}; send the header Content-Type: {JSON}."
        )
    try:
        return request.get_data(parse_form_data=False)
    except RequestEntityTooLarge as error:
        limit = request.max_content_length
        raise TooLarge(f"The body is larger than {limit} bytes; send fewer rows.") from error
    except ClientDisconnected as error:
        raise NotJson("The body ended before its Content-Length.") from error


def discard(request: flask.Request) -> bool:
    """Read what is left of the body, so that the connection can be used again.

    Tells whether it can: a body over the limit is left unread, and the framework, which reads
    every body to its end after the answer, is shown an empty one.
    """
    try:
        request.get_data(parse_form_data=False)
    except (RequestEntityTooLarge, ClientDisconnected):
        request.stream = io.BytesIO()
        return False
    return True
