"""What callers ask: every route, every model, good and bad, and the answer that each must get."""

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from scripts.benchmark.processes import Request
from scripts.benchmark.workload import MODELS, Question

_ALICE: Final = "Basic " + base64.b64encode(b"alice:wonderland").decode()
_MALLORY: Final = "Basic " + base64.b64encode(b"mallory:guess").decode()
_JSON: Final = "application/json"
_CONSTANT: Final = (
    *("/models", "/metrics", "/metrics/random-forest", "/stations"),
    *("/openapi.json", "/docs", "/v2", "/v2/models/decision-tree", "/health/ready", "/health/live"),
    *("/status", "/v2/health/ready", "/v2/health/live", "/v2/models/random-forest/ready"),
)


class Kind(msgspec.Struct, frozen=True):
    """A request, how often it is asked, and what it must be answered with.

    `statuses` are those that are right, and `same` tells whether the body is the same each time.
    """

    name: str
    request: Request
    weight: int
    statuses: frozenset[int] = frozenset({200})
    same: bool = True


def kinds() -> Sequence[Kind]:
    """All kinds of requests."""
    return [*_predictions(), *_others(), *_reads(), *_bad()]


def headers(content_type: str = _JSON, authorization: str = _ALICE, **more: str) -> dict[str, str]:
    """Headers of a request with a body."""
    return {"Content-Type": content_type, "Authorization": authorization, **more}


def _predictions() -> list[Kind]:
    asked = [
        (40, [Question(model) for model in MODELS]),
        (15, [Question(model, draws=200, gaps=True) for model in MODELS]),
        (2, [Question(model, rows=100) for model in MODELS]),
        (1, [Question("all", rows=20, draws=20, gaps=True)]),
    ]
    return [
        Kind(_named(question), _post("/predict", _seeded(question)), weight)
        for weight, questions in asked
        for question in questions
    ]


def _seeded(question: Question) -> dict[str, Any]:
    """Body of /predict with a seed: the answer tells it, filled or not."""
    document = question.document()
    return {**document, "fill": {**document.get("fill", {}), "seed": 7}}


def _named(question: Question) -> str:
    return f"/predict {question.model}, {question.rows} rows, {question.draws} draws"


def _others() -> list[Kind]:
    day = {"Location": "Hobart", "Date": "2026-08-12", "Humidity3pm": 71}
    fill = {"fill": {"seed": 7}}
    action = {"action": "predict", "model": "decision-tree", "observation": day, **fill}
    table = b"Location,Date,Humidity3pm\r\nHobart,2026-08-12,71\r\nPerth,2026-08-12,40\r\n"
    event = headers(**{"ce-specversion": "1.0", "ce-id": "1"})
    event |= {"ce-source": "/soak", "ce-type": "au.gov.bom.observation"}
    return [
        Kind("/random-fill", _post("/random-fill", {"observation": day, **fill}), 10),
        Kind("/ action", _post("/", action), 10),
        Kind("/predict CSV", Request("/predict?seed=7", table, headers("text/csv")), 5),
        Kind("/infer", _post("/v2/models/random-forest/infer", _tensors()), 10),
        Kind("/whoami", Request("/whoami", b"", {"Authorization": _ALICE}, "GET"), 5),
    ]


def _tensors() -> dict[str, Any]:
    columns: list[tuple[str, str, list[object]]] = [
        ("Location", "BYTES", ["Hobart", "Perth"]),
        ("Humidity3pm", "FP64", [71.0, 40.0]),
    ]
    inputs = [
        {"name": name, "datatype": datatype, "shape": [2], "data": data}
        for name, datatype, data in columns
    ]
    return {"inputs": inputs, "parameters": {"seed": 7}}


def _reads() -> list[Kind]:
    constant = [Kind(path, Request(path, b"", {}, "GET"), 3) for path in _CONSTANT]
    changing = [
        Kind(path, Request(path, b"", {}, "GET"), 3, same=False)
        # A town tells its date, which changes at its midnight.
        for path in ("/prometheus", "/stations/Hobart")
    ]
    return [*constant, *changing]


def _bad() -> list[Kind]:
    impossible = {"observation": {"Location": "Atlantis", "Humidity3pm": 300}}
    known = Question("decision-tree").body()
    return [
        Kind("nowhere", Request("/nowhere", b"", {}, "GET"), 3, frozenset({404})),
        Kind("wrong verb", Request("/predict", b"", {}, "GET"), 3, frozenset({405})),
        Kind("no JSON", Request("/predict", b"{", headers()), 3, frozenset({400})),
        Kind("another type", Request("/predict", b"x", headers("image/png")), 3, frozenset({415})),
        Kind("impossible", _post("/predict", impossible), 3, frozenset({422})),
        Kind("too large", Request("/predict", b" " * 9_000_000, headers()), 1, frozenset({413})),
        Kind("nobody", Request("/predict", known, {"Content-Type": _JSON}), 3, frozenset({401})),
        Kind(
            "wrong password",
            Request("/predict", known, headers(authorization=_MALLORY)),
            1,
            frozenset({401, 429}),
            same=False,
        ),
    ]


def _post(path: str, document: object) -> Request:
    return Request(path, json.dumps(document).encode(), headers())
