"""What is left of a body that nobody wanted: read and thrown away, once the answer is sent.

Closed with that unread, the connection would be reset, and a caller or a gateway who sends all
before reading would lose the answer with it (RFC 9112, 9.6).
"""

from typing import Final
from wsgiref.types import WSGIEnvironment

from function.respond import ADMISSION

_PIECE: Final = 64 * 1024
_MOST: Final = 16 * 1024 * 1024 // _PIECE  # twice the largest body by default


def is_left(environ: WSGIEnvironment) -> bool:
    """Whether something may be left: of the whole body, nothing was read."""
    if "wsgi.input" not in environ:
        return False
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def discard(environ: WSGIEnvironment) -> bool:
    """Read what is left, unless too many threads do so; gives whether the end was reached."""
    # Who waits to be asked for the body (RFC 9110, 10.1.1) has none to send now.
    if "HTTP_EXPECT" in environ or not ADMISSION.linger():
        return False
    read = environ["wsgi.input"].read
    try:
        return not all(read(_PIECE) for _ in range(_MOST))
    except (OSError, ValueError):  # the caller went away
        return False
    finally:
        ADMISSION.part()
