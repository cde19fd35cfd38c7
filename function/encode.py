"""From the raw matrix to the matrix that the models read: the weather against the town's climate.

Training and serving import this very module, so both see the same features. It uses numpy only,
and the same few vectorised calls for one row as for ten thousand.

Three kinds of features:

- *measures*: what was observed, and what physics makes of it (wind as a vector, dew point, vapour
  pressure deficit, changes from 9am to 3pm, sunshine as a share of the day's length);
- *anomalies*: each measure's distance from its mean at this station on this day of the year, in
  standard deviations;
- *climate*: the season, the place, how often it rains there then, and how much more often with the
  wind from where it blows.

A measure that is missing stands at its climatological mean, an anomaly of zero.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.observation import COLUMN, DATE, LOCATION, Raw

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

DAYS: Final = 366
CALM: Final = 16
"""Index of the wind tables' last entry, for a direction that is not known."""

_READ: Final = (
    *("MinTemp", "MaxTemp", "Temp9am", "Temp3pm", "Humidity9am", "Humidity3pm"),
    *("Pressure9am", "Pressure3pm", "Cloud9am", "Cloud3pm"),
    *("WindGustSpeed", "WindSpeed9am", "WindSpeed3pm", "Sunshine"),
)
_WINDS: Final = ("WindGust", "Wind9am", "Wind3pm")
_PAIRS: Final = (
    ("Pressure3pm", "Pressure9am"),
    ("Temp3pm", "Temp9am"),
    ("DewPoint3pm", "DewPoint9am"),
    ("Humidity3pm", "Humidity9am"),
    ("MaxTemp", "MinTemp"),
    ("MaxTemp", "Temp3pm"),
    ("Temp9am", "MinTemp"),
)
MEASURES: Final = (
    *_READ,
    "RainToday",
    *("LogRainfall", "LogEvaporation"),
    *("DewPoint9am", "DewPoint3pm"),
    *("VapourDeficit9am", "VapourDeficit3pm"),
    *(f"{wind}East" for wind in _WINDS),
    *(f"{wind}North" for wind in _WINDS),
    "SunshineFraction",
    *(f"{minuend}-{subtrahend}" for minuend, subtrahend in _PAIRS),
)
_CLIMATE: Final = (
    *("YearSine", "YearCosine", "HalfYearSine", "HalfYearCosine"),
    *("Latitude", "Longitude", "RainRate"),
)
FEATURES: Final = (
    *MEASURES,
    *(f"{name}Anomaly" for name in MEASURES),
    *_CLIMATE,
    *(f"{wind}RainTendency" for wind in _WINDS),
)
"""Names of the model matrix's columns."""


def _columns(names: Sequence[str], among: Sequence[str]) -> NDArray[np.intp]:
    return np.array([among.index(name) for name in names])


def _span(first: str, last: str) -> slice:
    """Places of neighbouring measures."""
    return slice(MEASURES.index(first), MEASURES.index(last) + 1)


# `ndarray.take` and slices are several times faster than indexing by arrays, and constants that
# are arrays than Python's own numbers, which matters for one row.
_RAW: Final = tuple(COLUMN)
_READ_FROM: Final = _columns((*_READ, "RainToday", "Rainfall", "Evaporation"), _RAW)
_WINDS_FROM: Final = _columns(
    ("WindGustSpeed", "WindSpeed9am", "WindSpeed3pm", "WindGustDir", "WindDir9am", "WindDir3pm"),
    _RAW,
)
_AS_READ: Final = slice(len(_READ_FROM))
_TEMPERATURES: Final = _span("Temp9am", "Temp3pm")
_HUMIDITIES: Final = _span("Humidity9am", "Humidity3pm")
_LOGGED: Final = _span("LogRainfall", "LogEvaporation")
# Speeds twice, for east and north: numpy is slow to repeat them by itself.
_BLOWN: Final = _columns(2 * ("WindGustSpeed", "WindSpeed9am", "WindSpeed3pm"), MEASURES)
_DEW_POINTS: Final = _span("DewPoint9am", "DewPoint3pm")
_DEFICITS: Final = _span("VapourDeficit9am", "VapourDeficit3pm")
_VECTORS: Final = _span("WindGustEast", "Wind3pmNorth")
_FRACTION: Final = MEASURES.index("SunshineFraction")
_CHANGES: Final = slice(_FRACTION + 1, len(MEASURES))
# All minuends, then all subtrahends: one gather fetches both.
_COMPARED: Final = _columns([pair[side] for side in (0, 1) for pair in _PAIRS], MEASURES)
_SUNSHINE: Final = COLUMN["Sunshine"]
_ANGLES: Final = np.append(np.arange(CALM) * (2 * np.pi / CALM), np.nan)
_EAST_NORTH: Final = np.stack([np.sin(_ANGLES), np.cos(_ANGLES)])
_ZERO, _UNKNOWN = np.array(0.0), np.array(float(CALM))
_MAGNUS_OFFSET: Final = np.array(243.12)  # deg C
_MAGNUS_PRODUCT: Final = np.array(17.62 * 243.12)
_MAGNUS_LIMIT: Final = np.array(17.62 + np.log(6.112))
_PERCENT, _BONE_DRY = np.array(100.0), np.array(1.0)
_LOG_PERCENT: Final = np.array(np.log(100.0))


