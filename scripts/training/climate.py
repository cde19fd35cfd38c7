"""Learns each station's climate, which the encoder measures the day's weather against."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from function.encode import (
    CALM,
    MEASURES,
    Climate,
    Encoder,
    Floats,
    day_lengths,
    directions,
    measure,
    seasons,
    stand_in,
)
from function.observation import COLUMN, DATE, LOCATION, Raw
from function.stations import Stations

_SPEEDS: Final = [COLUMN[name] for name in ("WindGustSpeed", "WindSpeed9am", "WindSpeed3pm")]
_ENOUGH: Final = 200  # observations of a variable from which a station has a climate of its own
_RAIN_RIDGE: Final = 20.0
_TENDENCY_DAYS: Final = 30.0  # days of no tendency, added to every direction's record
_SMOOTH: Final = np.array([0.25, 0.5, 0.25])  # over neighbouring points of the compass


def learn(raw: Raw, rain_tomorrow: Floats, stations: Stations) -> Encoder:
    """Learn the climate from training rows, (n, 22), and what followed, (n,) of 0 and 1."""
    latitude = np.array([station.latitude for station in stations.listed])
    longitude = np.array([station.longitude for station in stations.listed])
    station, day = raw[:, LOCATION].astype(int), raw[:, DATE].astype(int) - 1
    wind = np.nanmean(raw[:, _SPEEDS], axis=0)
    points = directions(raw.T)
    measured = measure(raw.T, points, day_lengths(latitude)[station, day])
    stand_in(measured, points, wind)
    measures = measured.T.copy()
    season = seasons(raw[:, DATE])
    seasonal, spread = _normals(measures, season, station, len(latitude))
    rain = _rain_rates(season, rain_tomorrow, station, len(latitude))
    expected = np.clip((season * rain[station]).sum(axis=1), 0.02, 0.9)
    tendency = _tendencies(rain_tomorrow - expected, points, station, len(latitude))
    return Encoder(Climate(seasonal, spread, rain, tendency, wind, latitude, longitude))


def _normals(
    measures: Floats, season: Floats, station: NDArray[np.int_], stations: int
) -> tuple[Floats, Floats]:
    """Seasonal means and the spread around them; the whole country's for want of a station's."""
    seasonal = np.zeros((stations, len(MEASURES), season.shape[1]))
    spread = np.empty((stations, len(MEASURES)))
    seasonal[:, :, 0] = np.nanmean(measures, axis=0)
    spread[:] = np.nanstd(measures, axis=0)
    for place in range(stations):
        here = station == place
        for column in range(len(MEASURES)):
            known = here & ~np.isnan(measures[:, column])
            if known.sum() > _ENOUGH:
                values = measures[known, column]
                seasonal[place, column] = _regress(season[known], values, 1e-3)
                residuals = values - season[known] @ seasonal[place, column]
                spread[place, column] = max(residuals.std(), 1e-3)
    return seasonal, spread


def _rain_rates(
    season: Floats, rain_tomorrow: Floats, station: NDArray[np.int_], stations: int
) -> Floats:
    rates = np.zeros((stations, season.shape[1]))
    rates[:, 0] = rain_tomorrow.mean()
    for place in range(stations):
        here = station == place
        if here.sum() > _ENOUGH:
            rates[place] = _regress(season[here], rain_tomorrow[here], _RAIN_RIDGE)
    return rates


def _tendencies(
    surprise: Floats, points: NDArray[np.intp], station: NDArray[np.int_], stations: int
) -> Floats:
    """Mean surprise (rain minus its expected rate) by wind direction, shrunk towards none."""
    tendency = np.empty((stations, len(points), CALM + 1))
    for place in range(stations):
        here = station == place
        for wind, everywhere in enumerate(points):
            blew = everywhere[here]
            days = np.bincount(blew, np.ones(len(blew)), minlength=CALM + 1)
            total = np.bincount(blew, surprise[here], minlength=CALM + 1)
            tendency[place, wind, :CALM] = _around(total[:CALM]) / (
                _around(days[:CALM]) + _TENDENCY_DAYS
            )
            tendency[place, wind, CALM] = total[CALM] / (days[CALM] + 3 * _TENDENCY_DAYS)
    return tendency


def _around(values: NDArray[Any]) -> Floats:
    """Smooth sixteen values around the compass."""
    return np.convolve(np.concatenate([values[-1:], values, values[:1]]), _SMOOTH, mode="valid")


def _regress(season: Floats, values: Floats, ridge: float) -> Floats:
    """Ridge regression that leaves the mean alone."""
    penalty: Floats = ridge * np.eye(season.shape[1], dtype=np.float64)
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(season.T @ season + penalty, season.T @ values))
