"""What HTTP wants beside the answers themselves."""

import contextlib
import gzip
import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import requests
from requests.structures import CaseInsensitiveDict

from tests.http.test_bad_input import PROBLEM
from tests.http.test_predict import FEW
from tests.serving import ALICE, Launcher, Server, serve

CONSTANT = ["/", "/metrics", "/metrics/random-forest", "/models", "/stations", "/v2"]
CONSTANT += ["/v2/models/random-forest", "/v2/models/random-forest/versions/1.0.0"]
PAGE = "https://weather.example"
BODY = {"model": "all", "observation": FEW, "fill": {"draws": 3, "seed": 7}}
MANY = {**BODY, "observations": [FEW] * 600}
del MANY["observation"]


@pytest.fixture(scope="module", params=[PAGE + ", http://[::1]:3000", "*"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, launcher: Launcher
) -> Iterator[Server]:
    """The function where pages may call it."""
    log = tmp_path_factory.mktemp("shared") / "log"
    with serve(log, launcher, CORS_ORIGINS=request.param) as running:
        running.allowed = PAGE if request.param != "*" else "*"  # type: ignore[attr-defined]
        yield running


class Raw(NamedTuple):
    """An answer as it came, nothing decompressed."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def raw(server: Server, method: str, path: str, **headers: str) -> Raw:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        return Raw(answer.status, CaseInsensitiveDict(answer.getheaders()), answer.read())


# Compression of answers.


@pytest.mark.parametrize("path", ["/metrics", "/stations", "/v2/models/random-forest"])
def test_large_answers_are_compressed_for_who_asks(server: Server, path: str) -> None:
    plain = raw(server, "GET", path)
    packed = raw(server, "GET", path, Accept_Encoding="gzip, deflate")
    content, compressed = plain.content, packed.content
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed) == content
    assert len(compressed) < len(content) / 2
    assert int(packed.headers["Content-Length"]) == len(compressed)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]


@pytest.mark.parametrize(
    ("told", "packed"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("gzip;q=0", False),
        ("br, deflate", False),
        ("identity", False),
        ("gzip;q=x;;,", False),
    ],
)
def test_what_the_caller_takes(server: Server, told: str, packed: bool) -> None:
    answer = raw(server, "GET", "/metrics", Accept_Encoding=told)
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert answer.status == 200


def test_small_answers_are_not_compressed(server: Server) -> None:
    one = {**BODY, "model": "random-forest"}
    answer = server.post("/predict", one, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers


def test_answers_in_pieces_are_compressed_in_pieces(server: Server) -> None:
    plain = server.post("/predict", MANY, headers={"Accept-Encoding": "identity"})
    packed = server.post("/predict", MANY, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in packed.headers
    assert packed.content == plain.content


# Compression of bodies.


def send(server: Server, path: str, body: bytes, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return server.call("POST", path, data=body, headers={**kind, **named})


def test_compressed_bodies_are_read(server: Server) -> None:
    expected = server.post("/predict", BODY).content
    document = json.dumps(BODY).encode()
    assert send(server, "/predict", gzip.compress(document)).content == expected
    two = gzip.compress(document[:40]) + gzip.compress(document[40:])
    assert send(server, "/predict", two, Content_Encoding="X-GZIP").content == expected
    assert send(server, "/predict", document, Content_Encoding="identity").content == expected
    table = b"Location,Date,Humidity3pm\nPerth,2024-06-01,50\n"
    assert send(server, "/predict", gzip.compress(table), Content_Type="text/csv").ok


@pytest.mark.parametrize("path", ["/predict", "/random-fill", "/"])
@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"{}", "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b'{"observation": {}}', mtime=0)[:-4], "gzip", 400),
        (gzip.compress(b"{}", mtime=0) + b"{}", "gzip", 400),
        (b"{}", "br", 415),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "gzip, gzip", 415),
    ],
)
def test_bodies_that_are_not_compressed_so(
    server: Server, path: str, body: bytes, encoding: str, status: int
) -> None:
    answer = send(server, path, body, Content_Encoding=encoding)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    if status == 415:
        assert answer.headers["Accept-Encoding"] == "gzip, identity"


def test_a_bomb_does_nothing(server: Server, launcher: Launcher) -> None:
    bomb = gzip.compress(b"[" * 500_000_000, 9)
    many = gzip.compress(b" " * 4_000_000) * 100
    processes = [psutil.Process(server.process.pid)]
    processes += processes[0].children(recursive=True)

    def resident() -> int:
        return sum(process.memory_info().rss for process in processes)

    def explode() -> None:
        for body in (bomb, many):
            answer = send(server, "/predict", body)
            assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)
        refused = send(server, "/v2/models/random-forest/infer", bomb)
        assert (refused.status_code, refused.json().keys()) == (413, {"error"})

    for _ in range(4):  # what the first ones leave behind is the allocator's
        explode()
    before = resident()
    explode()
    # Each thread of gunicorn's keeps an arena of its own; the bomb would take 500 MB.
    assert resident() < before + (16_000_000 if launcher == "granian" else 100_000_000)


# Caching.


@pytest.mark.parametrize("path", CONSTANT)
def test_what_does_not_change_need_not_be_sent_again(server: Server, path: str) -> None:
    first = raw(server, "GET", path)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for known in (tag, f'"other", W/{tag}', "*"):
        again = raw(server, "GET", path, If_None_Match=known)
        assert (again.status, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Content-Type" not in again.headers
    assert raw(server, "GET", path, If_None_Match='"other"').status == 200
    assert raw(server, "HEAD", path, If_None_Match=tag).status == 304


@pytest.mark.parametrize(
    "path", ["/", "/page/page.js", "/page/page.css", "/docs", "/docs/start.js"]
)
def test_pages_are_of_one_version(server: Server, path: str) -> None:
    """After an upgrade, what a browser kept of the old one would not fit the new."""
    first = raw(server, "GET", path, Accept="text/html, */*;q=0.1")
    assert first.headers["Cache-Control"] == "no-cache"
    again = raw(
        server, "GET", path, Accept="text/html, */*;q=0.1", If_None_Match=first.headers["ETag"]
    )
    assert (again.status, again.headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize("path", ["/status", "/health/ready", "/whoami", "/prometheus", "/nowhere"])
def test_what_changes_is_not_kept(server: Server, path: str) -> None:
    answer = server.call("GET", path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_posts_are_not_kept(server: Server) -> None:
    for path, body in (
        ("/predict", BODY),
        ("/random-fill", {"observation": {}}),
        ("/", {"action": "metrics"}),
    ):
        answer = server.post(path, body, headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "ETag" not in answer.headers


def test_nobody_guesses_content_types(server: Server) -> None:
    for answer in (
        server.call("GET", "/metrics"),
        server.post("/predict", {}),
        server.post("/", []),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# HEAD and OPTIONS.


@pytest.mark.parametrize("path", [*CONSTANT, "/status", "/prometheus", "/nowhere"])
def test_head_tells_what_get_would(server: Server, path: str) -> None:
    got, head = raw(server, "GET", path), raw(server, "HEAD", path)
    assert head.content == b""
    assert head.status == got.status
    for name in ("Content-Type", "ETag", "Cache-Control", "Vary", "X-Content-Type-Options"):
        assert head.headers.get(name) == got.headers.get(name)
    if path not in {"/prometheus", "/nowhere"}:
        assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", "GET, HEAD, OPTIONS, POST"),
        ("/predict", "OPTIONS, POST"),
        ("/metrics/anything", "GET, HEAD, OPTIONS"),
        ("/v2/models/random-forest/infer", "OPTIONS, POST"),
    ],
)
def test_options(server: Server, path: str, allow: str) -> None:
    answer = raw(server, "OPTIONS", path, Origin=PAGE, Access_Control_Request_Method="POST")
    assert (answer.status, answer.content, answer.headers["Allow"]) == (204, b"", allow)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_options_elsewhere(server: Server) -> None:
    assert raw(server, "OPTIONS", "/nowhere").status == 404
    assert raw(server, "OPTIONS", "*").status in {204, 400, 404}
    assert raw(server, "GET", "*").status in {400, 404}


# Pages of other origins.


def test_pages_are_not_let_in_unless_told(server: Server) -> None:
    answer = server.post("/predict", BODY, headers={"Origin": PAGE})
    assert answer.ok
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_page_asks_first(shared: Server) -> None:
    answer = raw(shared, "OPTIONS", "/predict", Origin=PAGE, Access_Control_Request_Method="POST")
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == shared.allowed  # type: ignore[attr-defined]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Authentication", "Inference-Header-Content-Length"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/predict", {"json": BODY}),
        ("POST", "/predict", {"json": MANY}),
        ("POST", "/predict", {"json": {}}),
        ("POST", "/predict", {"json": BODY, "auth": ("alice", "wrong")}),
        ("GET", "/metrics", {}),
        ("GET", "/nowhere", {}),
    ],
)
def test_page_may_read(shared: Server, method: str, path: str, options: Any) -> None:
    options = {"auth": ALICE, **options}
    answer = shared.call(method, path, headers={"Origin": PAGE}, **options)
    assert answer.headers["Access-Control-Allow-Origin"] == shared.allowed  # type: ignore[attr-defined]
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-Id", "X-Seed", "Inference-Header-Content-Length"} <= set(exposed)
    assert "Origin" in answer.headers["Vary"]


def test_other_page_may_not(shared: Server) -> None:
    other = "https://weather.example.evil"
    for method, path in (("OPTIONS", "/predict"), ("GET", "/metrics")):
        answer = raw(shared, method, path, Origin=other, Access_Control_Request_Method="GET")
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        assert allowed == ("*" if shared.allowed == "*" else None)  # type: ignore[attr-defined]


def test_caches_are_told_that_pages_differ(shared: Server) -> None:
    assert raw(shared, "GET", "/models").headers["Vary"].endswith("Origin")


# Languages.


@pytest.mark.parametrize(
    ("told", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("FR-be, en;q=0.8", "fr"),
        ("en, fr;q=0.9", "en"),
        ("de, fr;q=0.5, en;q=0.4", "fr"),
        ("fr;q=0", "en"),
        ("frisian", "en"),
        ("fr;q=x,;", "en"),
        ("*", "en"),
    ],
)
def test_language_of_the_sentence(server: Server, told: str | None, language: str) -> None:
    headers = {} if told is None else {"Accept-Language": told}
    answer = server.post("/predict", {**BODY, "model": "random-forest"}, headers=headers)
    assert answer.headers["Content-Language"] == language
    words = {
        "en": "The chance of rain tomorrow in Sydney is ",
        "fr": "Le risque de pluie demain à ",
    }
    assert answer.json()["prediction"]["message"].startswith(words[language])


def test_french_sentence(server: Server) -> None:
    french = {"Accept-Language": "fr"}
    none = {"model": "random-forest", "observation": FEW, "fill": {"strategy": "none", "seed": 1}}
    drawn = {**none, "fill": {"draws": 50, "seed": 7}}
    for body in (none, drawn):
        english = server.post("/predict", body).json()["prediction"]
        prediction = server.post("/predict", body, headers=french).json()["prediction"]
        message = prediction["message"]
        assert f"est de {prediction['probability']:.0%}".replace("%", "\xa0%") in message
        assert message.endswith(
            "\xa0: pluie." if english["rain_tomorrow"] else "\xa0: pas de pluie."
        )
        assert ("entre " in message) is ("interval" in prediction)
        assert " %" not in message
        del english["message"], prediction["message"]
        assert prediction == english


def test_hooks_of_the_log(tmp_path: Path, launcher: Launcher) -> None:
    with serve(tmp_path / "log", launcher) as running:
        raw(running, "OPTIONS", "/predict")
        tag = raw(running, "GET", "/models").headers["ETag"]
        raw(running, "GET", "/models", If_None_Match=tag)
        lines = [(line["method"], line["route"], line["status"]) for line in running.log()][-3:]
    assert ("OPTIONS", None, 204) in lines
    assert ("GET", "/models", 304) in lines
