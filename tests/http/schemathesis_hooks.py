"""What a JSON Schema cannot say of the bodies that the function reads, for Schemathesis.

A file of text is any text to a schema, and that the data of a tensor fit its shape, or that its
station is among the tensors, is beyond one.
"""

import json
import random
from typing import Any

import schemathesis
from hypothesis import strategies as st

STATIONS = st.sampled_from(["Sydney", "alice springs", "Hobart"])
DAY = {
    "Location": STATIONS,
    "Date": st.dates().map(str),
    "MinTemp": st.floats(-30, 60),
    "Humidity3pm": st.integers(0, 100),
    "WindDir9am": st.sampled_from(["N", "ESE"]),
    "RainToday": st.sampled_from(["Yes", "No"]),
}
DATATYPES = {"MinTemp": "FP64", "Humidity3pm": "INT64"}


def _csv(days: list[dict[str, Any]]) -> bytes:
    lines = [DAY, *([day[name] for name in DAY] for day in days)]
    return "\n".join(",".join(map(str, line)) for line in lines).encode()


def _ndjson(days: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(day).encode() for day in days)


def _inference(days: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "inputs": [
            {
                "name": name,
                "datatype": DATATYPES.get(name, "BYTES"),
                "shape": [len(days)],
                "data": [day[name] for day in days],
            }
            for name in DAY
        ]
    }


DAYS = st.lists(st.fixed_dictionaries(DAY), min_size=1, max_size=5)
schemathesis.openapi.media_type("text/csv", DAYS.map(_csv))
schemathesis.openapi.media_type("application/x-ndjson", DAYS.map(_ndjson))
INFERENCE = DAYS.map(_inference)
schemathesis.openapi.media_type(
    "application/octet-stream", INFERENCE.map(lambda document: json.dumps(document).encode())
)
SEEDED = random.Random(7)  # noqa: S311
EXAMPLES = [
    [
        {
            "Location": SEEDED.choice(["Sydney", "Hobart"]),
            "Date": "2026-08-12",
            "MinTemp": SEEDED.uniform(-30, 60),
            "Humidity3pm": SEEDED.randint(0, 100),
            "WindDir9am": SEEDED.choice(["N", "ESE"]),
            "RainToday": SEEDED.choice(["Yes", "No"]),
        }
        for _ in range(days)
    ]
    for days in range(1, 6)
]


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_context: Any, value: Any) -> bytes:
    """Send what was generated, or whatever stands in its place, as text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_load_schema(_context: Any, document: dict[str, Any]) -> None:
    """Leave out what cannot be generated.

    That are the examples of files, which Schemathesis wants as bytes of the types above, and JSON
    in base64.
    """
    schemas = document["components"]["schemas"]
    for name in ("Csv", "Ndjson"):
        schemas[name].pop("examples")
    event = schemas["ObservationEvent"]
    event["properties"].pop("data_base64")
    event["required"] += event.pop("anyOf")[0]["required"]
    event["propertyNames"] = {"pattern": "^[a-z0-9]+$"}


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: Any) -> None:
    """Put tensors that fit each other where the schema is content with any."""
    if case.path == "/predict" and case.media_type == "application/json" and case.query:
        case.query.pop("location", None)  # it stands in for what the body does not say
    if case.meta and case.meta.generation.mode.is_positive and case.path.endswith("/infer"):
        if case.headers:
            case.headers.pop("Inference-Header-Content-Length", None)  # all of it is JSON
        document = _inference(SEEDED.choice(EXAMPLES))
        as_json = case.media_type == "application/json"
        case.body = document if as_json else json.dumps(document).encode()
