"""What both clients are asked: the arguments, and the arrays of the tensors."""

import json
import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
USER = ("alice", "wonderland")
URL: str = sys.argv[1]
"""Where the function is."""
ASKED: dict[str, Any] = json.loads(sys.argv[2])
"""`model`, `observations` as columns, and `parameters`."""


def array(datatype: str, values: list[Any]) -> Array:
    """Tensor of a column, with what stands for the values that are not known."""
    if datatype == "BYTES":
        return np.array([value or "" for value in values], dtype=np.object_)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
