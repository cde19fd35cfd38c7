"""The OpenAPI document, made from the routes and from the types that validate.

Specification: https://spec.openapis.org/oas/v3.1.1.html. Imported when it is first asked for.
"""

import copy
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, get_args

import msgspec

from function import __version__
from function.call import CSV, JSON, NDJSON, Language
from function.files.exchange import SEED
from function.fill import MAX_SEED
from function.observation import COMPASS, FIELDS, Field
from function.openapi import answers as a
from function.openapi import viewer
from function.page import files as page
from function.payload import ALL, QUERY, FillOptions, PredictDocument
from function.problems import CONTENT_TYPE as PROBLEM
from function.problems import STATUS
from function.protocols import cloudevents, inference
from function.protocols.inference import BINARY
from function.protocols.inference_request import JSON_LENGTH
from function.protocols.inference_request import Request as InferenceRequest
from function.sensitivity import MIN_DRAWS
from function.service import Service
from function.telemetry import REQUEST_ID

Schema = dict[str, Any]
_REF: Final = "#/components/schemas/{name}"
_PREDICTIONS: Final = (a.OneOfOneModel, a.ManyOfOneModel, a.OneOfAllModels, a.ManyOfAllModels)
_FILLED: Final = (a.FilledObservation, a.FilledObservations)
_OF_BODY: Final = (400, 413, 415, 422)
_OF_AUTHENTICATION: Final = (401, 429, 503)
_LANGUAGE: Final = "Content-Language"
_HTML: Final = "text/html; charset=utf-8"
_DAY: Final = {"Location": "Hobart", "Date": "2026-08-12", "Humidity3pm": 71}
_PREDICT: Final = {"observation": _DAY, "fill": {"draws": 20, "seed": 7}}
_EXAMPLES: Final[Mapping[str, Schema]] = {
    "Action": {"action": "predict", **_PREDICT},
    "ObservationEvent": {
        "specversion": "1.0",
        "id": "day-1",
        "source": "/stations/hobart",
        "type": "au.example.observation.v1",
        "data": _PREDICT,
    },
    "PredictDocument": _PREDICT,
    "FillDocument": {"observation": _DAY, "fill": {"seed": 7}},
    "InferenceRequest": {
        "inputs": [
            {"name": "Location", "datatype": "BYTES", "shape": [1], "data": ["Hobart"]},
            {"name": "Humidity3pm", "datatype": "FP64", "shape": [1], "data": [71.0]},
        ]
    },
}
"""Bodies, by the schema that they are of, for who tries the API."""


_HEADERS: Final[Mapping[str, Schema]] = {
    REQUEST_ID: {
        "description": "The caller's X-Request-Id, where it is well formed.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
    },
    _LANGUAGE: {
        "description": "Language of the sentences, as Accept-Language asks.",
        "schema": {"enum": get_args(Language)},
    },
    SEED: {
        "description": "Seed of an answer in CSV, which has no other room for it.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_SEED},
    },
    JSON_LENGTH: {
        "description": "Length of the JSON, in bytes, where tensors' bytes come after it.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


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
        headers=[_LANGUAGE],
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
        headers=(_LANGUAGE, SEED),
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


def document(service: Service, routes: Sequence[Any]) -> Schema:
    """Describe these routes, as this service answers them."""
    schemas = _schemas(service)
    paths: dict[str, Schema] = {}
    for route in routes:
        path = route.path.replace("<", "{").replace(">", "}")
        described = _operation(route, OPERATIONS[route.method, route.path], service)
        paths.setdefault(path, {})[route.method.lower()] = described
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "rain-tomorrow",
            "version": __version__,
            "summary": "Will it rain tomorrow in this Australian town?",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _problem(status) for status in sorted(set(STATUS.values()))},
            "headers": _HEADERS,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "authentication": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authentication",
                    "description": "The older header: base64 of user:password.",
                },
            },
        },
    }


def _operation(route: Any, operation: Operation, service: Service) -> Schema:
    speaks_inference = inference.speaks(route.path)
    parameters = [_path_parameter(name, route, service) for name in _variables(route.path)]
    parameters += [_query_parameter(name, service) for name in operation.query]
    if BINARY in operation.reads:
        parameters.append({"name": JSON_LENGTH, "in": "header", **_HEADERS[JSON_LENGTH]})
    responses: Schema = {"200": _answer(operation)}
    if operation.constant:
        responses["304"] = {"description": "As the ETag in If-None-Match has it."}
    refusals = _OF_AUTHENTICATION if route.authentication else ()
    for status in sorted({*operation.problems, *refusals}):
        responses[str(status)] = (
            _inference_problem(status)
            if speaks_inference
            else {"$ref": f"#/components/responses/{status}"}
        )
    described: Schema = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "tags": ["Open Inference Protocol" if speaks_inference else "rain-tomorrow"],
        "responses": responses,
        "security": [{"basic": []}, {"authentication": []}] if route.authentication else [],
    }
    if parameters:
        described["parameters"] = parameters
    if operation.reads:
        content = {kind: _body(types) for kind, types in operation.reads.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _body(types: Any) -> Schema:
    name = types if isinstance(types, str) else _name(types[0])
    example = {"example": _EXAMPLES[name]} if name in _EXAMPLES else {}
    return {"schema": _schema_of(types), **example}


def _operation_id(route: Any) -> str:
    words = route.path.replace("<", "").replace(">", "").replace("/", "-").strip("-")
    return f"{route.method.lower()}-{words or 'function'}"


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("<")]