def seasons(days: Floats) -> Floats:
    """Two harmonics of the day of the year, (n,) -> (n, 5), the first column constant."""
    angle = days * (2 * np.pi / 365.25)
    return np.stack(
        [np.ones_like(angle), *(f(k * angle) for k in (1, 2) for f in (np.sin, np.cos))], axis=1
    )


def day_lengths(latitudes: Floats) -> Floats:
    """Hours of daylight, (stations,) degrees -> (stations, 366), by solar declination."""
    declination = 0.409 * np.sin(2 * np.pi * np.arange(1, DAYS + 1) / 365 - 1.39)
    cosine = -np.outer(np.tan(np.radians(latitudes)), np.tan(declination))
    hours: Floats = 24 / np.pi * np.arccos(np.clip(cosine, -1, 1))
    return hours


def directions(raw: Raw) -> NDArray[np.intp]:
    """Compass points of gust, 9am and 3pm wind, (22, n) -> (3, n).

    `CALM` where one is missing, or no wind blows: a calm comes from nowhere, whatever a vane shows.
    """
    winds = raw.take(_WINDS_FROM, axis=0)
    speeds, points = winds[: len(_WINDS)], winds[len(_WINDS) :]
    points[speeds == _ZERO] = CALM
    # fmin prefers a number to NaN.
    np.fmin(points, _UNKNOWN, out=points)
    return points.astype(np.intp)


def measure(raw: Raw, points: NDArray[np.intp], daylight: Floats) -> Floats:
    """Measures of raw days, NaN where they are missing; shape (len(MEASURES), n).

    Args:
        raw: Raw matrix, one variable a row; (22, n).
        points: Its wind directions.
        daylight: Hours of daylight of each day, at its place; (n,).

    """
    measures = np.empty((len(MEASURES), raw.shape[1]))
    # With any other mode, numpy goes by way of a buffer.
    raw.take(_READ_FROM, axis=0, out=measures[_AS_READ], mode="clip")
    logged = measures[_LOGGED]
    np.log1p(logged, out=logged)
    _moisture(measures)
    _blow(measures, measures.take(_BLOWN, axis=0), points)
    np.divide(raw[_SUNSHINE], daylight, out=measures[_FRACTION])
    compared = measures.take(_COMPARED, axis=0)
    np.subtract(compared[: len(_PAIRS)], compared[len(_PAIRS) :], out=measures[_CHANGES])
    return measures


def stand_in(measures: Floats, points: NDArray[np.intp], wind: Floats) -> None:
    """Let mean speeds stand in for missing ones, km/h, (3,), where a direction is known."""
    speeds = measures.take(_BLOWN, axis=0)
    means = np.tile(wind, 2)[:, np.newaxis]
    _blow(measures, np.where(np.isnan(speeds), means, speeds), points)


def _blow(measures: Floats, speeds: Floats, points: NDArray[np.intp]) -> None:
    """Fill in winds as vectors, km/h; `speeds` twice, for east and north, (6, n)."""
    east_north = _EAST_NORTH.take(points, axis=1).reshape(speeds.shape)
    np.multiply(speeds, east_north, out=measures[_VECTORS])


