"""What an operator reads of the figures, the log, the alerts and the dashboard is so."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from function.monitoring import BOUNDS
from tests.cluster.rendering import template
from tests.serving import ROOT, Server

DOCUMENT = (ROOT / "docs" / "monitoring.md").read_text()
FOLDER = ROOT / "docs" / "monitoring"
ALERTS = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
QUERIES = [
    *(rule["expr"] for rule in ALERTS),
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
]
DAY = {"Location": "Sydney", "Date": "2026-03-04"}
_METRIC = re.compile(r"^\| `([a-z_]+)` \| ([a-z]+) \| (.*?) ?\| .+ \|$", re.MULTILINE)
_FIELD = re.compile(r"^\| `([a-z_]+)` \| [^|`]+ \|$", re.MULTILINE)
_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def told(server: Server) -> dict[str, tuple[str, set[str]]]:
    """Metrics that are exposed: their types and labels by name."""
    assert server.post("/predict", {"model": "all", "observation": DAY}).ok
    text = server.call("GET", "/prometheus").text
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in parse(text)
    }


def test_every_metric_is_documented_and_none_else(told: dict[str, tuple[str, set[str]]]) -> None:
    documented = {
        name: (kind, set(re.findall(r"`([a-z_0-9]+)`", labels)))
        for name, kind, labels in _METRIC.findall(DOCUMENT)
    }
    assert documented == told


def test_every_field_of_the_log_is_documented_and_none_else(server: Server) -> None:
    section = DOCUMENT.partition("## The log")[2].partition("\n## ")[0]
    documented = set(_FIELD.findall(section))
    parent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert server.post("/", {"action": "predict", "observation": DAY}, headers=parent).ok
    logged = {field for line in server.log() for field in line}
    faults = {"error", "at"}  # only where something broke
    assert documented == logged | faults


def selectors(query: str) -> Iterator[Any]:
    """Metrics that a query asks for, with the conditions on their labels."""
    # Grafana puts these in before it asks.
    asked = query.replace("$__rate_interval", "1m").replace("$job", ".*")
    found: list[Any] = []

    def visit(expression: object) -> bool:
        if isinstance(expression, promql_parser.VectorSelector):
            found.append(expression)
        if isinstance(expression, promql_parser.MatrixSelector):
            found.append(expression.vector_selector)
        return True

    promql_parser.walk(promql_parser.parse(asked), visit)
    return iter(found)


@pytest.mark.parametrize("query", QUERIES)
def test_query_asks_for_what_there_is(query: str, told: dict[str, tuple[str, set[str]]]) -> None:
    histograms = {
        name + suffix: (kind, labels)
        for name, (kind, labels) in told.items()
        for suffix in ("_bucket", "_sum", "_count")
        if kind == "histogram"
    }
    asked = list(selectors(query))
    assert asked
    for selector in asked:
        _, labels = {**told, **histograms}[selector.name]
        conditions = {matcher.name for matcher in selector.matchers.matchers}
        assert conditions <= labels | {"job"}
    for grouping in re.findall(r"\bby \(([^)]*)\)", query):
        every = {label for each in asked for label in {**told, **histograms}[each.name][1]}
        assert set(grouping.split(", ")) <= every | {"le"}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_says_what_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert all(sentence.endswith(".") for sentence in rule["annotations"].values())
    assert f"`{rule['alert']}`" in DOCUMENT
    if "for" in rule:
        assert promql_parser.parse_duration(rule["for"])


def test_image_for_traces_is_well_made() -> None:
    # Versions are the reader's to choose, and the folder is that of the image below.
    ignored = [f"--ignore={rule}" for rule in ("DL3006", "DL3013", "DL3042", "DL3045")]
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([hadolint, *ignored, FOLDER / "Dockerfile"], check=True)


def test_image_for_traces_copies_what_there_is() -> None:
    copied = re.findall(r"^COPY ([^-]\S*) ", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    assert all((FOLDER / name).is_file() for name in copied)


def test_alerts_are_distinct() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    assert DOCUMENT.count("`RainTomorrow") == len(names)


def test_alert_of_memory_is_below_the_limit() -> None:
    (rule,) = (rule for rule in ALERTS if rule["alert"] == "RainTomorrowMemory")
    (bound,) = re.findall(r"> (\d+) \* 2 \^ 20", rule["expr"])
    for overlay in ("knative", "knative/plain"):
        (container,) = template(overlay)["spec"]["containers"]
        limit = container["resources"]["limits"]["memory"]
        assert limit.endswith("Mi")
        assert int(bound) < int(limit[:-2])
        assert f"the {limit[:-2]} MiB" in rule["annotations"]["summary"]


def test_alert_of_duration_is_a_bound_of_a_bucket() -> None:
    (rule,) = (rule for rule in ALERTS if rule["alert"] == "RainTomorrowSlow")
    assert float(rule["expr"].rpartition("> ")[2]) in BOUNDS


def test_alert_of_duration_is_of_predictions_only(server: Server) -> None:
    """Refusals are quick: where they are many, the others could take any time."""
    assert server.post("/predict", {}).status_code == 422
    families = {each.name: each for each in parse(server.call("GET", "/prometheus").text)}
    samples = families["rain_request_duration_seconds"].samples
    assert [
        each for each in samples if (each.labels["route"], each.labels["model"]) == ("/predict", "")
    ]
    (rule,) = (rule for rule in ALERTS if rule["alert"] == "RainTomorrowSlow")
    selector, *_ = selectors(rule["expr"])
    (matcher,) = (each for each in selector.matchers.matchers if each.name == "model")
    assert (matcher.op, matcher.value) == (promql_parser.MatchOp.NotEqual, "")


def test_documents_name_alerts_that_there_are() -> None:
    documents = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    named = set(re.findall(r"`(RainTomorrow\w+)`", documents))
    assert named == {rule["alert"] for rule in ALERTS}


def test_dashboard_is_in_order() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & places
        places |= cells
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {
        "datasource",
        "job",
    }


@pytest.mark.parametrize("block", _BLOCK.findall(DOCUMENT), ids=lambda block: block[:24])
def test_manifest_is_valid(block: str) -> None:
    document = yaml.safe_load(block)
    if isinstance(document, dict) and "apiVersion" in document:
        kind = document["kind"]
        if kind != "PodMonitor":
            assert kubernetes_validate.validate(document, "1.37", strict=True)
    assert document
