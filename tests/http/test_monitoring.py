"""What Prometheus reads, and the trace that a request belongs to."""

import math
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

from function import __version__
from function.monitoring import BOUNDS, METHODS
from function.observation import COLUMNS
from function.routes import ROUTES
from tests.serving import ROOT, Launcher, Server, serve

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
UNITS = {"seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"}
# What promtool's `check metrics` has against units: those that are not the base ones.
NOT_BASE = {
    *("milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "ms", "ns", "us"),
    *("kilobytes", "megabytes", "gigabytes", "kb", "mb", "bits", "percent", "kelvin"),
}
SUFFIXES = {"counter": {"_total"}, "gauge": {""}, "histogram": {"_bucket", "_count", "_sum"}}


@pytest.fixture
def own(tmp_path: Path, launcher: Launcher) -> Iterator[Server]:
    """A server that nobody else calls."""
    with serve(tmp_path / "log", launcher) as running:
        yield running


def scrape(server: Server) -> dict[str, Metric]:
    """Families of metrics by name, as Prometheus reads them without credentials."""
    response = requests.get(server.url + "/prometheus", timeout=10)
    assert response.ok
    return {family.name: family for family in parse(response.text)}


def value(server: Server, name: str, **labels: str) -> float:
    """Sum of the samples of this name with these labels."""
    return sum(
        sample.value
        for family in scrape(server).values()
        for sample in family.samples
        if sample.name == name and sample.labels.items() >= labels.items()
    )


def test_requests_are_counted_by_template_and_status(own: Server) -> None:
    for model in ("decision-tree", "random-forest", "no-such-model"):
        own.call("GET", f"/metrics/{model}")
    own.call("GET", "/such/a/path/is/not/here")
    own.call("BREW", "/status")
    name, route = "rain_requests_total", "/metrics/<model>"
    assert value(own, name, method="GET", route=route, status="200") == 2
    assert value(own, name, method="GET", route=route, status="404") == 1
    assert value(own, name, method="GET", route="none", status="404") == 1
    assert value(own, name, method="other", route="none", status="405") == 1


def test_durations_rows_and_draws(own: Server) -> None:
    rows = [{"Location": "Sydney"}] * 3
    body = {"model": "all", "observations": rows, "fill": {"draws": 5}}
    assert own.post("/predict", body).ok
    assert own.post("/predict", {"model": "all", "observation": rows[0]}).ok
    labels = {"route": "/predict", "model": "all"}
    assert value(own, "rain_rows_total", **labels) == 4
    assert value(own, "rain_draws_total", **labels) == 16
    assert value(own, "rain_request_duration_seconds_count", **labels) == 2
    logged = [line["ms"] for line in own.log() if line.get("route") == "/predict"]
    total = value(own, "rain_request_duration_seconds_sum", **labels)
    assert math.isclose(total, sum(logged) / 1000)
    for bound in map(str, (*BOUNDS, math.inf)):
        le = "+Inf" if bound == "inf" else bound
        count = value(own, "rain_request_duration_seconds_bucket", **labels, le=le)
        assert count == sum(ms / 1000 <= float(bound) for ms in logged)


def test_filled_fields(own: Server) -> None:
    day = {"Location": "Sydney", "Humidity3pm": 70}
    answer = own.post("/predict", {"observations": [day, day | {"Temp3pm": 20}]}).json()
    filled = [row["filled"] for row in answer["predictions"]]
    own.post("/predict", {"observation": day, "fill": {"strategy": "none"}})
    filled.append(own.post("/random-fill", {"observation": {}}).json()["filled"])
    for field in COLUMNS:
        count = value(own, "rain_filled_fields_total", field=field)
        assert count == sum(field in row for row in filled)


def test_authentication_failures(own: Server) -> None:
    assert value(own, "rain_authentication_failures_total") == 0
    for password in ("guess", "wonderland", "try"):
        own.call("GET", "/whoami", auth=("alice", password))
    own.call("GET", "/status", auth=("alice", "guess"))
    assert value(own, "rain_authentication_failures_total") == 2


def test_information(server: Server) -> None:
    families = scrape(server)
    cards = {card["name"]: card for card in server.call("GET", "/models").json()["models"]}
    told = {
        sample.labels.pop("model"): sample.labels for sample in families["rain_model_info"].samples
    }
    assert told == {
        name: {key: card[key] for key in ("version", "format", "sha256")}
        for name, card in cards.items()
    }
    (build,) = families["rain_build_info"].samples
    assert build.labels == {"version": __version__, "revision": "local"}
    assert value(server, "process_resident_memory_bytes") > 2**20


def test_labels_are_bounded(server: Server) -> None:
    paths = ["/a", "/b/c", "/metrics/x", "/metrics/y", "/predict?x=1", "/%00", "/prometheus/"]
    for method in ("GET", "POST", "PURGE", "PROPFIND"):
        for path in paths:
            server.call(method, path, json={"model": path})
    known = {
        "method": METHODS | {"other"},
        "route": {route.path for route in ROUTES} | {"none"},
        "model": {*server.call("GET", "/metrics").json()["models"], "all", ""},
        "field": set(COLUMNS),
    }
    for family in scrape(server).values():
        for sample in family.samples:
            for label, values in known.items():
                assert sample.labels.get(label, next(iter(values))) in values


def test_no_count_is_lost_among_threads(own: Server) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: own.call("GET", "/stations").ok, range(400)))
    assert all(answers)
    assert value(own, "rain_requests_total", route="/stations") == 400
    assert value(own, "rain_request_duration_seconds_count", route="/stations") == 400