def _answer(operation: Operation) -> Schema:
    content = {kind: {"schema": _schema_of(types)} for kind, types in operation.answers.items()}
    headers = _headers(REQUEST_ID, *operation.headers)
    return {"description": HTTPStatus.OK.phrase, "headers": headers, "content": content}


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int) -> Schema:
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(REQUEST_ID),
        "content": {PROBLEM: {"schema": _schema_of((a.Problem,))}},
    }


def _inference_problem(status: int) -> Schema:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {JSON: {"schema": _schema_of((a.InferenceError,))}},
    }


def _schema_of(types: Any) -> Schema:
    if isinstance(types, str):
        return {"$ref": _REF.format(name=types)}
    references = [_schema_of(_name(each)) for each in types]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _name(kind: Any) -> str:
    name: str = kind.__name__
    return "InferenceRequest" if kind is InferenceRequest else name


def _path_parameter(name: str, route: Any, service: Service) -> Schema:
    known = {
        "model": service.models.names,
        "version": sorted({card.version for card in service.models.cards.values()}),
        "file": page.FILES if route.path.startswith("/page/") else viewer.FILES,
        "station": service.stations.names,
    }
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": list(known[name])},
    }


def _query_parameter(name: str, service: Service) -> Schema:
    fill = msgspec.json.schema_components([FillOptions], ref_template=_REF)[1]["FillOptions"]
    schemas: dict[str, Schema] = {
        "model": {"type": "string", "enum": [*service.models.names, ALL]},
        "location": {"type": "string", "enum": list(service.stations.names)},
        "date": {"type": "string", "format": "date"},
        **{key: _not_null(value) for key, value in fill["properties"].items()},
    }
    schemas["seed"]["maximum"] = MAX_SEED
    told = {
        "date": "Day of the year to tell of; the station's today where none is named.",
        "location": "Station of observations that name none.",
        "model": "Model, where the body has no room for it or does not say.",
    }
    return {
        "name": name,
        "in": "query",
        "description": told.get(name, "As in `fill`, where the body does not say."),
        "schema": schemas[name],
    }


def _not_null(schema: Schema) -> Schema:
    """Schema of a member that may be null, for where it may not."""
    first: Schema = schema["anyOf"][0]
    return copy.deepcopy(first)


def _schemas(service: Service) -> dict[str, Schema]:
    kinds = {kind for operation in OPERATIONS.values() for kind in _kinds(operation)}
    kinds |= {a.Problem, a.InferenceError, PredictDocument}
    ordered = sorted(kinds, key=_name)
    references, schemas = msgspec.json.schema_components(ordered, ref_template=_REF)
    del references
    schemas["InferenceRequest"] = {**schemas.pop("Request"), "title": "InferenceRequest"}
    for field in FIELDS:
        _describe(schemas["Observation"]["properties"][field.name], field, service)
    schemas["FillOptions"]["properties"]["seed"]["anyOf"][0]["maximum"] = MAX_SEED
    known: Schema = {"enum": [*service.models.names, ALL]}
    schemas["PredictDocument"]["properties"]["model"]["anyOf"][0] |= known
    _complete(schemas, service)
    return schemas


def _kinds(operation: Operation) -> set[Any]:
    every = [*operation.answers.values(), *operation.reads.values()]
    return {kind for types in every if not isinstance(types, str) for kind in types}


def _describe(schema: Schema, field: Field, service: Service) -> None:
    """Add to a field's schema what its type does not say."""
    schema.pop("default", None)
    schema["title"] = field.title
    if field.unit:
        schema["x-unit"] = field.unit
        schema["description"] = f"{field.title}, {field.unit}."
    if field.kind == "station":
        schema["anyOf"][0]["enum"] = list(service.stations.names)
    if field.kind == "compass":
        schema["examples"] = [COMPASS[0], COMPASS[-1]]


