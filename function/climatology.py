"""The weather that a station may have at a time of the year, given what is known of the day.

A general location model (Olkin and Tate 1961; Schafer 1997, chapter 9) with latent classes. A day
is of one of a few kinds of weather, of which each station has its own. The kind decides the odds
of the wind directions, and the means of the scores behind the numeric variables, which are
normal around them and depend on each other in every kind alike. A score becomes a value by the
quantiles of its variable at this station in this month: so rainfall keeps its spike at zero,
cloud its whole oktas, and wind the few speeds that its instruments report.

What is known of a day changes the odds of the kinds and moves the scores of what is not, by the
rules of the normal distribution. No loop goes over rows or draws.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.encode import Floats
from function.observation import (
    COLUMN,
    DATE,
    DIRECTIONS,
    FIELDS,
    LOCATION,
    NUMERIC,
    RAIN_TODAY,
    RAIN_TODAY_ABOVE,
    RAINFALL,
    Raw,
)

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

MONTHS: Final = 12
SEASONS: Final = 4
UNKNOWN: Final = 16
"""Stands for a wind direction that is not known."""
KNOTS: Final = np.linspace(-3.2, 3.2, 64)
"""Scores at which the quantiles stand; the outermost are the extremes."""
TICKS: Final = 10.0 ** np.array([FIELDS[index].decimals for index in NUMERIC])
"""Steps of the instrument per unit of each numeric variable; shape (16,)."""
ORDER: Final = (
    *(("MinTemp", "Temp9am"), ("Temp9am", "MaxTemp"), ("Temp3pm", "MaxTemp")),
    *(("WindSpeed9am", "WindGustSpeed"), ("WindSpeed3pm", "WindGustSpeed")),
)
"""Pairs of variables, of which the first does not exceed the second."""

# Arrays without dimensions are faster than numbers beside arrays as small as one row's.
_PERCENTILES: Final = np.array([-1.6449, 0.0, 1.6449])  # scores of the 5th, 50th and 95th
_STEP: Final = KNOTS[1] - KNOTS[0]
_PER_TABLE, _PER_CELL = np.array(len(KNOTS) + 1), np.array(len(NUMERIC))
_EDGES, _LAST_BUT_ONE = np.array(len(KNOTS) + 1), np.array(len(KNOTS) - 2)
_END: Final = np.array(len(KNOTS) - 1 - 1e-9)
_HALF: Final = np.array(0.5)
_NONE, _NEXT, _ZERO, _ONE = np.array(0), np.array(1), np.array(0.0), np.array(1.0)
_MONTHS, _SEASONS = np.array(MONTHS), np.array(SEASONS)
_TRIES, _AT_ONCE = 12, 8
_LEAST_RAIN: Final = 1.2  # mm: what a gauge with steps of 0.2 mm shows above 1 mm
_ROWS, _SAMPLES = 64, 1024  # at once, which bounds the memory
_NUMERIC, _WINDS = np.array(NUMERIC), np.array(DIRECTIONS)
_IDENTITY: Final = np.eye(len(NUMERIC))
_VARIABLES: Final = np.arange(len(NUMERIC))
_TELLING: Final = np.array([*DIRECTIONS, RAIN_TODAY])
_TOLD_OF: Final = np.arange(len(_TELLING)) * (UNKNOWN + 1)
_TOLD_OF_STATION: Final = np.array(len(_TELLING) * (UNKNOWN + 1))
_UNKNOWN: Final = np.array(float(UNKNOWN))
_PAIRS: Final = np.array([[COLUMN[pair[side]] for pair in ORDER] for side in (0, 1)])
# By day of the year, which counts from 1.
_MONTH_OF: Final = np.maximum(np.arange(367) - 1, 0) * MONTHS // 366
_SEASON_OF: Final = (_MONTH_OF + 1) // 3 % SEASONS


def month_of(days: Floats) -> Indices:
    """Twelfth of the year, from 0, of days of the year."""
    return _MONTH_OF.take(days.astype(np.intp))


def season_of(days: Floats) -> Indices:
    """Season of days of the year, from 0 for summer, which begins in December."""
    return _SEASON_OF.take(days.astype(np.intp))


def _truncated_means() -> Floats:
    """Mean score, in knots, of the days whose value stands at the knots from a to b - 1.

    Index a * 65 + b. Such a value is also that of the scores half way to the next knots.
    """
    edges = np.concatenate([[-math.inf], (KNOTS[:-1] + KNOTS[1:]) / 2, [math.inf]])
    density = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
    share = np.array([(1 + math.erf(edge / math.sqrt(2))) / 2 for edge in edges])
    between = share - share[:, np.newaxis]
    between[between <= 0] = math.inf
    means = (density[:, np.newaxis] - density) / between
    in_knots: Floats = ((means - KNOTS[0]) / _STEP).reshape(-1)
    return in_knots


_MEANS: Final = _truncated_means()


class Climatology(msgspec.Struct, frozen=True):
    """What the training years taught about the weather of each of the 49 stations.

    `quantiles` (49, 12, 16, knots): of each numeric variable by month, in ticks; `support`: the
    values that each variable takes, in ticks, one variable after the other, `support_sizes` (16,)
    how many of each; `weights` (49, 12, kinds): share of each kind of weather by month; `centers`
    (49, kinds, 16): mean scores; `covariance` (49, 4, 16, 16): of the scores around them, by
    season; `winds` (49, 3, kinds, 16): odds of the directions of gust, 9am and 3pm wind; `rained`
    (49, kinds): share of days with more than 1 mm.
    """

    quantiles: NDArray[np.int16]
    support: NDArray[np.int16]
    support_sizes: NDArray[np.int16]
    weights: NDArray[np.float16]
    centers: NDArray[np.float16]
    covariance: NDArray[np.float32]
    winds: NDArray[np.float16]
    rained: NDArray[np.float16]


class Conditions(msgspec.Struct, frozen=True):
    """Rows, and the distribution of what they lack given what they have.

    `tables` (n, 16) is where the quantiles of each variable begin; `odds` (n, kinds) of the kinds
    of weather are cumulative; `surprise` (n, kinds, 16) is how far the known scores are from the
    kind's, 0 elsewhere, and `gain` (n, 16, 16) what all scores owe to that; `root` (n, 16, 16)
    makes scores that know nothing out of independent normal numbers.
    """

    rows: Raw
    gaps: Mask
    station: Indices
    tables: Indices
    odds: Floats
    surprise: Floats
    gain: Floats
    root: Floats


class Usual(msgspec.Struct, frozen=True):
    """What a station usually has in a month.

    `numbers` (3, 16): 5th, 50th and 95th percentile of each numeric variable; `winds` (3, 16):
    odds of each direction of gust, 9am and 3pm wind; `rained`: share of days with more than 1 mm.
    """

    numbers: Floats
    winds: Floats
    rained: float


class Sampler:
    """Draws what days lack from its distribution given what they have."""

    def __init__(self, climatology: Climatology) -> None:
        kinds = climatology.centers.shape[1]
        # Single precision halves the tables, and holds their halves of ticks exactly.
        quantiles = climatology.quantiles.astype(np.float32)
        self._lowest = quantiles[..., 0].min(axis=1) / TICKS
        self._highest = quantiles[..., -1].max(axis=1) / TICKS
        # Counted so that a rounded value's whole part is its index in `_snapped`.
        self._snapped, first = _snaps(climatology.support, climatology.support_sizes)
        self._first = first + 0.5
        quantiles += self._first[:, np.newaxis]
        # Every search in them ends at the latest at the infinite.
        last = np.full_like(quantiles[..., :1], np.inf)
        self._quantiles = np.concatenate([quantiles, last], axis=-1).reshape(
            -1, *(quantiles.shape[2], quantiles.shape[3] + 1)
        )
        weights = climatology.weights.astype(np.float64)
        self._weights = np.log(weights).reshape(-1, kinds)
        # Scores are counted in knots, from the first, which saves turning them into positions.
        self._centers = (climatology.centers.astype(np.float64) - KNOTS[0]) / _STEP
        covariance = climatology.covariance.astype(np.float64) / _STEP**2
        self._covariance = covariance.reshape(-1, *_IDENTITY.shape)
        self._root = np.linalg.cholesky(self._covariance)
        winds = climatology.winds.astype(np.float64).cumsum(axis=3)
        self._winds = winds / winds[..., -1:]
        # What winds and today's rain tell of the kinds, as it is looked up; the unknown is silent.
        told = np.zeros((len(winds), len(_TELLING), UNKNOWN + 1, kinds))
        odds = np.diff(self._winds, axis=3, prepend=0.0)
        told[:, : len(DIRECTIONS), :UNKNOWN] = np.log(odds).transpose(0, 1, 3, 2)
        rained = climatology.rained.astype(np.float64)
        told[:, -1, 0], told[:, -1, 1] = np.log(1 - rained), np.log(rained)
        self._told = told.reshape(-1, kinds).astype(np.float32)

    def sample(self, rows: Raw, draws: int, generator: np.random.Generator) -> Raw:
        """Complete raw rows, (n, 22), `draws` times: (n * draws, 22), a row's draws together.

        Station and date must be known; what is known stays as it is, even where it contradicts
        itself or what that station ever saw. What is drawn keeps to the station's extremes.
        """
        samples = np.empty((len(rows) * draws, rows.shape[1]))
        at_once = max(1, min(_ROWS, _SAMPLES // draws))
        for start in range(0, len(rows), at_once):
            conditions = self._condition(rows[start : start + at_once])
            drawn = self._draw(conditions, draws, generator)
            samples[start * draws : start * draws + len(drawn)] = drawn
        return samples

    def usual(self, station: int, day: int) -> Usual:
        """What is usual at a station at this time of the year; `day` counts from 1."""
        cell = station * MONTHS + _MONTH_OF[day]
        tables = (cell * _PER_CELL + _VARIABLES) * _PER_TABLE
        scores = (_PERCENTILES - KNOTS[0]) / _STEP
        shape = (len(scores), len(NUMERIC))
        numbers = self._values(
            np.broadcast_to(scores[:, np.newaxis], shape), np.broadcast_to(tables, shape)
        )
        kinds = np.exp(self._weights[cell])
        winds = kinds @ np.diff(self._winds[station], axis=2, prepend=0.0)
        told = self._told.reshape(len(self._winds), len(_TELLING), UNKNOWN + 1, -1)
        rained = kinds @ np.exp(told[station, -1, 1])
        return Usual(numbers, winds / winds.sum(axis=1, keepdims=True), float(rained / kinds.sum()))

    def _condition(self, rows: Raw) -> Conditions:
        station, day = rows[:, LOCATION].astype(np.intp), rows[:, DATE].astype(np.intp)
        cell = station * _MONTHS + _MONTH_OF.take(day)
        place = station * _SEASONS + _SEASON_OF.take(day)
        gaps = np.isnan(rows)
        known = ~gaps.take(_NUMERIC, axis=1)
        covariance = self._covariance.take(place, axis=0)
        both = known[:, :, np.newaxis] & known[:, np.newaxis, :]
        # An unknown variable stands for itself, which leaves the inverse of the known ones'.
        precision = np.linalg.inv(np.where(both, covariance, _IDENTITY)) * both
        gain = covariance @ precision
        tables = (cell[:, np.newaxis] * _PER_CELL + _VARIABLES) * _PER_TABLE
        scores = self._scores(rows, cell, tables)[:, np.newaxis]
        away = scores - self._centers.take(station, axis=0)
        surprise = np.where(known[:, np.newaxis], away, _ZERO)
        likelihood = self._likelihood(rows, gaps, station, cell)
        likelihood -= np.vecdot(surprise @ precision, surprise) * _HALF
        odds = np.exp(likelihood - likelihood.max(axis=1, keepdims=True)).cumsum(axis=1)
        root = self._root.take(place, axis=0)
        return Conditions(rows, gaps, station, tables, odds, surprise, gain, root)

    def _scores(self, rows: Raw, cell: Indices, tables: Indices) -> Floats:
        """Scores of the numeric variables, (n, 16), NaN where they are not known."""
        quantiles = self._quantiles.take(cell, axis=0)
        ticks = rows.take(_NUMERIC, axis=1) * TICKS + self._first
        less = (quantiles >= ticks[..., np.newaxis]).argmax(axis=2)
        up_to = (quantiles > ticks[..., np.newaxis]).argmax(axis=2)
        # A value that quantiles share has the mean of their scores; any other lies between two.
        before = np.minimum(np.maximum(less - _NEXT, _NONE), _LAST_BUT_ONE)
        start = before + tables
        low, high = self._quantiles.take(start), self._quantiles.take(start + _NEXT)
        share = (ticks - low) / np.maximum(high - low, _ONE)
        between = np.minimum(np.maximum(share, _ZERO), _ONE)
        between += before
        scores: Floats = np.where(up_to > less, _MEANS.take(less * _EDGES + up_to), between)
        return scores

    def _likelihood(self, rows: Raw, gaps: Mask, station: Indices, cell: Indices) -> Floats:
        """Logarithm of what month, winds and today's rain say for each kind; (n, kinds)."""
        telling = rows.take(_TELLING, axis=1)
        # Where rainfall is known, it has said it.
        telling[:, -1] = np.where(gaps[:, RAINFALL], telling[:, -1], _UNKNOWN)
        # fmin prefers a number to NaN, and every point is less than the one that says unknown.
        points = np.fmin(telling, _UNKNOWN).astype(np.intp)
        points += station[:, np.newaxis] * _TOLD_OF_STATION + _TOLD_OF
        likelihood = self._weights.take(cell, axis=0)
        likelihood += self._told.take(points, axis=0).sum(axis=1)
        return likelihood

    def _draw(self, given: Conditions, draws: int, generator: np.random.Generator) -> Raw:
        of = np.repeat(np.arange(len(given.rows)), draws)
        odds = given.odds.take(of, axis=0)
        uniform = generator.random((len(of), 1 + len(_WINDS)))
        kind = _choose(odds, uniform[:, 0] * odds[:, -1])
        station = given.station.take(of)
        winds = self._winds[station, :, kind]
        samples, gaps = given.rows.take(of, axis=0), given.gaps.take(of, axis=0)
        drawn = np.empty_like(samples)
        drawn[:, _WINDS] = _choose(winds, uniform[:, 1:])
        drawn[:, _NUMERIC] = self._numbers(given, of, kind, generator)
        np.copyto(samples, drawn, where=gaps)
        # What contradicts itself is drawn anew, within its kind of weather: several at once, where
        # few are asked for, which costs hardly more than one.
        (again,) = _reconcile(samples, gaps).nonzero()
        for _ in range(_TRIES):
            if not len(again):
                return samples
            at_once = max(1, _AT_ONCE // len(again))
            which = again.repeat(at_once)
            numbers = self._numbers(given, of.take(which), kind.take(which), generator)
            part, lacking = samples.take(which, axis=0), gaps.take(which, axis=0)
            part[:, _NUMERIC] = np.where(lacking[:, _NUMERIC], numbers, part[:, _NUMERIC])
            wrong = _reconcile(part, lacking).reshape(-1, at_once)
            best = wrong.argmin(axis=1) + np.arange(0, len(which), at_once)
            samples[again] = part.take(best, axis=0)
            again = again[wrong.all(axis=1)]
        samples[again] = self._settled(samples[again], gaps[again], given.station[of[again]])
        return samples

    def _numbers(
        self, given: Conditions, of: Indices, kind: Indices, generator: np.random.Generator
    ) -> Floats:
        """Draw the numeric variables of these rows in these kinds of weather; (n, 16)."""
        # A draw that knows nothing is corrected by what it should have known (Matheron's rule).
        noise = generator.standard_normal((len(of), len(NUMERIC), 1))
        blind = given.root.take(of, axis=0) @ noise
        surprise = given.surprise[of, kind, :, np.newaxis] - blind
        blind += given.gain.take(of, axis=0) @ surprise
        scores = self._centers[given.station.take(of), kind] + blind[..., 0]
        return self._values(scores, given.tables.take(of, axis=0))

    def _values(self, scores: Floats, tables: Indices) -> Floats:
        """Values of scores, (n, 16), by the quantiles that begin there."""
        position = np.minimum(np.maximum(scores, _ZERO), _END)
        knot = position.astype(np.intp)
        position -= knot
        knot += tables
        low, high = self._quantiles.take(knot), self._quantiles.take(knot + _NEXT)
        values: Floats = self._snapped.take((low + position * (high - low)).astype(np.intp))
        return values

    def _settled(self, samples: Raw, gaps: Mask, station: Indices) -> Raw:
        """Samples that no draw could reconcile, with the drawn values moved next to the known."""
        # Pairs follow from low to high: what is raised raises the next, and then, on the way back,
        # what is lowered lowers the one before.
        for lower, upper in _PAIRS.T:
            low, high = samples[:, lower], samples[:, upper]
            samples[:, upper] = np.where(gaps[:, upper], np.maximum(low, high), high)
        for lower, upper in _PAIRS.T[::-1]:
            low, high = samples[:, lower], samples[:, upper]
            samples[:, lower] = np.where(gaps[:, lower], np.minimum(low, high), low)
        rainfall, rained = samples[:, RAINFALL], samples[:, RAIN_TODAY] > 0
        moved = np.where(
            rained, np.maximum(rainfall, _LEAST_RAIN), np.minimum(rainfall, RAIN_TODAY_ABOVE)
        )
        samples[:, RAINFALL] = np.where(gaps[:, RAINFALL], moved, rainfall)
        inside = samples[:, _NUMERIC].clip(self._lowest[station], self._highest[station])
        samples[:, _NUMERIC] = np.where(gaps[:, _NUMERIC], inside, samples[:, _NUMERIC])
        _reconcile(samples, gaps)
        return samples


def _snaps(support: NDArray[np.int16], sizes: NDArray[np.int16]) -> tuple[Floats, Indices]:
    """Nearest value that a variable takes, to every tick: all variables' tables in one.

    The second array, (16,), is what to add to a variable's ticks to find them in the first.
    """
    tables, first, length = [], [], 0
    supports = np.split(support.astype(np.intp), sizes.astype(np.intp).cumsum()[:-1])
    for values, per_unit in zip(supports, TICKS, strict=True):
        ticks = np.arange(values[0], values[-1] + 1)
        tables.append(values[np.searchsorted((values[:-1] + values[1:]) / 2, ticks)] / per_unit)
        first.append(length - values[0])
        length += len(ticks)
    return np.concatenate(tables), np.array(first)


def _choose(odds: Floats, uniform: Floats) -> Indices:
    """Index of the choice that falls on each number, by cumulative odds."""
    choice: Indices = (odds <= uniform[..., np.newaxis]).sum(axis=-1)
    return choice


def _reconcile(samples: Raw, gaps: Mask) -> Mask:
    """Set RainToday by the rainfall where it is not known; gives what contradicts itself still.

    What is wrong between known values does not count.
    """
    rained = samples[:, RAINFALL] > RAIN_TODAY_ABOVE
    told = np.where(gaps[:, RAIN_TODAY], rained, samples[:, RAIN_TODAY])
    samples[:, RAIN_TODAY] = told
    pairs = samples.take(_PAIRS, axis=1)
    wrong = (pairs[:, 0] > pairs[:, 1]) & gaps.take(_PAIRS, axis=1).any(axis=1)
    contradictory: Mask = wrong.any(axis=1) | (gaps[:, RAINFALL] & (rained != told))
    return contradictory
