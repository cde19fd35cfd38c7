"""Reading a request's body: its content type and its size."""

import zlib
from collections.abc import Sequence
from typing import IO, Final
from wsgiref.types import WSGIEnvironment

from function.call import JSON, Call
from function.observation import COLUMNS
from function.problems import Malformed, TooLarge, UnsupportedMediaType

GZIP: Final = 31
"""zlib's name for a gzip frame."""
_LARGE: Final = 256 * 1024  # bytes; as many as may wait for a slot take 16 MB at most
# Bytes: read at a time, since Granian keeps as much until the thread takes its next request; and
# decompressed at a time, since what follows a member in it is copied.
_PIECE: Final = 64 * 1024
_MOST_MEMBERS: Final = 1000  # each takes its time, however little is in it
_MOST_DIGITS: Final = 18
_MOST_OTHERS: Final = 1000  # objects that are no rows, or a row too many
_MOST_COLUMNS: Final = len(COLUMNS) + 8  # with row numbers and other columns that are passed over
_CUT: Final = "The body ended before its Content-Length."


def kind(call: Call, known: Sequence[str] = (JSON,)) -> str:
    """Content type of a request, one of those known; JSON where it says nothing.

    Raises:
        UnsupportedMediaType: It says that it is something else.

    """
    # Most say just this, which need not be parsed.
    told = JSON if call.environ.get("CONTENT_TYPE") == JSON else call.request.mimetype
    if not told or told.endswith("+json"):
        return JSON
    if told not in known:
        either = " or ".join(dict.fromkeys(known))
        raise UnsupportedMediaType(
            f"This route reads {either}, not {told}; send the header Content-Type: {known[0]}."
        )
    return told


def read_json(call: Call) -> bytes:
    """Body of a request that says it is JSON, or nothing; raises as its steps do."""
    kind(call)
    return read_text(call)


def read_text(call: Call) -> bytes:
    """Body of a request that is text of some kind; raises as its two steps do."""
    body = read(call)
    check_parts(body, call.service.settings.max_rows)
    return body


def read(call: Call) -> bytes:
    """Body of a request.

    Raises:
        TooLarge: It has more bytes, compressed or not, than the limit allows.
        Malformed: The client went away before its end, which Granian tells of no body in chunks, or
            it is not compressed as it says.
        UnsupportedMediaType: It is compressed in another way than gzip's.

    """
    limit = call.service.settings.max_body_bytes
    length = told_length(call.environ)
    body = _read_chunks(call, limit) if length is None else _read(call, length, limit)
    if body is not None:
        del call.environ["wsgi.input"]  # to the end: nothing is left for the server to discard
        call.begin(large=False)
    encoding = call.environ.get("HTTP_CONTENT_ENCODING")
    if encoding and body is not None:
        body = _decompressed(body, encoding.strip().lower(), limit)
    if body is None:
        raise TooLarge(f"The body is larger than {limit} bytes; send fewer rows.")
    return body


def told_length(environ: WSGIEnvironment) -> int | None:
    """Bytes of the body, or None where only its end tells."""
    told: str = environ.get("CONTENT_LENGTH", "")
    if told.isdecimal() and len(told) <= _MOST_DIGITS and "HTTP_TRANSFER_ENCODING" not in environ:
        return int(told)
    return None


def check_parts(body: bytes, rows: int) -> None:
    """Refuse a text of more objects, lists or values than any request of `rows` rows could need.

    Read, each takes up to a hundred times the memory of its text, before anybody can count them.

    Raises:
        TooLarge: There are more.

    """
    objects = rows + _MOST_OTHERS
    values = objects * _MOST_COLUMNS
    if len(body) > objects:
        for mark, most in ((b"{", objects), (b"[", values), (b",", values)):
            if body.count(mark) > most:
                raise TooLarge(f"The body has more parts than {rows} rows need; send fewer.")


def _read(call: Call, length: int, limit: int) -> bytes | None:
    """Read a body of which the length is known, or None where that is more than `limit` bytes."""
    if length > limit:
        return None
    if length > _LARGE:
        call.begin(large=True)
    try:
        body = _read_up_to(call.environ["wsgi.input"], length)
    except (OSError, ValueError) as error:
        raise Malformed(_CUT) from error
    # Some servers end the stream in silence where the client went away.
    if len(body) < length:
        raise Malformed(_CUT)
    return body


def _read_chunks(call: Call, limit: int) -> bytes | None:
    """Read a body of which only its end tells the length, or None where it is over the limit."""
    from function.web import ClientDisconnected, RequestEntityTooLarge

    request = call.request
    # Werkzeug cuts it at the maximum in silence; one byte more shows.
    request.max_content_length = limit + 1
    try:
        body = _read_up_to(request.stream, _LARGE)
        if len(body) >= _LARGE:
            call.begin(large=True)
            body += request.stream.read()
    except RequestEntityTooLarge:
        return None
    except ClientDisconnected as error:
        raise Malformed(_CUT) from error
    return body if len(body) <= limit else None


def _read_up_to(stream: IO[bytes], size: int) -> bytes:
    """As many bytes, or less where the stream ends, which may give less than wanted at a time."""
    parts, left = [], size
    while left > 0 and (part := stream.read(min(left, _PIECE))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes | None:
    """Decompress a body, or None where that has more than `limit` bytes: no more are ever made."""
    if encoding == "identity":
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType(
            f"A body may be compressed with gzip, not {encoding[:64]}.",
            headers={"Accept-Encoding": "gzip, identity"},  # RFC 9110, 12.5.3
        )
    return _gunzipped(body, limit)


def _gunzipped(body: bytes, limit: int) -> bytes | None:
    """Content of a gzip, whose members may be many (RFC 1952, 2.2), but not too many."""
    parts: list[bytes] = []
    room, decompressor, members = limit, zlib.decompressobj(GZIP), 1
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        while piece:
            if decompressor.eof:
                decompressor = zlib.decompressobj(GZIP)
                members += 1
            try:
                parts.append(decompressor.decompress(piece, room + 1))
            except zlib.error as error:
                raise Malformed("The body is not gzip, as its Content-Encoding says.") from error
            room -= len(parts[-1])
            if room < 0:
                return None
            if members > _MOST_MEMBERS:
                raise Malformed(f"The body is more than {_MOST_MEMBERS} gzips in one.")
            piece = decompressor.unused_data
    if not decompressor.eof:
        raise Malformed("The body ends before its gzip does.")
    return b"".join(parts)