def _complete(schemas: dict[str, Schema], service: Service) -> None:
    """Say what types do not: what is required, and what belongs together."""
    settings = service.settings
    # /random-fill draws a station where none is given.
    partial = copy.deepcopy(schemas["Observation"])
    schemas["PartialObservation"] = {**partial, "title": "PartialObservation"}
    observation = schemas["Observation"]
    observation["required"] = ["Location"]
    location = observation["properties"]["Location"]
    observation["properties"]["Location"] = {**location.pop("anyOf")[0], **location}
    observation["description"] = (
        "A day's weather at a station. Null is as good as absent; names are matched without regard "
        "to case, `_` and `-`."
    )
    predict = schemas["PredictDocument"]
    _one_or_many(predict, "Observation", settings.max_rows)
    predict["description"] = "Will it rain on the day after?"
    _explain_one_from_draws(predict)
    fill: Schema = {
        "title": "FillOnce",
        "type": "object",
        "properties": {
            name: schemas["FillOptions"]["properties"][name] for name in ("strategy", "seed")
        },
        "additionalProperties": False,
    }
    schemas["FillDocument"] = {
        "title": "FillDocument",
        "description": "Plausible values for what is not known of a day, or of several.",
        "type": "object",
        "properties": {"fill": {"anyOf": [fill, {"type": "null"}]}},
        "additionalProperties": False,
    }
    _one_or_many(schemas["FillDocument"], "PartialObservation", settings.max_rows)
    _require_location_where_none_is_drawn(schemas["FillDocument"])
    schemas["Action"] = {
        "title": "Action",
        "description": "The function called as a function: an action, and what its route reads.",
        "oneOf": [
            _action("predict", predict),
            _action("random-fill", schemas["FillDocument"]),
            _action("metrics", {"properties": {"model": {"enum": [*service.models.names, None]}}}),
            _action("models", {}),
            _action("status", {}),
        ],
    }
    text: Schema = {"type": "string", "minLength": 1}
    schemas["ObservationEvent"] = {
        "title": "ObservationEvent",
        "description": "CloudEvent 1.0 whose data are as POST /predict reads them.",
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            **dict.fromkeys(("id", "source", "type"), text),
            "datacontenttype": {"type": ["string", "null"], "pattern": "^[^;]*[/+]json(;.*)?$"},
            "data": {"$ref": _REF.format(name="PredictDocument")},
            "data_base64": {
                "description": "The same in base64, where there is no `data`.",
                "type": "string",
                "contentEncoding": "base64",
            },
        },
        # Of further attributes as well: the specification allows no other names.
        "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
        "required": ["specversion", "id", "source", "type"],
        "anyOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
    }
    schemas["Csv"] = {
        "type": "string",
        "description": "A table in the data set's columns, or a file of the Bureau of Meteorology.",
        "examples": ["Location,Date,Humidity3pm\nHobart,2026-08-12,71\n"],
    }
    schemas["Ndjson"] = {
        "type": "string",
        "description": "An observation, as in JSON, in every line.",
        "examples": ['{"Location": "Hobart", "Humidity3pm": 71}\n'],
    }
    schemas["Text"] = {"type": "string"}
    schemas["Bytes"] = {"description": "JSON, and the tensors' bytes after it."}
    schemas["OpenAPI"] = {"type": "object", "required": ["openapi", "info", "paths"]}


def _one_or_many(schema: Schema, name: str, most: int) -> None:
    """Say that one of the two is wanted; null is as good as absent."""
    one: Schema = {"$ref": _REF.format(name=name)}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": most}
    null = {"type": "null"}
    schema["properties"] |= {
        "observation": {"anyOf": [one, null]},
        "observations": {"anyOf": [many, null]},
    }
    schema["oneOf"] = [
        {"required": [member], "properties": {member: {"not": null}}}
        for member in ("observation", "observations")
    ]


def _require_location_where_none_is_drawn(schema: Schema) -> None:
    located = {"required": ["Location"], "properties": {"Location": {"type": "string"}}}
    schema["if"] = {
        "required": ["fill"],
        "properties": {
            "fill": {
                "type": "object",
                "required": ["strategy"],
                "properties": {"strategy": {"const": "none"}},
            }
        },
    }
    schema["then"] = {"properties": {"observation": located, "observations": {"items": located}}}


def _explain_one_from_draws(schema: Schema) -> None:
    """Say what explaining needs: one observation, and draws enough."""
    draws = {"type": "integer", "minimum": MIN_DRAWS}
    schema["if"] = {"required": ["explain"], "properties": {"explain": {"const": True}}}
    schema["then"] = {
        "required": ["observation", "fill"],
        "properties": {
            "observation": {"not": {"type": "null"}},
            "fill": {"type": "object", "required": ["draws"], "properties": {"draws": draws}},
        },
    }


def _action(name: str, of: Schema) -> Schema:
    """Document of an action: its name, and the members of what its route reads."""
    return {
        **{key: of[key] for key in ("oneOf", "if", "then") if key in of},
        "title": name,
        "type": "object",
        "properties": {"action": {"const": name}, **of.get("properties", {})},
        "required": ["action"],
        "additionalProperties": False,
    }
