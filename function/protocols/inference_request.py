"""Requests of the Open Inference Protocol: read from a body, and what their tensors hold."""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec

from function import payload
from function.observation import COLUMN, COLUMNS, Value, column, suggestion
from function.problems import Invalid, Malformed
from function.protocols.tensors import Input, read

JSON_LENGTH: Final = "Inference-Header-Content-Length"
"""Header that tells where the JSON ends and the tensors' bytes begin."""
OUTPUTS: Final = {
    "probability": "FP64",
    "rain_tomorrow": "BOOL",
    "interval_low": "FP64",
    "interval_high": "FP64",
}
"""Datatypes of the outputs."""
_OF_DRAWS: Final = {"interval_low", "interval_high"}
_MOST_DIGITS: Final = 18
_NAMED: Final = 20  # bad tensors in one answer


class OutputParameters(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters of an output that is asked for."""

    binary_data: bool | None = None


class Output(msgspec.Struct, forbid_unknown_fields=True):
    """An output that is asked for."""

    name: str
    parameters: OutputParameters | None = None


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """An inference request; some clients also tell the model, as the path does."""

    inputs: Annotated[list[Input], msgspec.Meta(min_length=1)]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[Output] | None = None
    model_name: str | None = None


_DECODER: Final = msgspec.json.Decoder(Request)


def split(body: bytes, json_length: str | None) -> tuple[bytes, memoryview]:
    """JSON of a body, and the tensors' bytes after it.

    Args:
        body: The whole body.
        json_length: The header `JSON_LENGTH`, if there is one.

    Raises:
        Malformed: The JSON is not as long as the header tells.

    """
    whole = memoryview(body)
    if json_length is None:
        return body, whole[len(body) :]
    digits = json_length.isascii() and json_length.isdigit() and len(json_length) <= _MOST_DIGITS
    if not digits or int(json_length) > len(body):
        raise Malformed(
            f"The header {JSON_LENGTH} must tell how many of the body's {len(body)} bytes are JSON."
        )
    length = int(json_length)
    return body[:length], whole[length:]


def parse(text: bytes) -> Request:
    """Request in JSON.

    Raises:
        Malformed: It is none.
        Invalid: It is no request.

    """
    try:
        request = _decoded(text)
    except msgspec.ValidationError as error:
        raise Invalid(f"The request is not as the protocol has it: {error}.") from None
    # Of a member that is given twice only the last was read. Each has a colon; where there are
    # more of these, be it in a text or in a request of another form, it takes a closer look.
    if text.count(b":") != _members(request):
        _refuse_duplicates(text)
    return request


def _decoded(text: bytes) -> Request:
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Either no JSON at all, or one with NaN, which is none, but common.
        return msgspec.convert(payload.decode(text), Request)


def _members(request: Request) -> int:
    """Least number of members that a request has which was read as this one."""
    others = (request.id, request.parameters, request.outputs, request.model_name)
    of_inputs = sum(5 if tensor.data is None else 4 for tensor in request.inputs)
    of_outputs = sum(_members_of(output.parameters) for output in request.outputs or ())
    return (
        1
        + len(others)
        - others.count(None)
        + len(request.parameters or ())
        + of_inputs
        + of_outputs
    )


def _members_of(parameters: OutputParameters | None) -> int:
    """Least number of members of an output with these parameters."""
    if parameters is None:
        return 1
    return 2 if parameters.binary_data is None else 3


def _refuse_duplicates(text: bytes) -> None:
    try:
        json.loads(text, object_pairs_hook=_unique, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not JSON as it should be: {error}.") from None


def _unique(members: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    unique = dict(members)
    if len(unique) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice[:64]} is given twice")
    return unique


def options(request: Request) -> tuple[Mapping[str, object], Mapping[str, bool]]:
    """How to fill, and which outputs are wanted, each as bytes or not; raises `Invalid`."""
    fill: dict[str, object] = dict(request.parameters or {})
    binary = fill.pop("binary_data_output", False)
    if not isinstance(binary, bool):
        raise Invalid("The parameter binary_data_output must be true or false.")
    there_are = OUTPUTS if fill.get("draws") not in (None, 1) else OUTPUTS.keys() - _OF_DRAWS
    wanted: dict[str, bool] = {}
    for output in request.outputs or ():
        _check(output.name, there_are, wanted)
        own = output.parameters.binary_data if output.parameters else None
        wanted[output.name] = binary if own is None else own
    return fill, wanted or {name: binary for name in OUTPUTS if name in there_are}


def _check(output: str, there_are: Container[str], before: Container[str]) -> None:
    if output not in OUTPUTS:
        raise Invalid(f"There is no output {output[:64]}{suggestion(output, OUTPUTS)}.")
    if output not in there_are:
        raise Invalid(f"The output {output} needs parameters.draws above 1.")
    if output in before:
        raise Invalid(f"The output {output} is asked for a second time.")


def observations(
    inputs: Sequence[Input], raw: memoryview, check_rows: Callable[[int], None]
) -> Iterator[Mapping[str, Value]]:
    """Documents of observations, one for each row of the tensors.

    Args:
        inputs: The tensors; each is a field of all observations.
        raw: Their bytes, one tensor's after the other's.
        check_rows: Refuses too many rows, before anything is made of them.

    Raises:
        Invalid: They are no fields, or not tensors of the same number of rows.

    """
    first, start = inputs[0], 0
    fields = _fields(inputs)
    rows = first.rows()
    check_rows(rows)
    columns: dict[str, Sequence[Value]] = {}
    for tensor, name in zip(inputs, fields, strict=True):
        if tensor.shape != first.shape and tensor.rows() != rows:
            raise tensor.refuse(f"has {tensor.shape[0]} rows, where the first one has {rows}")
        size = tensor.binary_size()
        if size is None:
            columns[name] = read(tensor, name)
        else:
            columns[name] = read(tensor, name, raw[start : start + size])
            start += size
    if start < len(raw):
        raise Invalid(f"The tensors declare {start} of the {len(raw)} bytes that follow the JSON.")
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _fields(inputs: Sequence[Input]) -> Sequence[str]:
    """Names of the fields that the tensors are of; raises `Invalid`, naming all that are none."""
    fields: list[str] = []
    complaints: list[str] = []
    for tensor in inputs:
        index = column(tensor.name)
        field = "" if index is None else COLUMNS[index]
        if not field:
            complaints.append(tensor.refuse(f"is no field{suggestion(tensor.name, COLUMN)}").detail)
        elif field in fields:
            complaints.append(tensor.refuse(f"gives {field} a second time").detail)
        if len(complaints) >= _NAMED:
            break
        fields.append(field)
    if complaints:
        raise Invalid(" ".join(complaints))
    return fields
