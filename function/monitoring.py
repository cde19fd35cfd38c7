"""What is counted of the requests, to be told at /prometheus.

Plain numbers under one lock, which take a microsecond a request; the Prometheus client's own
counters take seven, and are made at a scrape (`function/exposition.py`) from what is read here.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.observation import COLUMNS

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
NOWHERE: Final = "none"
BOUNDS: Final = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
)
"""Upper bounds of the histogram's buckets in seconds, from one row to the largest request."""

Cells = NDArray[np.bool_]
"""Which cells of the raw rows were filled; shape (rows, 22)."""


class Labels(msgspec.Struct, frozen=True):
    """What tells requests apart; every one has few values, whatever callers send.

    `method` is a known one or `other`, `route` a template or `none`, `model` a registered one,
    `all`, or empty where none was asked.
    """

    method: str
    route: str
    model: str
    status: int


class Series(msgspec.Struct):
    """Sums over the requests of the same labels.

    `seconds` is their duration, `draws` their rows times draws, and `buckets` how many took at
    most each of `BOUNDS`, and more than the bound before; the last, more than all.
    """

    requests: int
    seconds: float
    rows: int
    draws: int
    buckets: list[int]


class Reading(msgspec.Struct, frozen=True):
    """What was counted until now.

    `filled` is by field, in the order of the raw matrix; `cut` are answers that failed half way.
    """

    series: Mapping[Labels, Series]
    filled: Mapping[str, int]
    cut: int


class Traffic:
    """Counts the requests of a process.

    Args:
        models: What a request may name for its model.

    """

    def __init__(self, models: Iterable[str]) -> None:
        self._models = frozenset(models)
        self._series: dict[tuple[str, str, str, int], Series] = {}
        self._filled = np.zeros(len(COLUMNS), dtype=np.int64)
        self._cut = 0
        self._lock = threading.Lock()

    def count(self, fields: Mapping[str, Any], filled: Cells | None) -> None:
        """Count a request: the fields of its line in the log, and the cells that were filled."""
        method, model = fields["method"], fields.get("model")
        key = (
            method if method in METHODS else OTHER,
            fields["route"] or NOWHERE,
            model if model in self._models else "",
            fields["status"],
        )
        seconds = fields["ms"] / 1000
        rows = fields.get("rows", 0)
        bucket = bisect_left(BOUNDS, seconds)
        gaps: Cells | NDArray[np.int_] | None = None
        if filled is not None and np.count_nonzero(filled):
            gaps = filled[0] if len(filled) == 1 else filled.sum(axis=0)
        with self._lock:
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = Series(0, 0.0, 0, 0, [0] * (len(BOUNDS) + 1))
            series.requests += 1
            series.seconds += seconds
            series.rows += rows
            series.draws += rows * fields.get("draws", 1)
            series.buckets[bucket] += 1
            if gaps is not None:
                self._filled += gaps

    def cut(self) -> None:
        """Count an answer that failed when a part of it was sent, and with it its status."""
        with self._lock:
            self._cut += 1

    def read(self) -> Reading:
        """Read everything, at one moment."""
        with self._lock:
            series = {
                Labels(*key): msgspec.structs.replace(each, buckets=each.buckets.copy())
                for key, each in self._series.items()
            }
            filled, cut = self._filled.tolist(), self._cut
        return Reading(series, dict(zip(COLUMNS, filled, strict=True)), cut)
