"""The example for Knative Eventing: objects that it knows, and events that the function answers."""

import copy
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import requests
from cloudcoil.models.knative_eventing.eventing import v1 as eventing
from cloudcoil.models.knative_eventing.sources import v1 as sources
from cloudevents.http import from_http

from function import __version__
from function.protocols.cloudevents import TYPE
from tests.cluster.rendering import Manifest, one, render
from tests.serving import ALICE, Server

OVERLAY = "knative/eventing"
MODELS: dict[str, Any] = {
    "Broker": eventing.Broker,
    "Trigger": eventing.Trigger,
    "PingSource": sources.PingSource,
}
PING = "dev.knative.sources.ping"

kinds = pytest.mark.parametrize("kind", MODELS)


def mistake(manifest: Manifest) -> str:
    """What the schema of its kind, closed to fields that it does not name, says against it."""
    schema = MODELS[manifest["kind"]].model_json_schema()
    for each in (schema, *schema["$defs"].values()):
        if "properties" in each:
            each["additionalProperties"] = False
    worst = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    )
    return worst.message if worst else ""


@kinds
def test_eventing_knows_every_field(kind: str) -> None:
    assert mistake(one(OVERLAY, kind)) == ""


@pytest.mark.parametrize("kind", ["Trigger", "PingSource"])
def test_schema_refuses_what_it_does_not_know(kind: str) -> None:
    broken = copy.deepcopy(one(OVERLAY, kind))
    broken["spec"]["brokr"] = "x"
    assert "brokr" in mistake(broken)


def test_it_is_labelled_and_goes_where_it_is_applied() -> None:
    assert len(render(OVERLAY)) == len(MODELS)
    for each in render(OVERLAY):
        assert each["metadata"]["labels"]["app.kubernetes.io/version"] == __version__
        assert "namespace" not in each["metadata"]


def test_it_is_no_part_of_the_deployment() -> None:
    for overlay in ("knative", "knative/plain"):
        assert not {each["kind"] for each in render(overlay)} & MODELS.keys()


def test_everything_goes_through_the_one_broker() -> None:
    name = one(OVERLAY, "Broker")["metadata"]["name"]
    assert one(OVERLAY, "Trigger")["spec"]["broker"] == name
    assert one(OVERLAY, "PingSource")["spec"]["sink"]["ref"]["name"] == name


def test_predictions_are_not_asked_about_again() -> None:
    wanted = one(OVERLAY, "Trigger")["spec"]["filter"]["attributes"]
    assert wanted == {"type": PING}
    assert wanted["type"] != TYPE


def test_subscriber_is_the_service_with_credentials() -> None:
    url = urlsplit(one(OVERLAY, "Trigger")["spec"]["subscriber"]["uri"])
    service = one("knative", "Service")["metadata"]["name"]
    assert (url.username, url.password) == ALICE
    assert url.hostname == f"{service}.rain-tomorrow.svc.cluster.local"


def test_the_function_answers_what_the_source_sends(server: Server) -> None:
    """As the broker sends it on: in binary mode, and with the credentials in the URL."""
    source = one(OVERLAY, "PingSource")["spec"]
    url = urlsplit(one(OVERLAY, "Trigger")["spec"]["subscriber"]["uri"])
    response = requests.post(
        f"http://{url.username}:{url.password}@127.0.0.1:{server.port}",
        data=source["data"],
        headers={
            "Content-Type": source["contentType"],
            "Prefer": "reply",
            "ce-specversion": "1.0",
            "ce-id": "1",
            "ce-type": PING,
            "ce-source": "/apis/v1/namespaces/rain-tomorrow/pingsources/rain-tomorrow-hobart",
        },
        timeout=10,
    )
    event = from_http(response.headers, response.content)
    assert (response.status_code, event["type"], event["subject"]) == (200, TYPE, "Hobart")
    assert event.data["fill"]["draws"] == 200
