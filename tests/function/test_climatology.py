"""What the climatology draws, from the committed one."""

import csv

import numpy as np
import pytest

from function import arrays
from function.artifacts import Artifacts
from function.climatology import MONTHS, ORDER, SEASONS, Climatology, Sampler, month_of, season_of
from function.encode import Floats
from function.fill import Filler
from function.observation import (
    COLUMN,
    DIRECTIONS,
    FIELDS,
    NUMERIC,
    RAIN_TODAY,
    RAIN_TODAY_ABOVE,
    RAINFALL,
    Raw,
)
from function.stations import Stations
from tests.serving import ROOT

SYDNEY, DARWIN, HOBART = "Sydney", "Darwin", "Hobart"
JANUARY, JULY = 15.0, 196.0
CLOUDS = [COLUMN["Cloud9am"], COLUMN["Cloud3pm"]]


@pytest.fixture(scope="module")
def sampler(filler: Filler) -> Sampler:
    return filler.sampler


@pytest.fixture(scope="module")
def climatology(artifacts: Artifacts) -> Climatology:
    return arrays.read(Climatology, artifacts, "climatology.npz")


def days(stations: Stations, town: str = SYDNEY, date: float = JANUARY, **known: float) -> Raw:
    row = np.full((1, len(FIELDS)), np.nan)
    row[0, :2] = stations.names.index(town), date
    for name, value in known.items():
        row[0, COLUMN[name]] = value
    return row


def draw(sampler: Sampler, rows: Raw, draws: int = 400, seed: int = 3) -> Raw:
    return sampler.sample(rows, draws, np.random.default_rng(seed))


def column(samples: Raw, name: str) -> Floats:
    return samples[:, COLUMN[name]]


def everywhere(stations: Stations) -> Raw:
    """Each station on each of some days, of which nothing is known."""
    dates = np.array([1.0, 59, 60, 120, 182, 245, 300, 366])
    rows = np.full((len(stations.names) * len(dates), len(FIELDS)), np.nan)
    rows[:, 0] = np.repeat(np.arange(len(stations.names)), len(dates))
    rows[:, 1] = np.tile(dates, len(stations.names))
    return rows


def keeps_to_physics(samples: Raw) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    rained = samples[:, RAINFALL] > RAIN_TODAY_ABOVE
    right = rained == (samples[:, RAIN_TODAY] == 1)
    for lower, upper in ORDER:
        right &= column(samples, lower) <= column(samples, upper)
    return np.asarray(right)


def test_complete_days_in_range_everywhere(sampler: Sampler, stations: Stations) -> None:
    samples = draw(sampler, everywhere(stations), 20)
    assert np.isfinite(samples).all()
    with (ROOT / "data" / "numeric_ranges.csv").open() as lines:
        for row in csv.DictReader(lines):
            values = column(samples, row["variable"])
            assert values.min() >= float(row["minimum"])
            assert values.max() <= float(row["maximum"])
    for index in DIRECTIONS:
        assert set(samples[:, index]) == set(range(16))
    assert keeps_to_physics(samples).mean() >= 0.995


def test_draws_stay_in_what_the_station_saw(
    sampler: Sampler, climatology: Climatology, stations: Stations
) -> None:
    samples = draw(sampler, everywhere(stations), 20)
    lowest = climatology.quantiles.min(axis=(1, 3))
    highest = climatology.quantiles.max(axis=(1, 3))
    station = samples[:, 0].astype(int)
    for place, index in enumerate(NUMERIC):
        ticks = np.rint(samples[:, index] * 10 ** FIELDS[index].decimals)
        assert (ticks >= lowest[station, place]).all()
        assert (ticks <= highest[station, place]).all()


def test_values_are_those_that_instruments_give(sampler: Sampler, stations: Stations) -> None:
    samples = draw(sampler, everywhere(stations), 20)
    clouds = samples[:, CLOUDS]
    assert set(clouds.ravel()) <= set(range(10))
    rainfall = column(samples, "Rainfall")
    assert 0.4 < (rainfall == 0).mean() < 0.8
    speeds = column(samples, "WindSpeed9am")
    assert len(np.unique(speeds)) < 45  # whole knots, in km/h
    for index in NUMERIC:
        scaled = samples[:, index] * 10 ** FIELDS[index].decimals
        np.testing.assert_allclose(scaled, np.rint(scaled), atol=1e-6)


def test_draws_of_a_row_stand_together_and_what_is_known_stays(
    sampler: Sampler, stations: Stations
) -> None:
    rows = np.concatenate(
        [days(stations, Temp3pm=float(20 + number % 9), Cloud9am=7) for number in range(700)]
    )
    samples = draw(sampler, rows, 7)
    assert samples.shape == (700 * 7, len(FIELDS))
    repeated = np.repeat(rows, 7, axis=0)
    known = ~np.isnan(repeated)
    assert (samples[known] == repeated[known]).all()
    assert len(np.unique(samples[:7], axis=0)) == 7


def test_more_draws_than_are_made_at_once(sampler: Sampler, stations: Stations) -> None:
    samples = draw(sampler, days(stations), 5000)
    assert samples.shape == (5000, len(FIELDS))
    assert np.isfinite(samples).all()


def test_generator_decides(sampler: Sampler, stations: Stations) -> None:
    rows = everywhere(stations)
    assert (draw(sampler, rows, 3) == draw(sampler, rows, 3)).all()
    assert (draw(sampler, rows, 3) != draw(sampler, rows, 3, seed=4)).any()