def _moisture(measures: Floats) -> None:
    """Fill in dew points, deg C, and vapour pressure deficits, hPa.

    Magnus formula over water (WMO No. 8, annex 4.B), 6.112 exp(17.62 T / (243.12 + T)) hPa: with
    17.62 T / (243.12 + T) = 17.62 - 17.62 * 243.12 / (243.12 + T), both share one division.
    """
    temperature, humidity = measures[_TEMPERATURES], measures[_HUMIDITIES]
    curve = _MAGNUS_PRODUCT / (_MAGNUS_OFFSET + temperature)
    curve += _LOG_PERCENT  # as the humidity is no fraction, and has its logarithm taken
    depth = curve - np.log(np.maximum(humidity, _BONE_DRY))
    np.subtract(_MAGNUS_PRODUCT / depth, _MAGNUS_OFFSET, out=measures[_DEW_POINTS])
    a_percent = np.exp(_MAGNUS_LIMIT - curve)  # of what saturates the air, hPa
    np.multiply(a_percent, _PERCENT - humidity, out=measures[_DEFICITS])


class Climate(msgspec.Struct, frozen=True):
    """What the training years taught about each of the 49 stations.

    `seasonal` (49, measures, 5): each measure's mean as harmonics of the day of the year;
    `spread` (49, measures): its standard deviation around that; `rain` (49, 5): the share of days
    followed by rain, as harmonics; `tendency` (49, 3, 17): how much more often rain follows, by
    wind direction (gust, 9am, 3pm; the last for unknown); `wind` (3,): mean speeds, km/h;
    `latitude`, `longitude` (49,): degrees.
    """

    seasonal: Floats
    spread: Floats
    rain: Floats
    tendency: Floats
    wind: Floats
    latitude: Floats
    longitude: Floats


class Encoder:
    """Encodes raw rows; the climate's harmonics are spread out once, into tables by day."""

    def __init__(self, climate: Climate) -> None:
        self.climate = climate
        stations = len(climate.latitude)
        season = seasons(np.arange(1.0, DAYS + 1))
        mean = np.einsum("dh,smh->sdm", season, climate.seasonal)
        rain = np.clip(season @ climate.rain.T, 0.01, 0.95).T
        place = np.stack([climate.latitude, climate.longitude], axis=1)[:, np.newaxis, :]
        self._precision = (1 / climate.spread).T.copy()
        self._tendency = climate.tendency.reshape(-1)
        self._winds = np.arange(0, climate.tendency.size, CALM + 1).reshape(stations, -1).T.copy()
        # All that a station and a day decide, in one row: one gather fetches it.
        by_day = np.concatenate(
            [
                mean,
                day_lengths(climate.latitude)[:, :, np.newaxis],
                np.broadcast_to(season[:, 1:], (stations, DAYS, 4)),
                np.broadcast_to(place, (stations, DAYS, 2)),
                rain[:, :, np.newaxis],
            ],
            axis=2,
        ).reshape(stations * DAYS, -1)
        # Days are counted from 1 on.
        self._by_day = np.concatenate([by_day[:1], by_day])

    def encode(self, raw: Raw) -> Matrix:
        """Model matrix of raw rows, (n, 22) -> (n, len(FEATURES)), without NaN.

        `Location` and `Date` must be known, everything else may be missing.
        """
        raw = raw.T  # one variable a row: numpy is quicker with whole rows
        where = raw[_WHERE].astype(np.intp)
        stations, points = where[0], directions(raw)
        # Of integers, numpy's `@` goes a longer way.
        climate = self._by_day.take(_STRIDES.dot(where), axis=0).T
        mean = climate[_MEASURED]
        measures = measure(raw, points, climate[_DAYLIGHT])
        # Most days lack nothing, and looking is several times as fast as choosing.
        if True in np.isnan(measures).tobytes():
            stand_in(measures, points, self.climate.wind)
            measures = np.where(np.isnan(measures), mean, measures)
        anomalies = measures - mean
        anomalies *= self._precision.take(stations, axis=1)
        points += self._winds.take(stations, axis=1)
        parts = (measures, anomalies, climate[_CLIMATIC], self._tendency.take(points))
        return np.concatenate(parts).T.astype(np.float32, order="C")


_MEASURED: Final = slice(len(MEASURES))
_DAYLIGHT: Final = len(MEASURES)
_CLIMATIC: Final = slice(len(MEASURES) + 1, None)
# From station and day of the year to the row of the table by day.
_WHERE: Final = slice(LOCATION, DATE + 1)
_STRIDES: Final = np.array([DAYS, 1])
