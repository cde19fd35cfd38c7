"""Tensors of the Open Inference Protocol, as JSON and as bytes, to and from Python's values.

Tensors of bytes are little-endian, row after row; an element of BYTES is its length in four bytes
and then itself (binary tensor data extension). Source: the protocol's own documents,
https://github.com/kserve/open-inference-protocol/tree/main/specification/protocol.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.observation import FIELDS, Kind, Value
from function.problems import Invalid

_LENGTH: Final = struct.Struct("<I")
_LONGEST_NAME: Final = 64  # characters echoed of a name that nobody knows
Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Datatype(msgspec.Struct, frozen=True):
    """What an element may be: Python's types for it in JSON, and numpy's in bytes."""

    types: frozenset[type]
    dtype: np.dtype[Any]
    span: range | None = None
    """Whole numbers that it can hold, where it holds nothing else."""


def _whole(kind: str, size: int) -> Datatype:
    dtype = np.dtype(f"<{kind}{size}")
    limits = np.iinfo(dtype)
    return Datatype(frozenset({int, _NULL}), dtype, range(int(limits.min), int(limits.max) + 1))


_NULL: Final[type] = type(None)
_FLOATS: Final = frozenset({float, int, _NULL})
_NUMBERS: Final = {
    "FP64": Datatype(_FLOATS, np.dtype("<f8")),
    "FP32": Datatype(_FLOATS, np.dtype("<f4")),
    **{f"INT{8 * size}": _whole("i", size) for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": _whole("u", size) for size in (1, 2, 4, 8)},
}
_TEXT: Final = {"BYTES": Datatype(frozenset({str, _NULL}), np.dtype("O"))}
_TRUTH: Final = {"BOOL": Datatype(frozenset({bool, _NULL}), np.dtype("?"))}
DATATYPES: Final[Mapping[Kind, Mapping[str, Datatype]]] = {
    "number": _NUMBERS,
    "boolean": {**_TEXT, **_TRUTH},
    "station": _TEXT,
    "date": _TEXT,
    "compass": _TEXT,
}
"""Datatypes that a tensor may have, by the kind of its field; the first is what metadata tells."""
_OF_FIELD: Final = {field.name: DATATYPES[field.kind] for field in FIELDS}


class InputParameters(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters of an input tensor."""

    binary_data_size: Size | None = None


class Input(msgspec.Struct, forbid_unknown_fields=True):
    """An input tensor as it came."""

    name: str
    datatype: str
    shape: list[Size]
    data: list[Any] | None = None
    parameters: InputParameters | None = None

    def refuse(self, complaint: str) -> Invalid:
        """Make the problem that names this tensor."""
        return Invalid(f"The tensor {self.name[:_LONGEST_NAME]} {complaint}.")

    def rows(self) -> int:
        """Length of the only dimension that may be other than 1; raises `Invalid`."""
        shape = self.shape
        if shape[1:] not in ([], [1]) or shape in ([], [0], [0, 1]):
            raise self.refuse(f"has the shape {shape[:4]}; it must be [n] or [n, 1], n above 0")
        return shape[0]

    def binary_size(self) -> int | None:
        """Bytes that it has after the JSON; None where its data are in it.

        Raises:
            Invalid: It has both, or neither.

        """
        size = None if self.parameters is None else self.parameters.binary_data_size
        if (size is None) == (self.data is None):
            raise self.refuse("must have either data or a binary_data_size")
        return size


def read(tensor: Input, field: str, raw: memoryview | None = None) -> Sequence[Value]:
    """Values of the tensor of a field, None for what is not known.

    Args:
        tensor: The tensor.
        field: Name of the field that it is of.
        raw: What there is of its bytes; None where its data are in the JSON.

    Raises:
        Invalid: Datatype, shape and data do not fit each other, or the field.

    """
    datatype = _OF_FIELD[field].get(tensor.datatype)
    if datatype is None:
        known = ", ".join(_OF_FIELD[field])
        raise tensor.refuse(f"has the datatype {tensor.datatype[:_LONGEST_NAME]}, not {known}")
    values = _from_json(tensor, datatype) if raw is None else _from_bytes(tensor, datatype, raw)
    if datatype.span is None:
        # NaN, which does not even equal itself, and an empty text stand for what is not known.
        return [value if value == value and value != "" else None for value in values]  # noqa: PLR0124
    return values


def _from_json(tensor: Input, datatype: Datatype) -> Sequence[Value]:
    data = tensor.data or []
    if len(tensor.shape) == 2 and all(type(row) is list and len(row) == 1 for row in data):
        data = [row[0] for row in data]
    if len(data) != tensor.shape[0]:
        raise tensor.refuse(f"has the shape {tensor.shape}, but its data hold {len(data)} values")
    fits = datatype.types.issuperset(map(type, data))
    if fits and datatype.span is not None:
        fits = all(value is None or value in datatype.span for value in data)
    if not fits:
        raise tensor.refuse(f"holds data that are not {tensor.datatype}")
    return data


def _from_bytes(tensor: Input, datatype: Datatype, raw: memoryview) -> Sequence[Value]:
    if len(raw) != tensor.binary_size():
        raise tensor.refuse(f"declares more bytes than the {len(raw)} that are left of the body")
    if datatype.dtype.hasobject:
        return _texts(tensor, raw)
    expected = tensor.shape[0] * datatype.dtype.itemsize
    if len(raw) != expected:
        kind = f"{tensor.datatype} and the shape {tensor.shape}"
        raise tensor.refuse(f"of {kind} has {expected} bytes, not {len(raw)}")
    values: list[Value] = np.frombuffer(raw, datatype.dtype).tolist()
    return values


def _texts(tensor: Input, raw: memoryview) -> Sequence[Value]:
    rows, end = tensor.shape[0], 0
    texts: list[memoryview] = []
    while len(texts) < rows and end + _LENGTH.size <= len(raw):
        (length,) = _LENGTH.unpack_from(raw, end)
        end += _LENGTH.size + length
        texts.append(raw[end - length : end])
    if len(texts) < rows or end != len(raw):
        raise tensor.refuse(f"has {len(raw)} bytes, which are not {rows} elements of BYTES")
    try:
        return [str(text, "utf-8") for text in texts]
    except UnicodeDecodeError:
        raise tensor.refuse("holds text that is not UTF-8") from None


def little_endian(values: NDArray[Any]) -> bytes:
    """Bytes of an output tensor."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
