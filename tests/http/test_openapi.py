"""The OpenAPI document, and whether the function does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from function.openapi import answers
from function.openapi.operations import OPERATIONS
from function.routes import ROUTES
from tests.http.test_predict import DRY, FEW, WET
from tests.serving import ROOT, Server

HERE = Path(__file__).parent
BASIC = "Authorization: Basic YWxpY2U6d29uZGVybGFuZA=="
LIST = [WET, DRY, FEW]
DRAWS = {"draws": 5, "seed": 7}


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    answer = server.call("GET", "/openapi.json", auth=None)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def test_document_and_routes_agree(document: dict[str, Any]) -> None:
    routes = {(route.method, route.path) for route in ROUTES}
    assert OPERATIONS.keys() == routes
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert described == routes
    for route in ROUTES:
        path = route.path.replace("<", "{").replace(">", "}")
        operation = document["paths"][path][route.method.lower()]
        assert bool(operation["security"]) is route.authentication
        assert ("401" in operation["responses"]) is route.authentication


def test_headers_of_some_answers_are_told(document: dict[str, Any]) -> None:
    told = {
        path: set(document["paths"][path]["post"]["responses"]["200"]["headers"])
        for path in ("/", "/predict", "/v2/models/{model}/infer", "/random-fill")
    }
    always = {"X-Request-Id"}
    assert told == {
        "/": always | {"Content-Language"},
        "/predict": always | {"Content-Language", "X-Seed"},
        "/v2/models/{model}/infer": always | {"Inference-Header-Content-Length"},
        "/random-fill": always,
    }
    assert always | set().union(*told.values()) == document["components"]["headers"].keys()


@pytest.mark.parametrize("data", [{"data": {"observation": WET}}, {"data_base64": "e30="}, {}])
def test_event_has_data_in_either_form(document: dict[str, Any], data: dict[str, Any]) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "y", **data}
    reference = {"$ref": "#/components/schemas/ObservationEvent"}
    schema = {**reference, "components": document["components"]}
    assert Draft202012Validator(schema).is_valid(event) is bool(data)


def test_fields_have_units_and_limits(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["Observation"]["properties"]
    assert fields["Pressure9am"]["x-unit"] == "hPa"
    assert fields["Pressure9am"]["anyOf"][0] == {
        "type": "number",
        "minimum": 850.0,
        "maximum": 1090.0,
    }
    assert len(fields["Location"]["enum"]) == 49


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", answers.Index),
        ("/status", answers.Status),
        ("/models", answers.Models),
        ("/metrics", answers.Metrics),
        ("/metrics/decision-tree", answers.MetricsOfModel),
        ("/stations", answers.Stations),
        ("/whoami", answers.User),
        ("/health/live", answers.Live),
        ("/health/ready", answers.Ready),
        ("/nowhere", answers.Problem),
        ("/v2", answers.ServerMetadata),
        ("/v2/health/live", answers.ServerLive),
        ("/v2/health/ready", answers.ServerReady),
        ("/v2/models/random-forest", answers.ModelMetadata),
        ("/v2/models/random-forest/ready", answers.ModelReady),
        ("/v2/models/oracle", answers.InferenceError),
    ],
)
def test_answers_are_of_their_types(server: Server, path: str, kind: type) -> None:
    msgspec.json.decode(server.call("GET", path).content, type=kind)


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/predict", {"observation": FEW}, answers.OneOfOneModel),
        ("/predict", {"observations": LIST, "fill": DRAWS}, answers.ManyOfOneModel),
        ("/predict", {"model": "all", "observation": FEW}, answers.OneOfAllModels),
        ("/predict", {"model": "all", "observations": LIST}, answers.ManyOfAllModels),
        ("/predict", {}, answers.Problem),
        ("/random-fill", {"observation": FEW}, answers.FilledObservation),
        ("/random-fill", {"observations": LIST}, answers.FilledObservations),
        ("/", {"action": "metrics", "model": "random-forest"}, answers.MetricsOfModel),
    ],
)
def test_answers_to_bodies_are_of_their_types(
    server: Server, path: str, body: object, kind: type
) -> None:
    msgspec.json.decode(server.post(path, body).content, type=kind)


def test_examples_are_answered(server: Server, document: dict[str, Any]) -> None:
    """Every body in JSON has one, and as it stands it gets an answer."""
    for path, operations in document["paths"].items():
        contents = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for kind, content in contents.items():
            if kind not in {"application/json", "application/cloudevents+json"}:
                continue
            place = path.format(model="decision-tree", version="1.0.0")
            answer = server.call(
                *("POST", place),
                data=msgspec.json.encode(content["example"]),
                headers={"Content-Type": kind},
            )
            assert answer.status_code == 200, (path, kind, answer.text)


def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    """All checks, on the same requests every time; `EXAMPLES=2000 SEED=7` asks for others."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
            *("--config-file", str(HERE / "schemathesis.toml"), "run"),
            *(f"{server.url}/openapi.json", "--checks", "all", "--header", BASIC),
            *("--max-examples", os.environ.get("EXAMPLES", "10")),
            *("--seed", os.environ.get("SEED", "1")),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "COVERAGE_PROCESS_CONFIG": "",  # what asks is not to be measured
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.http.schemathesis_hooks",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found
    assert found[1] == found[2]
    assert int(found[1]) > 500


def test_page_is_strict(server: Server) -> None:
    page = server.call("GET", "/docs", auth=None)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    for file in re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text):
        answer = server.call("GET", f"/{file}", auth=None)
        assert answer.ok
        assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
    assert "http" not in page.text
    assert server.call("GET", "/docs/index.html").status_code == 404
