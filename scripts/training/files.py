"""Writes what was learned, other than the models: arrays, ranges, registry, metrics."""

import csv
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from function import pinned
from function.observation import FIELDS, NUMERIC, Raw

PINNED: Final = Path(pinned.__file__)
_PINNED: Final = '''\
"""Checksum of the project's own registry, and with it of all that was learned.

Written by `scripts/train`.
"""

from typing import Final

REGISTRY_SHA256: Final = "{sha256}"
'''
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can say


def write_arrays(learned: msgspec.Struct, path: Path) -> None:
    """Write a struct of arrays as .npz, the same bytes for the same numbers."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in msgspec.structs.asdict(learned).items():
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


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


def pin(data: Path) -> None:
    """Write the checksum of the project's own registry into the code that will insist on it."""
    sha256 = checksum(data / "registry.json")["sha256"]
    PINNED.write_text(_PINNED.format(sha256=sha256), encoding="utf-8")


def checksum(path: Path) -> dict[str, Any]:
    """Entry of a file in the registry."""
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
