import numpy as np
import pytest
from numpy.typing import NDArray

from function import arrays
from function.artifacts import Artifacts
from function.encode import (
    CALM,
    DAYS,
    FEATURES,
    MEASURES,
    Climate,
    Encoder,
    day_lengths,
    directions,
    measure,
    seasons,
    stand_in,
)
from function.observation import COLUMN, FIELDS, Field, Raw
from function.stations import Stations

MEASURE = {name: index for index, name in enumerate(MEASURES)}
FEATURE = {name: index for index, name in enumerate(FEATURES)}


@pytest.fixture(scope="module")
def encoder(artifacts: Artifacts) -> Encoder:
    return Encoder(arrays.read(Climate, artifacts, "encoder.npz"))


def day(**known: float) -> Raw:
    raw = np.full((1, len(FIELDS)), np.nan)
    raw[0, :2] = 0, 1
    for name, value in known.items():
        raw[0, COLUMN[name]] = value
    return raw


def measures(**known: float) -> dict[str, float]:
    raw = day(**known)
    points = directions(raw.T)
    measured = measure(raw.T, points, np.array([12.0]))
    stand_in(measured, points, np.array([40.0, 14.0, 18.0]))
    return dict(zip(MEASURES, measured[:, 0].tolist(), strict=True))


def test_names_are_distinct() -> None:
    assert len(set(FEATURES)) == len(FEATURES)


def test_what_was_read_stands_as_it_was() -> None:
    values = {field.name: 5.0 + i for i, field in enumerate(FIELDS) if field.name in MEASURE}
    found = measures(**values)
    assert {name: found[name] for name in values} == values


def test_saturated_air_is_at_its_dew_point() -> None:
    found = measures(Temp9am=14.0, Humidity9am=100, Temp3pm=30.0, Humidity3pm=50)
    assert found["DewPoint9am"] == pytest.approx(14.0)
    assert found["VapourDeficit9am"] == pytest.approx(0.0)
    assert found["DewPoint3pm"] == pytest.approx(18.4, abs=0.1)  # psychrometric tables
    assert found["VapourDeficit3pm"] == pytest.approx(21.2, abs=0.1)


def test_bone_dry_air_has_a_dew_point() -> None:
    assert np.isfinite(measures(Temp3pm=40.0, Humidity3pm=0)["DewPoint3pm"])


def test_wind_is_a_vector() -> None:
    found = measures(WindDir9am=4, WindSpeed9am=10, WindDir3pm=8, WindSpeed3pm=20, WindGustDir=0)
    assert (found["Wind9amEast"], found["Wind9amNorth"]) == pytest.approx((10, 0))
    assert (found["Wind3pmEast"], found["Wind3pmNorth"]) == pytest.approx((0, -20))
    assert found["WindGustNorth"] == 40.0  # the mean gust, for want of its speed
    assert np.isnan(measures(WindSpeed9am=10)["Wind9amEast"])


def test_changes_and_logarithms() -> None:
    found = measures(Pressure9am=1010, Pressure3pm=1006.5, Rainfall=0, Evaporation=np.e - 1)
    assert found["Pressure3pm-Pressure9am"] == -3.5
    assert found["LogRainfall"] == 0
    assert found["LogEvaporation"] == pytest.approx(1)
    assert measures(Sunshine=6)["SunshineFraction"] == 0.5


def test_days_are_long_in_the_southern_summer() -> None:
    hobart, darwin = day_lengths(np.array([-42.9, -12.4]))
    assert hobart[354] == pytest.approx(15.2, abs=0.3)
    assert hobart[171] == pytest.approx(9.0, abs=0.3)
    assert darwin.max() - darwin.min() < 1.6


def test_nothing_known_is_the_climate(encoder: Encoder) -> None:
    row = encoder.encode(day())[0]
    anomalies = row[len(MEASURES) : 2 * len(MEASURES)]
    assert row.dtype == np.float32
    assert row.shape == (len(FEATURES),)
    assert np.isfinite(row).all()
    assert (anomalies == 0).all()
    assert 0 < row[FEATURE["RainRate"]] < 1


