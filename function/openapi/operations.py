"""What each route reads and answers, for the OpenAPI document."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from function.call import CSV, JSON, NDJSON
from function.files.exchange import SEED
from function.openapi import answers as a
from function.payload import QUERY
from function.protocols import cloudevents
from function.protocols.inference import BINARY
from function.protocols.inference_request import JSON_LENGTH
from function.protocols.inference_request import Request as InferenceRequest

LANGUAGE: Final = "Content-Language"
_PREDICTIONS: Final = (a.OneOfOneModel, a.ManyOfOneModel, a.OneOfAllModels, a.ManyOfAllModels)
_FILLED: Final = (a.FilledObservation, a.FilledObservations)
_OF_BODY: Final = (400, 413, 415, 422)
_HTML: Final = "text/html; charset=utf-8"


class Operation(msgspec.Struct, frozen=True):
    """What a route reads and answers.

    `answers` and `reads` map content types to a type, to several of which it is one, or to a
    schema by its name; `problems` are the statuses that it may answer beside, and `headers` those
    that some answers have.
    """

    answers: Mapping[str, Any]
    reads: Mapping[str, Any] = {}
    problems: Sequence[int] = ()
    constant: bool = True
    query: Sequence[str] = ()
    headers: Sequence[str] = ()


def _get(*types: Any, constant: bool = True, problems: Sequence[int] = ()) -> Operation:
    return Operation({JSON: types}, problems=problems, constant=constant)


_INFER: Final = Operation(
    {JSON: (a.Inference,), BINARY: "Bytes"},
    {JSON: (InferenceRequest,), BINARY: "Bytes"},
    (400, 404, 413, 415),
    constant=False,
    headers=[JSON_LENGTH],
)
_MODEL: Final = _get(a.ModelMetadata, problems=[404])
_MODEL_READY: Final = _get(a.ModelReady, constant=False, problems=[404, 503])
_FILE: Final = Operation(
    {"text/css; charset=utf-8": "Text", "text/javascript; charset=utf-8": "Text"}, problems=[404]
)
OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/"): Operation({JSON: (a.Index,), _HTML: "Text"}),
    ("GET", "/page/<file>"): _FILE,
    ("POST", "/"): Operation(
        {
            JSON: (*_PREDICTIONS, *_FILLED, a.Metrics, a.MetricsOfModel, a.Models, a.Status),
            cloudevents.STRUCTURED: (a.PredictionEvent,),
        },
        {JSON: "Action", cloudevents.STRUCTURED: "ObservationEvent"},
        _OF_BODY,
        constant=False,
        headers=[LANGUAGE],
    ),
    ("GET", "/status"): _get(a.Status, constant=False),
    ("GET", "/models"): _get(a.Models),
    ("GET", "/metrics"): _get(a.Metrics),
    ("GET", "/metrics/<model>"): _get(a.MetricsOfModel, problems=[404]),
    ("GET", "/prometheus"): Operation(
        {"text/plain": "Text", "application/openmetrics-text": "Text"}, constant=False
    ),
    ("GET", "/stations"): _get(a.Stations),
    ("GET", "/stations/<station>"): Operation(
        {JSON: (a.StationDescribed,)}, problems=(404, 422), constant=False, query=("date",)
    ),
    ("POST", "/predict"): Operation(
        {JSON: _PREDICTIONS, CSV: "Text"},
        {JSON: "PredictDocument", CSV: "Csv", NDJSON: "Ndjson"},
        _OF_BODY,
        constant=False,
        query=QUERY,
        headers=(LANGUAGE, SEED),
    ),
    ("POST", "/random-fill"): Operation(
        {JSON: _FILLED}, {JSON: "FillDocument"}, _OF_BODY, constant=False
    ),
    ("GET", "/whoami"): _get(a.User, constant=False),
    ("GET", "/health/live"): _get(a.Live, constant=False),
    ("GET", "/health/ready"): _get(a.Ready, constant=False, problems=[503]),
    ("GET", "/openapi.json"): Operation({JSON: "OpenAPI"}),
    ("GET", "/docs"): Operation({_HTML: "Text"}),
    ("GET", "/docs/<file>"): _FILE,
    ("GET", "/v2"): _get(a.ServerMetadata),
    ("GET", "/v2/health/live"): _get(a.ServerLive, constant=False),
    ("GET", "/v2/health/ready"): _get(a.ServerReady, constant=False, problems=[503]),
    **{
        (method, f"/v2/models/<model>{version}{path}"): operation
        for version in ("", "/versions/<version>")
        for method, path, operation in (
            ("GET", "", _MODEL),
            ("GET", "/ready", _MODEL_READY),
            ("POST", "/infer", _INFER),
        )
    },
}
