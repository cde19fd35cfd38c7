"""The WSGI application, as a server calls it."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
import pytest
from werkzeug.test import EnvironBuilder

from function.admission import Admission
from function.respond import ADMISSION
from function.routes import ROUTES, Route
from function.wsgi import answered, application
from tests.serving import ALICE

MANY = {"observations": [{"Location": "Perth"}] * 300}


def call(
    method: str, path: str, document: dict[str, Any] | None = None
) -> tuple[str, dict[str, str], object]:
    """Status line, headers and body of an answer."""
    started: list[tuple[str, dict[str, str]]] = []
    builder = EnvironBuilder(path, method=method, json=document, auth=ALICE)
    body: Iterable[bytes] = application(
        builder.get_environ(),
        lambda status, headers, *_: started.append((status, dict(headers))),  # type: ignore[arg-type]
    )
    ((status, headers),) = started
    return status, headers, body


def test_answer_is_sent_at_once() -> None:
    status, headers, body = call("GET", "/status")
    assert status == "200 OK"
    assert isinstance(body, list)
    (content,) = body
    assert headers["Content-Length"] == str(len(content))
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-Id"]
    assert msgspec.json.decode(content)["status"] == "ok"


def test_head_has_the_length_and_no_body() -> None:
    _, headers, body = call("HEAD", "/stations")
    assert int(headers["Content-Length"]) > 1000
    assert body == []


def test_large_answer_comes_in_pieces() -> None:
    status, headers, body = call("POST", "/predict", MANY)
    assert status == "200 OK"
    assert "Content-Length" not in headers
    assert not isinstance(body, list)
    assert isinstance(body, Iterable)
    document = msgspec.json.decode(b"".join(body))
    assert len(document["predictions"]) == 300


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_only_what_asks_who_calls_is_counted_and_refused(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Admission, "full", property(lambda _self: True))
    counted = ADMISSION._taken
    status, headers, _ = call(route.method, re.sub("<.*?>", "any", route.path))
    assert ADMISSION._taken - counted == route.authentication
    assert (status == "503 Service Unavailable") is route.authentication
    assert ("Retry-After" in headers) is route.authentication


@pytest.mark.parametrize(("path", "status"), [("/nowhere", "404 Not Found")])
def test_status_line(path: str, status: str) -> None:
    assert call("GET", path)[0] == status


@pytest.mark.parametrize(
    ("document", "parks"), [({"Location": "Perth"}, True), (MANY, False)], ids=["whole", "pieces"]
)
def test_what_is_put_around_it_ends_before_the_thread_is_kept(
    document: dict[str, Any], parks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of an answer that comes in pieces is sent only afterwards: no thread is kept."""
    seen = []

    def around(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from answered(environ, start_response)
        seen.append("end")

    monkeypatch.setattr("function.wsgi.answered", around)
    monkeypatch.setattr(ADMISSION, "leave", lambda: True)
    monkeypatch.setattr(ADMISSION, "park", lambda: seen.append("park"))
    body = application(
        EnvironBuilder("/predict", method="POST", json=document, auth=ALICE).get_environ(),
        lambda *_: None,  # type: ignore[arg-type]
    )
    assert msgspec.json.decode(b"".join(body))
    body.close()  # type: ignore[attr-defined]
    assert seen == (["end", "park"] if parks else ["end"])
