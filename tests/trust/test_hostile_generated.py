"""Documents that hypothesis makes: what is valid is always answered, what is bad is named."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from function.observation import COMPASS, FIELDS, Field
from function.stations import Stations
from function.wsgi import application
from tests.trust.hostile import run
from tests.trust.hostile.request import Answer, Request
from tests.trust.hostile.verdict import complaints

AUTHORIZATION = "Basic YWxpY2U6d29uZGVybGFuZA=="
EXAMPLES = {True: 5_000, False: 30}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
PATHS = st.sampled_from(["/predict", "/random-fill", "/", "/v2/models/decision-tree/infer"])


def ask(path: str, document: object) -> Answer:
    """Answer to a document, in which nothing is wrong but what it says."""
    headers = {"authorization": AUTHORIZATION, "content-type": "application/json"}
    request = Request("POST", path, headers, msgspec.json.encode(document))
    answer = run.ask(application, request)
    assert list(complaints(request, answer, (b"wonderland",))) == []
    return answer


def tried(full: bool) -> Callable[[Any], Any]:
    """So many examples, the same every time."""
    return settings(
        max_examples=EXAMPLES[full],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def values(field: Field, stations: Stations) -> st.SearchStrategy[Any]:
    """Everything that a field may be."""
    if field.kind == "number":
        if field.unit == "oktas":
            return st.integers(int(field.minimum), int(field.maximum))
        return st.floats(field.minimum, field.maximum)
    return {
        "station": st.sampled_from(stations.names),
        "date": st.dates().map(str),
        "compass": st.sampled_from(COMPASS),
        "boolean": st.sampled_from(["Yes", "No", True, False]),
    }[field.kind]


def observations(stations: Stations) -> st.SearchStrategy[dict[str, Any]]:
    """Days of which all is known, or only the station."""
    first, *others = FIELDS
    return st.fixed_dictionaries(
        {first.name: values(first, stations)},
        optional={field.name: st.none() | values(field, stations) for field in others},
    )


def test_any_document_is_answered(full: bool) -> None:
    @tried(full)
    @given(PATHS, ANYTHING)
    def check(path: str, document: object) -> None:
        assert ask(path, document).status in {400, 422}

    check()


def test_any_document_of_the_right_form_is_answered(full: bool) -> None:
    names = st.sampled_from([field.name for field in FIELDS]) | st.text(max_size=12)
    observation = st.dictionaries(names, ANYTHING, max_size=6) | ANYTHING
    fill = st.fixed_dictionaries(
        {},
        optional={
            "strategy": st.sampled_from(["climatology", "uniform", "none"]) | ANYTHING,
            "draws": st.integers(-1, 20) | ANYTHING,
            "seed": st.integers() | ANYTHING,
        },
    )
    document = st.fixed_dictionaries(
        {"action": st.sampled_from(["predict", "random-fill", "metrics"])},
        optional={
            "observation": observation,
            "observations": st.lists(observation, max_size=3),
            "fill": fill | ANYTHING,
            "model": st.sampled_from(["all", "random-forest"]) | ANYTHING,
            "explain": st.booleans() | ANYTHING,
        },
    )

    @tried(full)
    @given(document)
    def check(document: object) -> None:
        assert ask("/", document).status in {200, 422}

    check()


def test_what_is_valid_is_always_answered(full: bool, stations: Stations) -> None:
    strategies = st.sampled_from(["climatology", "uniform", "none"])

    @tried(full)
    @given(observations(stations), strategies, st.integers(0, 2**64 - 1))
    def check(observation: dict[str, Any], strategy: str, seed: int) -> None:
        fill = {"strategy": strategy, "seed": seed, "draws": 3}
        document = {"model": "all", "observation": observation, "fill": fill}
        first, again = ask("/predict", document), ask("/predict", document)
        assert first.status == 200
        assert first.body == again.body

    check()


def test_what_is_bad_is_always_named(full: bool, stations: Stations) -> None:
    numbers = [field for field in FIELDS if field.kind == "number"]

    @tried(full)
    @given(observations(stations), st.sampled_from(numbers), st.floats(allow_nan=False))
    def check(observation: dict[str, Any], field: Field, value: float) -> None:
        if field.minimum <= value <= field.maximum:
            value += field.maximum - field.minimum + 1
        answer = ask("/predict", {"observation": {**observation, field.name: value}})
        # JSON has no infinity: it is written as null, which is nothing known.
        if abs(value) == float("inf"):
            assert answer.status == 200
            return
        pointers = [error["pointer"] for error in msgspec.json.decode(answer.body)["errors"]]
        assert (answer.status, pointers) == (422, [f"/observation/{field.name}"])

    check()