def test_every_station_and_day_encodes(encoder: Encoder, stations: Stations) -> None:
    raw = np.full((49 * DAYS, len(FIELDS)), np.nan)
    raw[:, 0] = np.repeat(np.arange(49), DAYS)
    raw[:, 1] = np.tile(np.arange(1, DAYS + 1), 49)
    matrix = encoder.encode(raw)
    assert np.isfinite(matrix).all()
    rate = matrix[:, FEATURE["RainRate"]].reshape(49, DAYS)
    darwin, perth = (rate[stations.names.index(name)] for name in ("Darwin", "Perth"))
    january, july = 15, 196
    assert darwin[january] > 0.5
    assert darwin[july] < 0.1
    assert perth[july] > 3 * perth[january]


@pytest.fixture(scope="module")
def days() -> Raw:
    """More days than are encoded at once, at all stations and times of the year; some have gaps."""
    generator, count = np.random.default_rng(1), 1100
    columns = [
        generator.integers(49, size=count),
        generator.integers(1, DAYS + 1, size=count),
        *(_invented(field, generator, count) for field in FIELDS[2:]),
    ]
    raw = np.stack(columns, axis=1).astype(float)
    raw[count // 2 :, 2:][generator.random((count - count // 2, len(FIELDS) - 2)) < 0.3] = np.nan
    return raw


def _invented(field: Field, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    if field.kind == "number":
        return generator.uniform(field.minimum, field.maximum, count).round(field.decimals)
    return generator.integers(16 if field.kind == "compass" else 2, size=count).astype(float)


def test_day_is_told_against_its_own_climate(encoder: Encoder, days: Raw) -> None:
    climate = encoder.climate
    lengths = day_lengths(climate.latitude)
    for day, row in zip(days[::11], encoder.encode(days)[::11], strict=True):
        station, date = day[:2].astype(int)
        season = seasons(day[1:2])[0]
        points = directions(day[:, np.newaxis])
        measured = measure(day[:, np.newaxis], points, lengths[station, date - 1 : date])
        stand_in(measured, points, climate.wind)
        mean = climate.seasonal[station] @ season
        known = np.where(np.isnan(measured[:, 0]), mean, measured[:, 0])
        expected = [
            *known,
            *((known - mean) / climate.spread[station]),
            *season[1:],
            *(climate.latitude[station], climate.longitude[station]),
            np.clip(climate.rain[station] @ season, 0.01, 0.95),
            *(climate.tendency[station, wind, point] for wind, point in enumerate(points[:, 0])),
        ]
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-5)


def test_day_is_encoded_among_others_as_alone(encoder: Encoder, days: Raw) -> None:
    alone = np.concatenate([encoder.encode(days[row : row + 1]) for row in range(len(days))])
    for count in (2, 1000, 1024, 1100):
        for raw in (days[:count], np.asfortranarray(days[:count])):
            matrix = encoder.encode(raw)
            assert np.array_equal(matrix, alone[:count])
            assert matrix.flags.c_contiguous


def test_rows_do_not_touch_each_other(encoder: Encoder) -> None:
    raw = np.repeat(day(Temp3pm=20.0), 7, axis=0)
    raw[3, COLUMN["Humidity3pm"]] = 90
    matrix = encoder.encode(raw)
    assert (matrix[[0, 1, 2, 4, 5, 6]] == matrix[0]).all()
    assert (matrix[3] != matrix[0]).any()


def test_calm_has_no_direction(encoder: Encoder) -> None:
    calm = day(WindSpeed9am=0)
    told = day(WindSpeed9am=0, WindDir9am=4)
    assert (directions(told.T)[1, 0], directions(calm.T)[1, 0]) == (CALM, CALM)
    assert (encoder.encode(told) == encoder.encode(calm)).all()
    breeze = day(WindSpeed9am=2, WindDir9am=4)
    assert directions(breeze.T)[1, 0] == 4
