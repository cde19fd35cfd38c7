"""What is wrong with an answer: whatever was asked, it keeps to the contract."""

import csv
import io
import re
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec

from tests.serving import ROOT
from tests.trust.hostile.request import Answer, Request

_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ELEMENTS: Final = {"type", "title", "status", "detail"}
_INNER: Final = (
    *(str(ROOT).encode(), b"site-packages", b"/usr/lib", b"/usr/local", b"Traceback (most"),
    *(b".py", b'File \\"', b'File "', b"msgspec", b"werkzeug"),
)
"""What no answer may tell of: paths, stack traces, and the like."""
_PUBLIC: Final = {"/openapi.json", "/metrics", "/models", "/prometheus"}
_PUBLIC_FOLDERS: Final = ("/docs", "/page")


def complaints(request: Request, answer: Answer, secrets: tuple[bytes, ...]) -> Iterator[str]:
    """Everything that is wrong with an answer; `secrets` are not to be in it."""
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield f"status {answer.status}"
        return
    yield from _headers(request, answer)
    body, empty = answer.body, request.method == "HEAD" or answer.status in {204, 304}
    try:
        if answer.headers.get("content-encoding") == "gzip" and not empty:
            body = zlib.decompress(body, 31)
        yield from _leaks(request, answer, body, secrets)
        if empty and body:
            yield "it has a body, where none may be"
        elif not empty and answer.status >= HTTPStatus.BAD_REQUEST:
            yield from _refusal(request, answer, body)
        elif not empty:
            yield from _content(answer, body)
    except (ValueError, LookupError, TypeError, zlib.error) as error:
        yield f"cannot be read: {type(error).__name__} {error}"


def _headers(request: Request, answer: Answer) -> Iterator[str]:
    for name, value in answer.headers.items():
        if not _VALUE.fullmatch(value):
            yield f"the header {name} has the value {value!r}"
    if "x-request-id" not in answer.headers:
        yield "it has no X-Request-Id"
    length = answer.headers.get("content-length")
    if length is not None and request.method != "HEAD" and int(length) != len(answer.body):
        yield f"it has {len(answer.body)} bytes and tells of {length}"


def _leaks(
    request: Request, answer: Answer, body: bytes, secrets: tuple[bytes, ...]
) -> Iterator[str]:
    told = body + repr(answer.headers).encode()
    for secret in secrets:
        if secret in told:
            yield f"it tells {secret!r}"
    if request.path in _PUBLIC or request.path.startswith(_PUBLIC_FOLDERS):
        return
    asked = request.body + repr((request.target, request.headers)).encode()
    for inner in _INNER:
        if inner in told and inner not in asked:
            yield f"it tells of {inner!r}"


def _refusal(request: Request, answer: Answer, body: bytes) -> Iterator[str]:
    """Is it in the form in which its protocol tells errors."""
    document = msgspec.json.decode(body)
    if request.path == "/v2" or request.path.startswith("/v2/"):
        if answer.headers.get("content-type") != "application/json":
            yield f"an error of type {answer.headers.get('content-type')}"
        if document.keys() != {"error"} or not isinstance(document["error"], str):
            yield f"an error in a form of its own: {body[:200]!r}"
        return
    if answer.headers.get("content-type") != "application/problem+json":
        yield f"a problem of type {answer.headers.get('content-type')}"
    if document.keys() - {"errors"} != _ELEMENTS or document["status"] != answer.status:
        yield f"a problem in a form of its own: {body[:200]!r}"
    for error in document.get("errors", ()):
        if error.keys() != {"pointer", "message"} or error["pointer"][:1] not in {"", "/"}:
            yield f"a bad field in a form of its own: {error}"
    needed = {HTTPStatus.UNAUTHORIZED: "www-authenticate", HTTPStatus.METHOD_NOT_ALLOWED: "allow"}
    header = needed.get(HTTPStatus(answer.status))
    if header and header not in answer.headers:
        yield f"status {answer.status} without {header}"


def _content(answer: Answer, body: bytes) -> Iterator[str]:
    """Can it be read as what it says it is, and is every probability one."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    head = answer.headers.get("inference-header-content-length")
    if head is not None:
        yield from _tensors(body[: int(head)], body[int(head) :])
    elif kind.endswith("json"):
        yield from _probabilities(msgspec.json.decode(body))
    elif kind == "text/csv":
        header, *rows = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
        if any(len(row) != len(header) for row in rows):
            yield "a CSV with rows of other lengths than its header's"


def _tensors(head: bytes, raw: bytes) -> Iterator[str]:
    outputs = msgspec.json.decode(head)["outputs"]
    sizes = [each.get("parameters", {}).get("binary_data_size", 0) for each in outputs]
    if sum(sizes) != len(raw):
        yield f"tensors of {sum(sizes)} bytes, of which {len(raw)} came"


def _probabilities(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "an answer that is no object"
        return
    found = document.get("data", document)  # of an event
    several = found.get("models", {"": found}) if isinstance(found, dict) else {}
    for each in several.values() if isinstance(several, dict) else ():
        predictions = each.get("predictions", [each.get("prediction")])
        for prediction in filter(None, predictions):
            low, high = prediction.get("interval", (0, 1))
            if not 0 <= prediction["probability"] <= 1 or not 0 <= low <= high <= 1:
                yield f"a probability of {prediction['probability']} in {low}, {high}"
