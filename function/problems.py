"""Everything that can go wrong for a caller, and the one table from error to HTTP status.

    Problem
    ├── Malformed             400  the body cannot be read as what it claims to be
    ├── Unauthorized          401  no credentials, or wrong ones
    ├── NotFound              404  no such path or model
    ├── MethodNotAllowed      405  the path exists, the verb does not
    ├── TooLarge              413  body, rows, or rows x draws over the limit
    ├── UnsupportedMediaType  415  a content type nobody here reads
    ├── Invalid               422  readable, but fields are wrong; each is named
    ├── TooManyRequests       429  too many wrong passwords of late; Retry-After says when
    └── Unavailable           503  not ready, with the reason

The core raises these without knowing HTTP; the edge answers them as `application/problem+json`
(RFC 9457). `DeploymentError` is not for callers: it stops the process before the port opens.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

CONTENT_TYPE: Final = "application/problem+json"


class DeploymentError(Exception):
    """The deployment is broken; the message is one sentence that says what to do."""


class FieldError(msgspec.Struct, frozen=True):
    """One bad field: a JSON pointer (RFC 6901) into the caller's document, and what is wrong."""

    pointer: str
    message: str


class Problem(Exception):
    """Root of all errors that a caller can cause or must be told.

    Args:
        detail: A sentence for the caller; never a path, a credential or a stack trace.
        errors: The bad fields, where there are any.
        headers: HTTP headers that belong to the answer.

    """

    def __init__(
        self,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class Malformed(Problem):
    """The body cannot be read as what it claims to be."""


class Unauthorized(Problem):
    """Credentials are missing or wrong; the answer does not say which."""


class NotFound(Problem):
    """There is no such path or model."""


class MethodNotAllowed(Problem):
    """The path exists, but not with this verb."""


class TooLarge(Problem):
    """The body, the rows, or rows x draws exceed a limit."""


class UnsupportedMediaType(Problem):
    """The content type is none that this route reads."""


class Invalid(Problem):
    """The document was read, but some of its fields are wrong."""


class TooManyRequests(Problem):
    """The caller must wait, as long as the header Retry-After says."""


class Unavailable(Problem):
    """The function cannot answer now."""


STATUS: Final[Mapping[type[Problem], HTTPStatus]] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def document(problem: Problem | None) -> tuple[int, bytes]:
    """Status and RFC 9457 body of a problem; None stands for an unexpected failure (500)."""
    if problem is None:
        detail = "Something went wrong on our side; the request id is in the log."
        return _document(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
    more = {"errors": problem.errors} if problem.errors else {}
    return _document(STATUS[type(problem)], problem.detail, more)


def _document(
    status: HTTPStatus, detail: str, more: Mapping[str, object] = {}
) -> tuple[int, bytes]:
    members = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    return int(status), msgspec.json.encode({**members, "detail": detail, **more})
