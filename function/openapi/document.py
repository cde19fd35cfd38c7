"""The OpenAPI document, made from the routes and from the types that validate.

Specification: https://spec.openapis.org/oas/v3.1.1.html. Imported when it is first asked for.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, get_args

from function import __version__
from function.call import JSON, Language
from function.files.exchange import SEED
from function.fill import MAX_SEED
from function.openapi import answers as a
from function.openapi import viewer
from function.openapi.operations import LANGUAGE, OPERATIONS, Operation
from function.openapi.schemas import (
    EXAMPLES,
    Schema,
    name_of,
    schema_of,
    schema_of_parameter,
    schemas_of_all,
)
from function.page import files as page
from function.problems import CONTENT_TYPE as PROBLEM
from function.problems import STATUS
from function.protocols import inference
from function.protocols.inference import BINARY
from function.protocols.inference_request import JSON_LENGTH
from function.service import Service
from function.telemetry import REQUEST_ID

_OF_AUTHENTICATION: Final = (401, 429, 503)
_HEADERS: Final[Mapping[str, Schema]] = {
    REQUEST_ID: {
        "description": "The caller's X-Request-Id, where it is well formed.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
    },
    LANGUAGE: {
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


def document(service: Service, routes: Sequence[Any]) -> Schema:
    """Describe these routes, as this service answers them."""
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
            "schemas": schemas_of_all(service),
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
    name = types if isinstance(types, str) else name_of(types[0])
    example = {"example": EXAMPLES[name]} if name in EXAMPLES else {}
    return {"schema": schema_of(types), **example}


def _operation_id(route: Any) -> str:
    words = route.path.replace("<", "").replace(">", "").replace("/", "-").strip("-")
    return f"{route.method.lower()}-{words or 'function'}"


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("<")]


def _answer(operation: Operation) -> Schema:
    content = {kind: {"schema": schema_of(types)} for kind, types in operation.answers.items()}
    headers = _headers(REQUEST_ID, *operation.headers)
    return {"description": HTTPStatus.OK.phrase, "headers": headers, "content": content}


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int) -> Schema:
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(REQUEST_ID),
        "content": {PROBLEM: {"schema": schema_of((a.Problem,))}},
    }


def _inference_problem(status: int) -> Schema:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {JSON: {"schema": schema_of((a.InferenceError,))}},
    }


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
    told = {
        "date": "Day of the year to tell of; the station's today where none is named.",
        "location": "Station of observations that name none.",
        "model": "Model, where the body has no room for it or does not say.",
    }
    return {
        "name": name,
        "in": "query",
        "description": told.get(name, "As in `fill`, where the body does not say."),
        "schema": schema_of_parameter(name, service),
    }
