"""Writes what was learned, other than the models: registry, ranges, metrics."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from function.observation import FIELDS, NUMERIC, Raw


def write_ranges(raw: Raw, path: Path) -> None:
    """Write the training minimum and maximum of each numeric variable; raw is (n, 22)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["variable", "minimum", "maximum"])
        for index in NUMERIC:
            column = raw[:, index]
            writer.writerow([FIELDS[index].name, np.nanmin(column), np.nanmax(column)])


def write_json(document: object, path: Path) -> None:
    """Write JSON as people read it; numbers keep every digit."""
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def checksum(path: Path) -> dict[str, Any]:
    """Entry of a file in the registry."""
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