def test_seasons_and_places_differ(sampler: Sampler, stations: Stations) -> None:
    def mean(town: str, date: float, name: str) -> float:
        return float(column(draw(sampler, days(stations, town, date)), name).mean())

    assert mean(HOBART, JANUARY, "MaxTemp") > mean(HOBART, JULY, "MaxTemp") + 5
    assert mean(DARWIN, JANUARY, "RainToday") > 0.4
    assert mean(DARWIN, JULY, "RainToday") < 0.05
    assert mean(DARWIN, JULY, "MinTemp") > mean(HOBART, JULY, "MinTemp") + 10


def test_known_values_move_the_unknown(sampler: Sampler, stations: Stations) -> None:
    wet = draw(sampler, days(stations, Humidity3pm=93, Cloud3pm=8, Sunshine=0))
    dry = draw(sampler, days(stations, Humidity3pm=22, Cloud3pm=0, Sunshine=12.5))
    assert column(wet, "Rainfall").mean() > column(dry, "Rainfall").mean() + 3
    assert column(wet, "MaxTemp").mean() < column(dry, "MaxTemp").mean() - 4
    assert column(wet, "Cloud9am").mean() > column(dry, "Cloud9am").mean() + 3
    assert (column(dry, "Temp3pm") <= column(dry, "MaxTemp")).all()


def test_wind_moves_the_temperature(sampler: Sampler, stations: Stations) -> None:
    sea, land = (
        column(draw(sampler, days(stations, WindDir3pm=point, WindGustDir=point)), "MaxTemp")
        for point in (float(8), float(13))  # S and WNW
    )
    assert land.mean() > sea.mean() + 3


def test_rain_today_and_rainfall_agree(sampler: Sampler, stations: Stations) -> None:
    assert (column(draw(sampler, days(stations, RainToday=1)), "Rainfall") > 1).all()
    assert (column(draw(sampler, days(stations, RainToday=0)), "Rainfall") <= 1).all()
    for rainfall, rained in ((0.0, 0), (1.0, 0), (1.2, 1), (400.0, 1)):
        samples = draw(sampler, days(stations, Rainfall=rainfall), 50)
        assert (column(samples, "RainToday") == rained).all()
    wet, dry = (draw(sampler, days(stations, RainToday=rained)) for rained in (1, 0))
    assert column(wet, "Humidity9am").mean() > column(dry, "Humidity9am").mean() + 5


@pytest.mark.parametrize(
    "known",
    [
        {"Temp3pm": 35, "MaxTemp": 12},
        {"MinTemp": 30, "Temp9am": 2},
        {"WindGustSpeed": 5, "WindSpeed9am": 80, "WindSpeed3pm": 80},
        {"RainToday": 0, "Rainfall": 30},
        {"MaxTemp": -60, "Humidity3pm": 0, "Pressure9am": 1100, "Cloud9am": 9, "Sunshine": 24},
        {"MinTemp": 60, "Rainfall": 1000, "RainToday": 0, "WindGustSpeed": 0},
        {"MaxTemp": -60},
        {"MinTemp": 60},
    ],
)
def test_what_no_day_explains_is_filled_all_the_same(
    sampler: Sampler, climatology: Climatology, stations: Stations, known: dict[str, float]
) -> None:
    rows = days(stations, HOBART, JULY, **known)
    samples = draw(sampler, rows, 100)
    assert np.isfinite(samples).all()
    gaps = np.isnan(rows[0])
    assert (samples[:, ~gaps] == rows[0, ~gaps]).all()
    station = stations.names.index(HOBART)
    for place, index in enumerate(NUMERIC):
        if gaps[index]:
            quantiles = climatology.quantiles[station, :, place] / 10 ** FIELDS[index].decimals
            assert samples[:, index].min() >= quantiles.min()
            assert samples[:, index].max() <= quantiles.max()


def test_settled_days_have_their_drawn_values_next_to_the_known(
    sampler: Sampler, stations: Stations
) -> None:
    # Nobody draws a night this mild or a calm this complete, but no known value forbids it.
    mild = draw(sampler, days(stations, HOBART, JULY, MinTemp=13.4), 100)
    assert keeps_to_physics(mild).all()
    still = draw(sampler, days(stations, HOBART, JULY, WindGustSpeed=13), 100)
    assert keeps_to_physics(still).all()


@pytest.mark.parametrize(
    ("town", "date", "warmest"),
    [("Darwin", 105.0, 21.9), ("MountGinini", 106.0, -1.7), ("AliceSprings", 289.0, 13.0)],
)
def test_settled_days_are_in_order_from_low_to_high(
    sampler: Sampler, stations: Stations, town: str, date: float, warmest: float
) -> None:
    """On an unusually cold day, most draws have to be settled, one temperature after the other."""
    samples = draw(sampler, days(stations, town, date, MaxTemp=warmest), 300)
    assert keeps_to_physics(samples).all()
    assert (column(samples, "MaxTemp") == warmest).all()


def test_what_a_station_never_records_is_drawn(sampler: Sampler, stations: Stations) -> None:
    samples = draw(sampler, days(stations, "Newcastle"), 200)
    assert column(samples, "Pressure9am").std() > 2
    assert column(samples, "Sunshine").std() > 1


def test_months_and_seasons() -> None:
    every = np.arange(1.0, 367)
    assert set(month_of(every)) == set(range(MONTHS))
    assert set(season_of(every)) == set(range(SEASONS))
    assert season_of(np.array([1.0, 45, 350])).tolist() == [0, 0, 0]
    assert season_of(np.array([196.0])).tolist() == [2]
