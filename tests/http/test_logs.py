"""What an operator reads: one JSON object a line, and no secret in it."""

import time

import msgspec
import requests

from tests.serving import Server


def test_a_line_for_each_request(server: Server) -> None:
    server.post(
        "/predict",
        {"model": "decision-tree", "observation": {"Location": "Uluru"}, "fill": {"draws": 3}},
        headers={"X-Request-Id": "line-of-predict"},
    )
    server.call("GET", "/metrics/random-forest", headers={"X-Request-Id": "line-of-metrics"})
    server.call("GET", "/no/such/path", headers={"X-Request-Id": "line-of-404"})
    lines = {line.get("request_id"): line for line in server.log()}
    expected = {"route": "/predict", "method": "POST", "status": 200, "model": "decision-tree"}
    assert lines["line-of-predict"].items() >= {**expected, "rows": 1, "draws": 3}.items()
    assert 0 < lines["line-of-predict"]["ms"] < 10_000
    assert lines["line-of-predict"]["severity"] == "INFO"
    assert lines["line-of-metrics"]["route"] == "/metrics/<model>"
    assert lines["line-of-404"].items() >= {"route": None, "status": 404}.items()


def test_neither_body_nor_credential_is_logged(server: Server) -> None:
    canary = "canary-7f3a"
    body = {"observation": {"Location": canary, canary: 1}, canary: 1}
    assert server.post("/predict", body).status_code == 422
    requests.get(server.url + "/whoami", auth=(canary, canary), timeout=10)
    requests.post(server.url + f"/predict?{canary}", data=canary, timeout=10)
    assert server.call("GET", "/status", headers={"X-Request-Id": "after-canary"}).ok
    deadline = time.monotonic() + 5
    while b"after-canary" not in server.output.read_bytes():
        assert time.monotonic() < deadline
    written = server.output.read_bytes()
    assert canary.encode() not in written
    assert b"d29uZGVybGFuZA" not in written  # wonderland in base64
    for line in written.splitlines():
        if line.startswith(b"{"):
            msgspec.json.decode(line)
