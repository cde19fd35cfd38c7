"""Every mistake a caller can make gets its own 4xx, and names the field."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Launcher, Server, serve

FINE = {"Location": "Sydney", "Humidity3pm": 55}
PROBLEM = "application/problem+json"


def errors(response: Any) -> dict[str, str]:
    """Messages of a 422 by their pointers."""
    assert response.status_code == 422, response.text
    assert response.headers["Content-Type"] == PROBLEM
    document = response.json()
    assert document["status"] == 422
    assert document.keys() == {"type", "title", "status", "detail", "errors"}
    return {error["pointer"]: error["message"] for error in document["errors"]}


@pytest.mark.parametrize("route", ["/predict", "/random-fill", "/"])
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"Humidity3pm=55", b'{"observation": }', b"\xff\xfe", b'"\xed\xa0\x80"'),
        *(b'{"a": "\\ud800", "b": NaN}', b"[" * 100_000, b"\xef\xbb\xbf{}"),
    ],
)
def test_not_json(server: Server, route: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = server.call("POST", route, data=body, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (400, PROBLEM)


@pytest.mark.parametrize("document", [[], "rain", 7, None, True])
@pytest.mark.parametrize("route", ["/predict", "/random-fill"])
def test_no_object(server: Server, route: str, document: object) -> None:
    response = server.call(
        "POST", route, data=json.dumps(document), headers={"Content-Type": "application/json"}
    )
    assert "" in errors(response)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Humidity3pm", 100.1),
        ("Humidity9am", -1),
        ("MinTemp", 61),
        ("MaxTemp", -31),
        ("Rainfall", -0.2),
        ("Evaporation", 201),
        ("Sunshine", 16.5),
        ("WindGustSpeed", 411),
        ("Pressure9am", 101.3),
        ("Cloud9am", 10),
        ("Cloud3pm", 3.5),
        ("Temp3pm", "warm"),
        ("Temp3pm", "21.5"),
        ("Temp9am", True),
        ("Temp9am", [20]),
        ("Temp9am", {}),
        ("Temp9am", 10**400),
        ("WindGustDir", "NNNE"),
        ("WindDir9am", 270),
        ("WindDir3pm", ""),
        ("RainToday", "maybe"),
        ("RainToday", 1),
        ("Location", 5),
        ("Location", ["Sydney"]),
        ("Location", ""),
        ("Date", "2024-02-30"),
        ("Date", "30/06/2024"),
        ("Date", "2024-W26-7"),
        ("Date", 20240630),
    ],
)
def test_impossible_value(server: Server, field: str, value: object) -> None:
    response = server.post("/predict", {"observation": {**FINE, field: value}})
    assert list(errors(response)) == [f"/observation/{field}"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_not_a_number(server: Server, number: str) -> None:
    body = '{"observation": {"Location": "Sydney", "Temp3pm": ' + number + "}}"
    headers = {"Content-Type": "application/json"}
    response = server.call("POST", "/predict", data=body, headers=headers)
    assert list(errors(response)) == ["/observation/Temp3pm"]


@pytest.mark.parametrize("digits", [25, 4000, 5000, 100_000])
def test_number_of_thousands_of_digits_is_named(server: Server, digits: int) -> None:
    number = "1" * digits
    day = f'{{"Location": "Perth", "Humidity3pm": {number}}}'
    body = f'{{"observation": {day}, "fill": {{"seed": {number}}}}}'
    response = server.call(
        "POST", "/predict", data=body, headers={"Content-Type": "application/json"}
    )
    assert errors(response).keys() == {"/observation/Humidity3pm", "/fill/seed"}


def test_unknown_field_and_station_are_suggested(server: Server) -> None:
    body = {"observation": {"Location": "Sydny", "Humidty3pm": 50}}
    found = errors(server.post("/predict", body))
    assert "Sydney?" in found["/observation/Location"]
    assert "Humidity3pm?" in found["/observation/Humidty3pm"]


def test_nothing_close_is_not_suggested(server: Server) -> None:
    found = errors(server.post("/predict", {"observation": {"Location": "Paris", "x" * 99: 1}}))
    assert "did you mean" not in "".join(found.values())
    assert f"/observation/{'x' * 64}" in found


def test_every_bad_field_is_named_at_once(server: Server) -> None:
    body = {
        "model": "oracle",
        "observations": [FINE, {"Location": "Perth", "Cloud9am": 11, "a/b~c": 1}, 3, {}],
        "fill": {"strategy": "guess", "draws": 0, "seed": -1, "sed": 1},
        "fil": {},
    }
    assert set(errors(server.post("/predict", body))) == {
        *("/model", "/fil", "/fill/strategy", "/fill/draws", "/fill/seed", "/fill/sed"),
        *("/observations/1/Cloud9am", "/observations/1/a~1b~0c", "/observations/2"),
        "/observations/3/Location",
    }


def test_errors_are_bounded(server: Server) -> None:
    response = server.post("/predict", {"observations": [{"x": 1}] * 5000})
    assert len(response.json()["errors"]) <= 1001
    many = {"observation": {f"x{number}": 1 for number in range(50_000)}}
    assert len(server.post("/predict", many).json()["errors"]) <= 1001


def test_location_is_required_and_null_is_none(server: Server) -> None:
    for observation in ({}, {"Location": None}):
        found = errors(server.post("/predict", {"observation": observation}))
        assert list(found) == ["/observation/Location"]


def test_field_given_twice(server: Server) -> None:
    body = {"observation": {**FINE, "humidity_3pm": 60}}
    assert list(errors(server.post("/predict", body))) == ["/observation/humidity_3pm"]


def test_both_observation_and_observations(server: Server) -> None:
    found = errors(server.post("/predict", {"observation": FINE, "observations": [FINE]}))
    assert set(found) == {"/observation", "/observations"}


def test_neither_observation_nor_observations(server: Server) -> None:
    assert list(errors(server.post("/predict", {}))) == ["/observation"]


@pytest.mark.parametrize("value", [[], {}, "all"])
def test_no_list_of_observations(server: Server, value: object) -> None:
    assert list(errors(server.post("/predict", {"observations": value}))) == ["/observations"]


@pytest.mark.parametrize("model", ["Oracle", 3, "", ["random-forest"]])
def test_unknown_model(server: Server, model: object) -> None:
    found = errors(server.post("/predict", {"model": model, "observation": FINE}))
    assert "random-forest" in found["/model"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("strategy", value) for value in ("guess", 1, ["none"])),
        *(("draws", value) for value in (0, 1001, -1, 1.5, "7", True)),
        *(("seed", value) for value in (-1, 2**64, 0.5, "7", False)),
        ("sed", 3),
    ],
)
def test_bad_fill(server: Server, member: str, value: object) -> None:
    body = {"observation": FINE, "fill": {member: value}}
    assert list(errors(server.post("/predict", body))) == [f"/fill/{member}"]


@pytest.mark.parametrize("fill", ["uniform", "", [], 0, False])
def test_fill_that_is_no_object_hides_no_other_mistake(server: Server, fill: object) -> None:
    found = errors(server.post("/predict", {"observation": {"Location": "Sydny"}, "fill": fill}))
    assert set(found) == {"/fill", "/observation/Location"}


def test_random_fill_draws_once_and_needs_a_station_for_none(server: Server) -> None:
    found = errors(server.post("/random-fill", {"observation": {}, "fill": {"draws": 2}}))
    assert list(found) == ["/fill/draws"]
    found = errors(server.post("/random-fill", {"observation": {}, "fill": {"strategy": "none"}}))
    assert list(found) == ["/observation/Location"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/action"),
        ({"action": "predct"}, "/action"),
        ({"action": 3}, "/action"),
        ([], "/action"),
        ({"action": "metrics", "model": "oracle"}, "/model"),
        ({"action": "metrics", "modle": "x"}, "/modle"),
        ({"action": "status", "verbose": True}, "/verbose"),
        ({"action": "predict"}, "/observation"),
    ],
)
def test_bad_function_call(server: Server, body: object, pointer: str) -> None:
    assert list(errors(server.post("/", body))) == [pointer]


def test_too_many_rows(server: Server) -> None:
    response = server.post("/predict", {"observations": [FINE] * 10_001})
    assert response.status_code == 413
    assert response.json()["errors"][0]["pointer"] == "/observations"


def test_too_many_samples(server: Server) -> None:
    body = {"observations": [FINE] * 1001, "fill": {"draws": 100}}
    response = server.post("/predict", body)
    assert response.status_code == 413
    assert response.json()["errors"][0]["pointer"] == "/fill/draws"


def test_one_observation_has_the_same_limit(tmp_path: Path, launcher: Launcher) -> None:
    with serve(tmp_path / "log", launcher, MAX_SAMPLES="100") as server:
        for given in ({"observation": FINE}, {"observations": [FINE]}):
            # No answer is kept, and with it its connection, which would hold up the server's end.
            told = server.post("/predict", {**given, "fill": {"draws": 101}}).json()
            assert (told["status"], told["errors"][0]["pointer"]) == (413, "/fill/draws")
            assert server.post("/predict", {**given, "fill": {"draws": 100}}).ok


@pytest.mark.parametrize("auth", [("alice", "wonderland"), None])
def test_oversized_body_with_content_length(server: Server, auth: tuple[str, str] | None) -> None:
    headers = {"Content-Type": "application/json"}
    for excess in (1, 2, 1024 * 1024):
        body = b" " * (8 * 1024 * 1024 + excess)
        response = server.call("POST", "/predict", data=body, headers=headers, auth=auth)
        assert response.status_code == (413 if auth else 401)
        assert server.call("GET", "/status").ok


def test_largest_body_is_read(server: Server) -> None:
    body = json.dumps({"observation": FINE}).encode().ljust(8 * 1024 * 1024)
    headers = {"Content-Type": "application/json"}
    assert server.call("POST", "/predict", data=body, headers=headers).status_code == 200


def test_oversized_body_without_content_length(server: Server) -> None:
    chunks = (b" " * 65_536 for _ in range(130))
    headers = {"Content-Type": "application/json"}
    response = server.call("POST", "/predict", data=chunks, headers=headers)
    assert response.status_code == 413
    assert server.call("GET", "/status").status_code == 200


@pytest.mark.parametrize("user", ["YWxpY2U6d29uZGVybGFuZA==", ""])
def test_body_that_ends_early(server: Server, user: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/predict")
    connection.putheader("Authorization", f"Basic {user}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b'{"observation": {"Location": "Sydney"}}')
    connection.sock.shutdown(1)
    assert connection.getresponse().status == (400 if user else 401)
    connection.close()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "jason"]
)
def test_content_type_that_nobody_reads(server: Server, kind: str) -> None:
    headers = {"Content-Type": kind}
    response = server.call("POST", "/predict", data=b"{}", headers=headers)
    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


@pytest.mark.parametrize("kind", ["", "application/json; charset=utf-8", "application/ld+json"])
def test_content_types_that_are_json(server: Server, kind: str) -> None:
    headers = {"Content-Type": kind}
    body = json.dumps({"observation": FINE}).encode()
    assert server.call("POST", "/predict", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "DELETE", "BREW"])
def test_wrong_verb_of_predict(server: Server, verb: str) -> None:
    response = server.call(verb, "/predict")
    assert (response.status_code, response.headers["Allow"]) == (405, "OPTIONS, POST")
    assert response.json()["title"] == "Method Not Allowed"
