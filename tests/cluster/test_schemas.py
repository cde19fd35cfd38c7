"""Every object is one that its API server knows, with no field that it does not know."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from cloudcoil.models.knative_serving.serving import v1 as serving

from tests.cluster.rendering import KNATIVE, PLAIN, Manifest, is_knative, one, render

VERSIONS = [f"1.{minor}" for minor in range(31, 38)]


def distinct() -> list[Manifest]:
    """Objects of all overlays, each once, but for Knative's."""
    every = [each for overlay in KNATIVE + PLAIN for each in render(overlay)]
    once = {json.dumps(each): each for each in every if not is_knative(each)}
    return list(once.values())


def knative_schema() -> dict[str, Any]:
    """Schema of a Knative Service, closed to fields that it does not name."""
    schema = serving.Service.model_json_schema()
    for each in (schema, *schema["$defs"].values()):
        if "properties" in each:
            each["additionalProperties"] = False
    return schema


def mistake(service: Manifest) -> str:
    """What Knative's schema says against a Service."""
    errors = jsonschema.Draft202012Validator(knative_schema()).iter_errors(service)
    worst = jsonschema.exceptions.best_match(errors)
    return worst.message if worst else ""


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(version: str) -> None:
    for each in distinct():
        assert kubernetes_validate.validate(each, version, strict=True) == version


def test_kubernetes_schema_refuses_what_it_does_not_know() -> None:
    broken = copy.deepcopy(one("knative/plain", "Deployment"))
    broken["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["rest"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="rest"):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("overlay", KNATIVE)
def test_knative_knows_every_field(overlay: str) -> None:
    service = one(overlay, "Service")
    assert is_knative(service)
    assert mistake(service) == ""


def misspelt(pod: Manifest) -> None:
    pod["containerConcurency"] = 4


def lifecycle(pod: Manifest) -> None:
    pod["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}


def words(pod: Manifest) -> None:
    pod["timeoutSeconds"] = "a while"


def nameless(pod: Manifest) -> None:
    pod["volumes"] = [{"secret": {"secretName": "x"}}]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (misspelt, "'containerConcurency' was unexpected"),
        (lifecycle, "'lifecycle' was unexpected"),
        (words, "'a while' is not valid"),
        (nameless, "'name' is a required property"),
    ],
)
def test_knative_schema_refuses(spoil: Callable[[Manifest], None], message: str) -> None:
    service = copy.deepcopy(one("knative", "Service"))
    spoil(service["spec"]["template"]["spec"])
    assert message in mistake(service)
