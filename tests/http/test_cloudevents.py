"""CloudEvents at POST /, sent and read with the SDK."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http

from tests.serving import Server

MODES = {"binary": to_binary, "structured": to_structured}
ATTRIBUTES = {"type": "au.example.observation.v1", "source": "/stations/hobart", "id": "day-1"}
DOCUMENT: dict[str, Any] = {
    "model": "random-forest",
    "observation": {"Location": "Hobart", "Date": "2026-08-12", "Humidity3pm": 71},
    "fill": {"draws": 20, "seed": 7},
}
TRACE = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "rojo=00f067aa0ba902b7",
}
PROBLEM = "application/problem+json"
Write = Callable[[CloudEvent], tuple[dict[str, str], bytes]]

modes = pytest.mark.parametrize("write", MODES.values(), ids=MODES)


def send(server: Server, headers: Mapping[str, str], body: bytes) -> requests.Response:
    return server.call("POST", "/", data=body, headers=dict(headers))


def read(response: requests.Response) -> CloudEvent:
    """Event in an answer."""
    assert response.status_code == 200, response.text
    return from_http(response.headers, response.content)


def detail(response: requests.Response, status: int = 400) -> str:
    """What a problem says."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == PROBLEM
    found: str = response.json()["detail"]
    return found


@modes
def test_prediction_comes_back_in_the_same_mode(server: Server, write: Write) -> None:
    response = send(server, *write(CloudEvent(ATTRIBUTES, DOCUMENT)))
    event = read(response)
    kind = "application/json" if write is to_binary else "application/cloudevents+json"
    assert response.headers["Content-Type"] == kind
    assert ("ce-id" in response.headers) == (write is to_binary)
    assert event["specversion"] == "1.0"
    assert event["type"] == "au.rain-tomorrow.prediction.v1"
    assert event["source"] == "/rain-tomorrow"
    assert event["subject"] == "Hobart"
    assert event["datacontenttype"] == "application/json"
    assert event["id"] == str(uuid.UUID(event["id"]))
    assert event["time"]
    assert event.get("traceparent") is None
    assert event.data == server.post("/predict", DOCUMENT).json()


@modes
def test_every_answer_has_an_id_of_its_own(server: Server, write: Write) -> None:
    sent = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    assert read(send(server, *sent))["id"] != read(send(server, *sent))["id"]


@modes
def test_subject_and_trace_are_carried_on(server: Server, write: Write) -> None:
    sent = CloudEvent({**ATTRIBUTES, **TRACE, "subject": "garden", "private": "x"}, DOCUMENT)
    event = read(send(server, *write(sent)))
    assert {name: event[name] for name in TRACE} == TRACE
    assert event["subject"] == "garden"
    assert event.get("private") is None


@modes
def test_several_stations_are_no_subject(server: Server, write: Write) -> None:
    rows = [{"Location": "Perth"}, {"Location": "Darwin"}]
    event = read(send(server, *write(CloudEvent(ATTRIBUTES, {"observations": rows}))))
    assert event.get("subject") is None
    assert len(event.data["predictions"]) == 2


@modes
def test_many_rows(server: Server, write: Write) -> None:
    document = {"observations": [{"Location": "Perth"}] * 1000, "fill": {"seed": 1}}
    event = read(send(server, *write(CloudEvent(ATTRIBUTES, document))))
    assert event["subject"] == "Perth"
    assert event.data == server.post("/predict", document).json()


def test_data_in_base64(server: Server) -> None:
    event = {**ATTRIBUTES, "specversion": "1.0"}
    event["data_base64"] = base64.b64encode(json.dumps(DOCUMENT).encode()).decode()
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    answer = read(send(server, headers, json.dumps(event).encode()))
    assert answer.data == server.post("/predict", DOCUMENT).json()


def test_actions_stay(server: Server) -> None:
    answer = server.post("/", {"action": "predict", **DOCUMENT})
    assert answer.content == server.post("/predict", DOCUMENT).content


