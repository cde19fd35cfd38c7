"""What HTTP wants beside the answer itself: caching, compression, and who may read it in a browser.

RFC 9110 (semantics), RFC 9111 (caching), and the Fetch standard (https://fetch.spec.whatwg.org) for
requests from pages of other origins.
"""

import functools
import hashlib
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from wsgiref.types import WSGIEnvironment

from function.body import GZIP
from function.call import Answer, Body, Call
from function.telemetry import REQUEST_ID, TRACEPARENT

NOT_MODIFIED: Final = 304
_SMALLEST: Final = 1024  # bytes; less is not worth compressing, a packet carries it either way
_FAST, _BEST = 1, 9  # levels of zlib
_KEPT: Final = "public, max-age=300"
_NOT_KEPT: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
OF_PAGE_FILE: Final = {"Cache-Control": "no-cache"}
"""Headers of what a page is made of: asked for anew each time, so that all is of one version."""
OF_PAGE: Final = {
    **OF_PAGE_FILE,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
"""Headers of a page, which needs nothing of anybody else's, and whose forms only scripts send."""
_EXPOSED: Final = (
    *(REQUEST_ID, TRACEPARENT, "ETag", "Inference-Header-Content-Length", "Retry-After", "X-Seed"),
)
_ALLOWED: Final = (
    *("Accept", "Accept-Language", "Authentication", "Authorization", "Content-Encoding"),
    *("Content-Type", "If-None-Match", "Inference-Header-Content-Length", REQUEST_ID, TRACEPARENT),
)
_PREFLIGHT_SECONDS: Final = "7200"


def polished(call: Call, answer: Answer, own: Mapping[str, str]) -> Answer:
    """Answer with the headers, and in the encoding, that this request wants.

    `own` are headers that every answer to it has.
    """
    environ, body = call.environ, answer.body
    constant = answer.constant and environ["REQUEST_METHOD"] != "POST"
    small = isinstance(body, bytes) and len(body) < _SMALLEST
    if small and not constant and "HTTP_ORIGIN" not in environ:  # as most are
        headers = {**answer.headers, **_NOT_KEPT, **own}
        return Answer(body, answer.content_type, answer.status, headers)
    headers = {**_NOT_KEPT, **own}
    if constant:
        headers["Cache-Control"] = answer.headers.get("Cache-Control", _KEPT)
    vary = [answer.headers["Vary"]] if "Vary" in answer.headers else []
    vary += [] if small else ["Accept-Encoding"]
    compressed = not small and _takes_gzip(environ)
    if compressed:
        body = _compressed(body, constant=constant)
        headers["Content-Encoding"] = "gzip"
    if call.service.settings.origins():
        vary.append("Origin")
        headers |= _shared(call)
    if vary:
        headers["Vary"] = ", ".join(vary)
    if constant and isinstance(answer.body, bytes):
        headers["ETag"] = _tag(answer.body, compressed=compressed)
        if _is_known(environ, headers["ETag"]):
            return Answer(b"", "", NOT_MODIFIED, headers)
    return Answer(body, answer.content_type, answer.status, {**answer.headers, **headers})


def options(call: Call, methods: Collection[str]) -> Answer:
    """Answer OPTIONS on a path where these methods are possible; to a page's preflight as well."""
    allow = ", ".join(sorted(methods))
    headers = {"Allow": allow}
    if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in call.environ and _origin(call):
        headers |= {
            "Access-Control-Allow-Methods": allow,
            "Access-Control-Allow-Headers": ", ".join(_ALLOWED),
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        }
    return Answer(b"", "", 204, headers)


def _origin(call: Call) -> str:
    """Origin of the page that asks, where that may read answers; empty otherwise."""
    origins = call.service.settings.origins()
    origin: str = call.environ.get("HTTP_ORIGIN", "")
    if origin and "*" in origins:
        return "*"
    return origin if origin in origins else ""


def _shared(call: Call) -> Mapping[str, str]:
    """Headers that let the page that asks read the answer."""
    origin = _origin(call)
    if not origin:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
    }


def _takes_gzip(environ: WSGIEnvironment) -> bool:
    told: str = environ.get("HTTP_ACCEPT_ENCODING", "").lower()
    if "gzip" not in told or ";" not in told:
        return "gzip" in told
    from function.web import parse_accept_header

    return parse_accept_header(told).quality("gzip") > 0


def _compressed(body: Body, *, constant: bool) -> Body:
    if not isinstance(body, bytes):
        return _compressed_pieces(body)
    return _compressed_once(body) if constant else zlib.compress(body, _FAST, GZIP)


@functools.lru_cache(maxsize=64)
def _compressed_once(body: bytes) -> bytes:
    return zlib.compress(body, _BEST, GZIP)


def _compressed_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Compress what is made while it is sent, which stays so."""
    compressor = zlib.compressobj(_FAST, wbits=GZIP)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


@functools.lru_cache(maxsize=128)
def _tag(body: bytes, *, compressed: bool) -> str:
    """Strong entity tag, which tells the encodings apart."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f'"{digest}-gzip"' if compressed else f'"{digest}"'


def _is_known(environ: WSGIEnvironment, tag: str) -> bool:
    """Whether the caller has this already."""
    told = environ.get("HTTP_IF_NONE_MATCH")
    if not told:
        return False
    from function.web import parse_etags

    return parse_etags(told).contains_weak(tag.strip('"'))
