"""Counting: nothing is lost, and everything is in its bucket."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from function.monitoring import BOUNDS, Labels, Traffic
from function.observation import COLUMNS

LINE: dict[str, Any] = {
    "method": "POST",
    "route": "/predict",
    "model": "all",
    "rows": 2,
    "draws": 3,
    "status": 200,
    "ms": 0.15,
}
LABELS = Labels("POST", "/predict", "all", 200)


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(["all"])


def test_threads_lose_nothing(traffic: Traffic) -> None:
    filled = np.ones((2, len(COLUMNS)), dtype=bool)

    def count(_: object) -> None:
        for _ in range(500):
            traffic.count(LINE, filled)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))
    reading = traffic.read()
    series = reading.series[LABELS]
    assert (series.requests, series.rows, series.draws) == (4000, 8000, 24000)
    assert series.seconds == pytest.approx(4000 * 0.00015)
    assert sum(series.buckets) == 4000
    assert set(reading.filled.values()) == {8000}


@pytest.mark.parametrize(
    ("ms", "bucket"),
    [(0.0, 0), (0.1, 0), (0.101, 1), (20_000.0, len(BOUNDS) - 1), (20_000.001, len(BOUNDS))],
)
def test_a_bound_is_in_its_bucket(traffic: Traffic, ms: float, bucket: int) -> None:
    traffic.count({**LINE, "ms": ms}, None)
    assert traffic.read().series[LABELS].buckets[bucket] == 1


def test_bounds_of_the_buckets_ascend() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("method", "BREW", Labels("other", "/predict", "all", 200)),
        ("route", None, Labels("POST", "none", "all", 200)),
        ("model", "oracle", Labels("POST", "/predict", "", 200)),
    ],
)
def test_labels_are_bounded(traffic: Traffic, field: str, value: object, expected: Labels) -> None:
    traffic.count({**LINE, field: value}, None)
    assert list(traffic.read().series) == [expected]


def test_a_reading_stays_as_it_is(traffic: Traffic) -> None:
    traffic.count(LINE, None)
    before = traffic.read()
    traffic.count(LINE, None)
    assert before.series[LABELS].requests == sum(before.series[LABELS].buckets) == 1
