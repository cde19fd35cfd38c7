"""Schemas of what is read and answered: the types' own, and what types do not say."""

import copy
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from function.fill import MAX_SEED
from function.observation import COMPASS, FIELDS, Field
from function.openapi import answers as a
from function.openapi.operations import OPERATIONS, Operation
from function.payload import ALL, FillOptions, PredictDocument
from function.protocols.inference_request import Request as InferenceRequest
from function.sensitivity import MIN_DRAWS
from function.service import Service

Schema = dict[str, Any]
_REF: Final = "#/components/schemas/{name}"
_DAY: Final = {"Location": "Hobart", "Date": "2026-08-12", "Humidity3pm": 71}
_PREDICT: Final = {"observation": _DAY, "fill": {"draws": 20, "seed": 7}}
EXAMPLES: Final[Mapping[str, Schema]] = {
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


def schemas_of_all(service: Service) -> Mapping[str, Schema]:
    """Schemas of all bodies and answers, by their names."""
    kinds = {kind for operation in OPERATIONS.values() for kind in _kinds(operation)}
    kinds |= {a.Problem, a.InferenceError, PredictDocument}
    ordered = sorted(kinds, key=name_of)
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


def schema_of_parameter(name: str, service: Service) -> Schema:
    """Schema of a parameter of a query."""
    fill = msgspec.json.schema_components([FillOptions], ref_template=_REF)[1]["FillOptions"]
    schemas: dict[str, Schema] = {
        "model": {"type": "string", "enum": [*service.models.names, ALL]},
        "location": {"type": "string", "enum": list(service.stations.names)},
        "date": {"type": "string", "format": "date"},
        # As a member it may be null, as a parameter it may not.
        **{key: copy.deepcopy(value["anyOf"][0]) for key, value in fill["properties"].items()},
    }
    schemas["seed"]["maximum"] = MAX_SEED
    return schemas[name]


def _kinds(operation: Operation) -> set[Any]:
    every = [*operation.answers.values(), *operation.reads.values()]
    return {kind for types in every if not isinstance(types, str) for kind in types}


def schema_of(types: Any) -> Schema:
    """Reference to the schema of a name, or to those of types, to several of which it is one."""
    if isinstance(types, str):
        return {"$ref": _REF.format(name=types)}
    references = [schema_of(name_of(each)) for each in types]
    return references[0] if len(references) == 1 else {"anyOf": references}


def name_of(kind: Any) -> str:
    """Name of a type's schema."""
    name: str = kind.__name__
    return "InferenceRequest" if kind is InferenceRequest else name


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
