"""Valid requests of every kind, none with a real observation, from which hostile ones are made."""

import base64
import gzip
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tests import bureau
from tests.trust.hostile.request import Request

USER: Final = "quokka"
PASSWORD: Final = "canary-of-rottnest"
TOKEN: Final = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_encode: Final = msgspec.json.encode
_JSON: Final = "application/json"

DAY: Final[Mapping[str, Any]] = {
    "Location": "Hobart",
    "Date": "2026-08-12",
    "MinTemp": 4.5,
    "MaxTemp": 13.2,
    "Rainfall": 0.4,
    "Evaporation": 2.2,
    "Sunshine": 6.1,
    "WindGustDir": "NNW",
    "WindGustSpeed": 44,
    "WindDir9am": "N",
    "WindDir3pm": "SE",
    "WindSpeed9am": 15,
    "WindSpeed3pm": 19,
    "Humidity9am": 71,
    "Humidity3pm": 52,
    "Pressure9am": 1011.5,
    "Pressure3pm": 1009.1,
    "Cloud9am": 4,
    "Cloud3pm": 6,
    "Temp9am": 8.1,
    "Temp3pm": 12.4,
    "RainToday": "No",
}
SPARSE: Final[Mapping[str, Any]] = {"Location": "Perth", "humidity_3pm": 40, "RainToday": True}
EVENT: Final = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/garden",
    "type": "au.garden.day.v1",
    "subject": "Hobart",
    "time": "2026-08-12T09:00:00Z",
    "datacontenttype": _JSON,
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
PREDICT: Final[Sequence[Mapping[str, Any]]] = (
    {"observation": DAY},
    {"model": "all", "observation": SPARSE, "fill": {"draws": 5, "seed": 7}},
    {"model": "random-forest", "observations": [DAY, SPARSE], "fill": {"strategy": "uniform"}},
    {"observation": SPARSE, "explain": True, "fill": {"strategy": "climatology", "draws": 50}},
    {"model": "decision-tree", "observation": DAY, "fill": {"strategy": "none", "seed": 2**64 - 1}},
)
_FILL: Final[Sequence[Mapping[str, Any]]] = (
    {"observation": SPARSE, "fill": {"seed": 3}},
    {"observation": {}, "fill": {"strategy": "uniform", "seed": 3}},
    {"observations": [DAY, {}, SPARSE], "fill": {"strategy": "climatology"}},
    {"observation": SPARSE, "fill": {"strategy": "none"}},
)
_INFER: Final = "/v2/models/logistic-regression/infer"