@modes
def test_credentials_are_asked_for(server: Server, write: Write) -> None:
    headers, body = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    response = requests.post(server.url, data=body, headers=headers, timeout=5)
    detail(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("value", [None, ""])
@modes
def test_attribute_that_is_missing_is_named(
    server: Server, write: Write, name: str, value: str | None
) -> None:
    headers, body = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    document = {**json.loads(body), name: value}
    if write is to_binary:
        headers = {**headers, f"ce-{name}": value}  # type: ignore[dict-item]
    else:
        body = json.dumps(document).encode()
    assert name in detail(send(server, headers, body))


@pytest.mark.parametrize("version", ["0.3", "1.1", "one", 1.0])
def test_other_versions(server: Server, version: object) -> None:
    body = json.dumps({**ATTRIBUTES, "specversion": version, "data": DOCUMENT}).encode()
    headers = {"Content-Type": "application/cloudevents+json"}
    assert "specversion" in detail(send(server, headers, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/cloudevents-batch+json", b"[]"),
        ("application/cloudevents+avro", b""),
        ("application/cloudevents", b"{}"),
    ],
)
def test_batches_and_other_formats(server: Server, kind: str, body: bytes) -> None:
    message = detail(send(server, {"Content-Type": kind}, body), 415)
    assert ("batch" in message) == ("batch" in kind)


def test_data_of_another_type(server: Server) -> None:
    headers, _ = to_binary(CloudEvent(ATTRIBUTES, DOCUMENT))
    detail(send(server, {**headers, "content-type": "text/csv"}, b"Location"), 415)
    event = {**ATTRIBUTES, "specversion": "1.0", "datacontenttype": "text/csv", "data": "Location"}
    headers = {"Content-Type": "application/cloudevents+json"}
    for kind in ("text/csv", "", 5):
        event["datacontenttype"] = kind  # type: ignore[assignment]
        detail(send(server, headers, json.dumps(event).encode()), 415)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_not_json(server: Server, body: bytes) -> None:
    detail(send(server, {"Content-Type": "application/cloudevents+json"}, body))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_data_that_are_not_json(server: Server, body: bytes) -> None:
    headers, _ = to_binary(CloudEvent(ATTRIBUTES, DOCUMENT))
    detail(send(server, headers, body))


@pytest.mark.parametrize("data", ["%%%", 5, "e30", "ew=="])
def test_base64_that_is_none(server: Server, data: object) -> None:
    event = {**ATTRIBUTES, "specversion": "1.0", "data_base64": data}
    headers = {"Content-Type": "application/cloudevents+json"}
    detail(send(server, headers, json.dumps(event).encode()))


@pytest.mark.parametrize("document", [None, [], "rain"])
@modes
def test_data_that_are_no_document(server: Server, write: Write, document: object) -> None:
    headers, body = write(CloudEvent(ATTRIBUTES, document))
    if write is to_binary:
        body = json.dumps(document).encode()
    detail(send(server, headers, body), 422)


@modes
def test_bad_fields_are_pointed_at(server: Server, write: Write) -> None:
    document = {"observation": {"Location": "Sydny"}, "fill": {"draws": 0}}
    response = send(server, *write(CloudEvent(ATTRIBUTES, document)))
    detail(response, 422)
    prefix = "" if write is to_binary else "/data"
    pointers = {error["pointer"] for error in response.json()["errors"]}
    assert pointers == {f"{prefix}/observation/Location", f"{prefix}/fill/draws"}


@modes
def test_limits(server: Server, write: Write) -> None:
    document = {"observations": [{"Location": "Perth"}] * 10_001}
    assert "10001" in detail(send(server, *write(CloudEvent(ATTRIBUTES, document))), 413)
    headers, _ = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    detail(send(server, headers, b" " * (8 * 1024 * 1024 + 1)), 413)


@pytest.mark.parametrize("extra", [{"extensions": {"a": 1}}, {"subject": {}}, {"traceparent": 5}])
def test_odd_members_do_no_harm(server: Server, extra: dict[str, Any]) -> None:
    event = {**ATTRIBUTES, "specversion": "1.0", "data": DOCUMENT, **extra}
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = read(send(server, headers, json.dumps(event).encode()))
    assert answer["subject"] == "Hobart"
    assert answer.get("traceparent") is None


def structured(**members: object) -> bytes:
    return json.dumps({"specversion": "1.0", **ATTRIBUTES, "data": DOCUMENT, **members}).encode()


STRUCTURED = {"Content-Type": "application/cloudevents+json"}


@pytest.mark.parametrize(
    "kind", [None, "Application/JSON", "application/vnd.x+JSON; charset=utf-8"]
)
def test_type_of_data_that_is_json(server: Server, kind: str | None) -> None:
    event = read(send(server, STRUCTURED, structured(datacontenttype=kind, subject=None)))
    assert event["subject"] == "Hobart"


@modes
def test_empty_subject_is_none(server: Server, write: Write) -> None:
    headers, body = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    if write is to_binary:
        headers["ce-subject"] = ""
    else:
        body = structured(subject="")
    assert read(send(server, headers, body))["subject"] == "Hobart"


@modes
def test_language_is_told(server: Server, write: Write) -> None:
    headers, body = write(CloudEvent(ATTRIBUTES, DOCUMENT))
    response = send(server, {**headers, "Accept-Language": "fr"}, body)
    assert response.headers["Content-Language"] == "fr"
    assert read(response).data["prediction"]["message"].startswith("Le risque")


@pytest.mark.parametrize("kind", ["", "+xml", "+avro", "-other+json"])
def test_format_that_is_not_read(server: Server, kind: str) -> None:
    headers = {"Content-Type": f"application/cloudevents{kind}"}
    assert "application/cloudevents+json" in detail(send(server, headers, structured()), 415)
