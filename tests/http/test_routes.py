"""The public routes, and the manners of all of them."""

import contextlib
import http.client
import json

import pytest
import requests

from function import __version__
from tests.http.test_bad_input import errors
from tests.serving import Launcher, Server

MODELS = ["decision-tree", "logistic-regression", "random-forest", "support-vector-machine"]
FIGURES = {
    *("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc"),
    *("average_precision", "brier", "log_loss", "confusion_matrix", "threshold"),
    *("roc_curve", "calibration_curve", "stations"),
}


def test_index_lists_every_route(server: Server) -> None:
    document = requests.get(server.url + "/", timeout=5).json()
    listed = {(route["method"], route["path"]) for route in document["routes"]}
    assert {("POST", "/predict"), ("GET", "/metrics/{model}"), ("GET", "/health/ready")} <= listed


def test_status(server: Server) -> None:
    response = requests.get(server.url + "/status", timeout=5)
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"status": "ok", "version": __version__, "revision": "local"}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health(server: Server, path: str) -> None:
    response = requests.get(server.url + path, timeout=5)
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_models(server: Server) -> None:
    document = requests.get(server.url + "/models", timeout=5).json()
    assert [model["name"] for model in document["models"]] == MODELS
    assert [m["name"] for m in document["models"] if m["default"]] == [document["default"]]
    for model in document["models"]:
        assert model["available"] is True
        assert model["format"] == "onnx"
        assert model["training"]["to"] == "2021-12-31"
        assert len(model["sha256"]) == 64
        assert 0 < model["threshold"] < 1


def test_metrics(server: Server) -> None:
    document = requests.get(server.url + "/metrics", timeout=5).json()
    assert document["test_set"]["from"] == "2022-01-01"
    assert document["test_set"]["to"] == "2024-12-31"
    assert list(document["models"]) == MODELS
    for figures in document["models"].values():
        assert figures.keys() >= FIGURES


def test_metrics_of_one_model(server: Server) -> None:
    every = requests.get(server.url + "/metrics", timeout=5).json()
    one = requests.get(server.url + "/metrics/random-forest", timeout=5).json()
    assert one.pop("model") == "random-forest"
    assert one.pop("test_set") == every["test_set"]
    assert one == every["models"]["random-forest"]


def test_stations(server: Server) -> None:
    stations = requests.get(server.url + "/stations", timeout=5).json()["stations"]
    assert len(stations) == 49
    assert {"name": "Sydney", "timezone": "Australia/Sydney"}.items() <= next(
        station for station in stations if station["name"] == "Sydney"
    ).items()
    assert all(-44 < s["latitude"] < -10 and 112 < s["longitude"] < 169 for s in stations)


@pytest.mark.parametrize("date", ["20260731", "2026-W31-5", "x", "", "2026-02-30"])
def test_day_that_is_none(server: Server, date: str) -> None:
    named = errors(server.call("GET", f"/stations/Hobart?date={date}"))
    assert named == {"/query/date": "must be a date such as 2024-06-30"}


def test_query_that_cannot_be_read(server: Server, launcher: Launcher) -> None:
    named = errors(server.call("GET", "/stations/Hobart?date=2026-07-31&date=x"))
    assert named == {"/query/date": "is given more than once"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection._validate_path = lambda _path: None  # type: ignore[attr-defined]
    connection._encode_request = lambda line: line.encode("latin-1")  # type: ignore[attr-defined]
    with contextlib.closing(connection):
        connection.request("GET", "/stations/Hobart?date=\xff")
        answer = connection.getresponse()
        assert answer.status == 400
        if launcher == "functions-framework":  # the other one refuses it itself
            assert json.load(answer)["detail"] == "The query is not UTF-8."


def test_whoami(server: Server) -> None:
    assert server.call("GET", "/whoami").json() == {"user": "alice"}


@pytest.mark.parametrize("path", ["/", "/status", "/models", "/metrics", "/health/live"])
def test_head_answers_as_get_without_a_body(server: Server, path: str) -> None:
    get = requests.get(server.url + path, timeout=5)
    head = requests.head(server.url + path, timeout=5)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/status/", "/predict/", "/metrics/", "/Status"),
        *("/robots.txt", "/favicon.ico", "/metrics/%0A", "/%0A"),
    ],
)
def test_unknown_path(server: Server, path: str) -> None:
    response = server.call("GET", path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_unknown_model_of_metrics_is_suggested(server: Server) -> None:
    response = requests.get(server.url + "/metrics/random-forrest", timeout=5)
    assert response.status_code == 404
    assert "random-forest?" in response.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "OPTIONS, POST"),
        ("DELETE", "/", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/status", "GET, HEAD, OPTIONS"),
        ("PUT", "/random-fill", "OPTIONS, POST"),
    ],
)
def test_wrong_verb(server: Server, method: str, path: str, allowed: str) -> None:
    response = server.call(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


def test_request_id_of_the_caller_comes_back(server: Server) -> None:
    response = server.call("GET", "/status", headers={"X-Request-Id": "abc-123.DEF"})
    assert response.headers["X-Request-Id"] == "abc-123.DEF"


@pytest.mark.parametrize("offered", ["two words", "x" * 129, "semi;colon", ""])
def test_ill_formed_request_id_is_replaced(server: Server, offered: str) -> None:
    response = server.call("GET", "/nowhere", headers={"X-Request-Id": offered})
    assert len(response.headers["X-Request-Id"]) == 16


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"action": "status"}, "/status"),
        ({"action": "models"}, "/models"),
        ({"action": "metrics"}, "/metrics"),
        ({"action": "metrics", "model": "decision-tree"}, "/metrics/decision-tree"),
    ],
)
def test_function_call_answers_as_the_route(
    server: Server, document: object, expected: str
) -> None:
    assert server.post("/", document).content == server.call("GET", expected).content


def test_function_call_predicts_and_fills(server: Server) -> None:
    body = {"observation": {"Location": "Cairns"}, "fill": {"seed": 5}}
    predicted = server.post("/", {"action": "predict", **body})
    assert predicted.content == server.post("/predict", body).content
    filled = server.post("/", {"action": "random-fill", **body})
    assert filled.content == server.post("/random-fill", body).content


@pytest.mark.parametrize("method", ["get", "Head", "options"])
def test_methods_have_a_case(server: Server, method: str, launcher: Launcher) -> None:
    """RFC 9110, 9.1; gunicorn does not take such a method for one."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as caller:
        caller.request(method, "/status")
        response = caller.getresponse()
        assert response.status == (405 if launcher == "granian" else 400)
        assert response.headers.get("Allow", "GET, HEAD, OPTIONS") == "GET, HEAD, OPTIONS"
