"""What is left of a body that nobody wanted: read and thrown away, once the answer is sent.

Closed with that unread, the connection would be reset, and a caller or a gateway who sends all
before reading would lose the answer with it (RFC 9112, 9.6).
"""

from typing import Final
from wsgiref.types import WSGIEnvironment

from function.body import told_length
from function.respond import ADMISSION

_PIECE: Final = 64 * 1024
_MOST: Final = 16 * 1024 * 1024 // _PIECE  # twice the largest body by default


def is_left(environ: WSGIEnvironment) -> bool:
    """Whether something may be left, of a body of which not all was read."""
    if "wsgi.input" not in environ:
        return False
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def discard(environ: WSGIEnvironment) -> bool:
    """Read what is left, unless too many threads do so; gives whether the end was reached."""
    # Who waits to be asked for the body (RFC 9110, 10.1.1) has none to send now.
    if "HTTP_EXPECT" in environ or not ADMISSION.linger():
        return False
    read, left = environ["wsgi.input"].read, told_length(environ)
    try:
        for _ in range(_MOST):
            piece = read(_PIECE)
            if left is not None:
                left -= len(piece)
            if not piece or left == 0:
                del environ["wsgi.input"]
                return True
    except (OSError, ValueError):  # the caller went away
        pass
    finally:
        ADMISSION.part()
    return False