def test_openmetrics_for_whom_asks(server: Server) -> None:
    assert server.post("/predict", {"observation": {"Location": "Hobart"}}).ok
    url = server.url + "/prometheus"
    plain = requests.get(url, timeout=10)
    assert plain.headers["Content-Type"].startswith("text/plain; version=")
    asked = requests.get(url, headers={"Accept": OPENMETRICS}, timeout=10)
    assert asked.headers["Content-Type"].startswith(OPENMETRICS)
    assert asked.text.endswith("# EOF\n")
    families = {family.name: family for family in parse_openmetrics(asked.text)}  # type: ignore[no-untyped-call]
    assert families["rain_request_duration_seconds"].unit == "seconds"
    assert families["rain_model"].type == "info"


def test_head(server: Server) -> None:
    response = requests.head(server.url + "/prometheus", timeout=10)
    assert (response.status_code, response.content) == (200, b"")


def test_names_follow_the_conventions(server: Server) -> None:
    """The rules of `promtool check metrics`, and those of the naming practices."""
    assert server.post("/predict", {"observation": {"Location": "Hobart"}}).ok
    for family in scrape(server).values():
        assert family.documentation
        words = family.name.split("_")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert words[0] in {"rain", "process"}
        assert not NOT_BASE & set(words)
        # A unit is a name's last word, and no word tells the type.
        assert not UNITS & set(words[:-1])
        assert not {*SUFFIXES, "total", "count", "sum", "bucket"} & set(words) - {"info"}
        assert "info" not in words[:-1]
        for sample in family.samples:
            suffix = sample.name.removeprefix(family.name)
            assert suffix in SUFFIXES[family.type]
            assert sample.value == 1 or words[-1] != "info"
            for label in sample.labels.keys() - ({"le"} if suffix == "_bucket" else set()):
                assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
                assert label not in {"le", "quantile", "job", "instance"}


def test_client_is_imported_at_the_first_scrape() -> None:
    program = "import sys, function.main; print('prometheus_client' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "offered", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-later"]
)
def test_trace_is_logged_and_sent_back(server: Server, offered: str) -> None:
    identity = secrets.token_hex(8)
    headers = {"traceparent": offered, "X-Request-Id": identity}
    response = server.call("GET", "/nowhere", headers=headers)
    assert response.headers["traceparent"] == f"00-{TRACE}-{SPAN}-{offered[53:55]}"
    (line,) = (line for line in server.log() if line.get("request_id") == identity)
    assert (line["trace_id"], line["span_id"]) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "offered",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-later",
        f"cc-{TRACE}-{SPAN}-01later",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
    ],
)
def test_ill_formed_trace_is_ignored(server: Server, offered: str | None) -> None:
    identity = secrets.token_hex(8)
    headers = {"X-Request-Id": identity} | ({} if offered is None else {"traceparent": offered})
    response = server.call("GET", "/status", headers=headers)
    assert response.ok
    assert "traceparent" not in response.headers
    (line,) = (line for line in server.log() if line.get("request_id") == identity)
    assert not {"trace_id", "span_id"} & line.keys()