def _post(target: str, body: bytes, kind: str = _JSON, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    authorization = {"authorization": f"Basic {TOKEN}"}
    return Request("POST", target, {"content-type": kind, **authorization, **named}, body)


def _tensors(*, binary: bool) -> Request:
    """Request of the Open Inference Protocol, two rows, its tensors as JSON or as bytes."""
    texts = [b"Hobart", b"Perth"]
    raw = {
        "Location": b"".join(struct.pack("<I", len(text)) + text for text in texts),
        "Humidity3pm": struct.pack("<2d", 52, 40),
        "Cloud9am": struct.pack("<2q", 4, 6),
        "RainToday": struct.pack("<2?", False, True),
    }
    data = {
        "Location": ["Hobart", "Perth"],
        "Humidity3pm": [52, None],
        "Cloud9am": [[4], [6]],
        "RainToday": [False, True],
    }
    kinds = ("BYTES", "FP64", "INT64", "BOOL")
    inputs = [
        {
            "name": name,
            "datatype": kind,
            "shape": [2, 1] if name == "Cloud9am" else [2],
            **({"parameters": {"binary_data_size": len(raw[name])}} if binary else {}),
            **({} if binary else {"data": data[name]}),
        }
        for name, kind in zip(raw, kinds, strict=True)
    ]
    head = _encode(
        {
            "id": "one",
            "inputs": inputs,
            "parameters": {"draws": 3, "seed": 7, "binary_data_output": binary},
            "outputs": [{"name": "probability"}, {"name": "interval_low"}],
        }
    )
    if not binary:
        return _post(_INFER, head)
    length = {"inference_header_content_length": str(len(head))}
    return _post(_INFER, head + b"".join(raw.values()), "application/octet-stream", **length)


def _table() -> bytes:
    rows = [DAY, {**DAY, "Location": "Perth", "Sunshine": None}]
    lines = [",".join(DAY)]
    lines += [
        ",".join("NA" if row[name] is None else str(row[name]) for name in DAY) for row in rows
    ]
    return "\r\n".join([*lines, ""]).encode()


def _bureau() -> bytes:
    days = [{**DAY, "Date": f"2024-06-{day:02}", "WindSpeed9am": 0} for day in (1, 2, 3)]
    return bureau.file([{name: day[name] for name in day if name != "Location"} for day in days])


def seeds() -> Mapping[str, Sequence[Request]]:
    """Valid requests, by the decoder that reads them."""
    predict = [_encode(document) for document in PREDICT]
    fill = [_encode(document) for document in _FILL]
    actions = [
        *(_encode({"action": "predict", **document}) for document in PREDICT[:2]),
        _encode({"action": "random-fill", **_FILL[0]}),
        _encode({"action": "metrics", "model": "random-forest"}),
        *(_encode({"action": action}) for action in ("metrics", "models", "status")),
    ]
    binary = {
        f"ce_{name}": str(value) for name, value in EVENT.items() if name != "datacontenttype"
    }
    events = [_encode({**EVENT, "data": document}) for document in PREDICT[:3]]
    events.append(_encode({**EVENT, "data_base64": base64.b64encode(predict[0]).decode()}))
    table, lines = _table(), b"\n".join(_encode(row) for row in (DAY, SPARSE)) + b"\n"
    query = "?model=random-forest&strategy=uniform&draws=3&seed=7&location=Hobart"
    return {
        "json": [_post("/predict", body) for body in predict],
        "random-fill": [_post("/random-fill", body) for body in fill],
        "action": [_post("/", body) for body in actions],
        "csv": [
            _post("/predict", table, "text/csv"),
            _post(f"/predict{query}", table, "text/csv; charset=utf-8", accept="text/csv"),
        ],
        "bureau": [
            _post("/predict", _bureau(), "text/csv"),
            _post("/predict?model=all", _bureau(), "text/csv; charset=windows-1252"),
        ],
        "ndjson": [_post(f"/predict{query}", lines, "application/x-ndjson")],
        "event-binary": [_post("/", body, **binary) for body in predict[:3]],
        "event-structured": [_post("/", body, "application/cloudevents+json") for body in events],
        "infer-json": [_tensors(binary=False)],
        "infer-binary": [_tensors(binary=True)],
        "gzip": [
            _post("/predict", gzip.compress(body), content_encoding="gzip") for body in predict[:3]
        ],
        "credentials": [
            _post("/predict", predict[0]),
            Request("GET", "/whoami", {"authorization": f"Basic {TOKEN}"}),
            Request("GET", "/whoami", {"authentication": TOKEN}),
            Request("GET", "/whoami", {"authentication": f"Basic {TOKEN}"}),
        ],
        "query": [
            _post(f"/predict{query}", predict[0]),
            _post("/predict?draws=20", predict[0]),
        ],
        "headers": [
            _post("/predict", predict[1], accept="text/csv;q=0.9, */*;q=0.1"),
            _post("/predict", predict[2], accept_language="fr-CA, en;q=0.5", origin="http://a.b"),
            Request("GET", "/", {"accept": "text/html, application/json;q=0.2"}),
        ],
        "large-answers": [
            Request("GET", "/metrics", {"if-none-match": 'W/"a", "b"', "accept-encoding": "gzip"}),
            Request("GET", "/prometheus", {"accept": "application/openmetrics-text;version=1.0.0"}),
        ],
        "path": [
            Request(method, target, {"accept": "*/*"})
            for target in (
                *("/", "/status", "/models", "/metrics/random-forest", "/stations/Hobart"),
                *("/health/live", "/health/ready", "/docs", "/docs/index.css", "/page/page.js"),
                *("/v2", "/v2/models/decision-tree", "/v2/models/decision-tree/versions/1/ready"),
                *("/nowhere", "/predict", "*", "//status", "/%2e%2e/data/credentials"),
            )
            for method in ("GET", "HEAD", "OPTIONS")
        ],
    }
