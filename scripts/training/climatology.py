"""Learns the weather that each station may have, from which gaps are filled.

For each station, the scores behind the values, the days' kinds of weather and the parameters are
drawn in turn, and the last rounds' parameters averaged (data augmentation, Tanner and Wong 1987).
A value tells only between which bounds its score lies (extended rank likelihood, Hoff 2007): so
nothing is assumed of a variable's distribution, and a dry day's score is any below the least
rain's. What a station never records has the quantiles of the nearest one that does, and depends
on the rest as it does in the country.
"""

from typing import Final

import msgspec
import numpy as np
from scipy.special import ndtr, ndtri
from sklearn.cluster import MiniBatchKMeans

from function.climatology import (
    KNOTS,
    MONTHS,
    SEASONS,
    TICKS,
    UNKNOWN,
    Climatology,
    Indices,
    Mask,
    month_of,
    season_of,
)
from function.encode import DAYS, Floats
from function.observation import DATE, DIRECTIONS, FIELDS, LOCATION, NUMERIC, RAIN_TODAY, Raw
from function.stations import Stations
from scripts.training.dataset import Dataset
from scripts.training.failure import Failure

KINDS: Final = 64
_COMMON: Final = 5  # times that a value must occur to be one that the instruments give
_WINDOW: Final = 30  # days to both sides of a month's middle that count as of the month
_ENOUGH: Final = 150  # days, or values, from which a station is asked and not its neighbour
_ROUNDS, _SETTLED = 25, 15  # rounds in all, and before those that count
_FAR: Final = 4.0  # scores end here
_NARROW: Final = 0.02  # least distance of a score's bounds
# What is believed beforehand, as a number of days.
_CENTER_DAYS, _SEASON_DAYS = 3.0, 150.0
_YEAR_SHARE, _RARE = 0.07, 1e-4  # of the year's weights in a month's, and of what was never seen
_TINY: Final = 1e-9
_RIDGE: Final = 1e-3
# Years to come are not quite like those learned. Of 2019 to 2021, learned to 2018, the 5th to 95th
# percentile of many draws covers 88 % this way; wider draws would be easier to tell from real days.
_LATELY: Final = np.timedelta64(8 * 365, "D")  # days that the quantiles are of
# By this the scores vary more; but not cloud, whose percentiles hold whole oktas, and so more than
# their share as it is.
_WIDENED: Final = np.array([1.0 if FIELDS[at].unit == "oktas" else 1.1 for at in NUMERIC]) ** 0.5
_WIND_WEIGHT: Final = 1.5  # of a direction against a score, when kinds are first told apart
_SIDE_MONTHS, _SIDE_POINTS = 0.7, 0.15  # weight of the neighbouring months, and compass points


class Bounds(msgspec.Struct, frozen=True):
    """Between which scores each value's own lies; (n, 16) each, infinite where nothing is known."""

    low: Floats
    high: Floats

    def middle(self) -> Floats:
        """Scores between the bounds; NaN where nothing is known."""
        low, high = self.low.clip(-_FAR), self.high.clip(None, _FAR)
        known = np.isfinite(self.low) | np.isfinite(self.high)
        scores: Floats = np.where(known, (low + high) / 2, np.nan)
        return scores

    def of(self, rows: Indices) -> "Bounds":
        """Bounds of some rows."""
        return Bounds(self.low[rows], self.high[rows])


class Parameters(msgspec.Struct):
    """One station's part of the climatology, in its order and shapes."""

    weights: Floats
    centers: Floats
    covariance: Floats
    winds: Floats
    rained: Floats


def learn(training: Dataset, stations: Stations, kinds: int = KINDS) -> Climatology:
    """Learn the climatology from the training years.

    A station with too few days for that is taught by the nearest that has enough, or by all.

    Raises:
        Failure: No day has a value of some variable.

    """
    raw = training.raw
    ticks = np.rint(raw[:, NUMERIC] * TICKS)
    never = [FIELDS[at].name for at in NUMERIC if np.isnan(raw[:, at]).all()]
    if never:
        raise Failure(
            f"No training day has {' or '.join(never)}; pass a file that has, with --data."
        )
    days = _Days(raw[:, DATE], ticks, [_support(column) for column in ticks.T])
    teachers = _nearest(stations)
    rows = [np.flatnonzero(raw[:, LOCATION] == place) for place in range(len(teachers))]
    rows.append(np.arange(len(raw)))
    cell = raw[:, LOCATION].astype(int) * MONTHS + month_of(raw[:, DATE])
    quantiles = days.quantiles(teachers, rows, np.ones(len(raw), dtype=bool))
    bounds = _bounds(ticks, quantiles.reshape(-1, len(NUMERIC), len(KNOTS)), cell)
    country = _correlation(bounds.middle())
    asked = [next((at for at in each if len(rows[at]) >= _ENOUGH), each[-1]) for each in teachers]
    taught = {}
    for at in sorted(set(asked)):
        generator = np.random.default_rng(at)
        own, between = raw[rows[at]], bounds.of(rows[at])
        taught[at] = _Augmentation(own, between, country, kinds, generator).run()
    learned = {
        name: np.stack([getattr(taught[at], name) for at in asked])
        for name in Parameters.__struct_fields__
    }
    lately = training.dates > training.dates.max() - _LATELY
    return Climatology(
        quantiles=days.quantiles(teachers, rows, lately).astype(np.int16),
        support=np.concatenate(days.supports).astype(np.int16),
        support_sizes=np.array([len(values) for values in days.supports], dtype=np.int16),
        covariance=(np.outer(_WIDENED, _WIDENED) * learned.pop("covariance")).astype(np.float32),
        **{name: array.astype(np.float16) for name, array in learned.items()},
    )


class _Days(msgspec.Struct, frozen=True):
    """Days of the year, (n,), numeric variables in ticks, (n, 16), and the values each takes."""

    date: Floats
    ticks: Floats
    supports: list[Floats]

    def quantiles(self, teachers: Indices, rows: list[Indices], chosen: Mask) -> Floats:
        """Quantiles of each variable by station and month, at the knots, in ticks.

        They are those of the chosen days, where a station has enough; the extremes are of all.
        """
        shares = ndtr(KNOTS)
        middles = (np.arange(MONTHS) + 0.5) * DAYS / MONTHS
        distance = np.abs(self.date[:, np.newaxis] - middles)
        close = np.minimum(distance, DAYS - distance) <= _WINDOW
        quantiles = np.empty((len(teachers), MONTHS, len(NUMERIC), len(KNOTS)))
        for place, month, variable in np.ndindex(quantiles.shape[:3]):
            column = self.ticks[:, variable]
            known = ~np.isnan(column)
            for at in teachers[place]:
                here = rows[at][close[rows[at], month]]
                here = here[known[here]]
                if len(here) >= _ENOUGH:
                    break
            else:
                here = np.flatnonzero(known)
            some = here[chosen[here]]
            values = column[some if len(some) >= _ENOUGH else here]
            found = np.quantile(values, shares, method="inverted_cdf")
            found[0], found[-1] = column[here].min(), column[here].max()
            quantiles[place, month, variable] = _snap(found, self.supports[variable])
        return quantiles


def _support(ticks: Floats) -> Floats:
    """Values that the instruments give: wind, say, in whole knots, which are odd km/h."""
    values, times = np.unique(ticks[~np.isnan(ticks)], return_counts=True)
    common: Floats = values[times >= _COMMON]
    return common if len(common) else values[:1]


def _nearest(stations: Stations) -> Indices:
    """Stations by their distance from each, itself first and the whole country last; (49, 50)."""
    latitude = np.radians([station.latitude for station in stations.listed])
    longitude = np.radians([station.longitude for station in stations.listed])
    haversine = (
        np.sin((latitude[:, np.newaxis] - latitude) / 2) ** 2
        + np.cos(latitude[:, np.newaxis])
        * np.cos(latitude)
        * np.sin((longitude[:, np.newaxis] - longitude) / 2) ** 2
    )
    order = np.argsort(haversine, axis=1, kind="stable")
    return np.pad(order, ((0, 0), (0, 1)), constant_values=len(order))


def _snap(quantiles: Floats, support: Floats) -> Floats:
    """Quantiles moved to the nearest value of the support that they themselves embrace."""
    inside = support[(support >= quantiles[0]) & (support <= quantiles[-1])]
    if not len(inside):
        inside = support[np.abs(support - quantiles[0]).argmin(keepdims=True)]
    moved: Floats = inside[np.searchsorted((inside[:-1] + inside[1:]) / 2, quantiles)]
    return moved


def _bounds(ticks: Floats, quantiles: Floats, cell: Indices) -> Bounds:
    """Bounds of the scores of values, (n, 16), whose quantiles stand in a cell."""
    low, high = np.full(ticks.shape, -np.inf), np.full(ticks.shape, np.inf)
    step = KNOTS[1] - KNOTS[0]
    for rows in np.array_split(np.arange(len(ticks)), max(1, len(ticks) // 2048)):
        known = ~np.isnan(ticks[rows])
        begin, end = _interval(quantiles[cell[rows]], np.where(known, ticks[rows], 0.0))
        middle = KNOTS[0] + step * (begin + end) / 2
        begin = np.where(begin <= 0, -np.inf, KNOTS[0] + step * begin)
        end = np.where(end >= len(KNOTS) - 1, np.inf, KNOTS[0] + step * end)
        low[rows] = np.where(known, np.minimum(begin, middle - _NARROW / 2), -np.inf)
        high[rows] = np.where(known, np.maximum(end, middle + _NARROW / 2), np.inf)
    return Bounds(low, high)


def _interval(quantiles: Floats, ticks: Floats) -> tuple[Floats, Floats]:
    """Where values begin and end among quantiles, (..., knots) and (...) -> twice (...), in knots.

    A value stands for all that its instrument rounds to it, half a tick to both sides.
    """
    return _position(quantiles, ticks - 0.5), _position(quantiles, ticks + 0.5)


def _position(quantiles: Floats, ticks: Floats) -> Floats:
    after = (quantiles <= ticks[..., np.newaxis]).sum(axis=-1)
    before = (after - 1).clip(0, len(KNOTS) - 2)
    low = np.take_along_axis(quantiles, before[..., np.newaxis], axis=-1)[..., 0]
    high = np.take_along_axis(quantiles, before[..., np.newaxis] + 1, axis=-1)[..., 0]
    share = (ticks - low) / np.where(high > low, high - low, 1.0)
    position: Floats = before + share.clip(0.0, 1.0)
    return position


def _correlation(scores: Floats) -> Floats:
    """Correlation of scores with gaps, pair by pair, made positive definite; (16, 16)."""
    known = ~np.isnan(scores)
    zeroed, counts = np.where(known, scores, 0.0), known.astype(float)
    covariance = (zeroed.T @ zeroed) / np.maximum(counts.T @ counts, 1.0)
    values, vectors = np.linalg.eigh(covariance + _RIDGE * np.eye(len(covariance)))
    covariance = (vectors * np.maximum(values, _RIDGE)) @ vectors.T
    deviation = np.sqrt(np.diag(covariance))
    correlation: Floats = covariance / np.outer(deviation, deviation)
    return correlation


class _Augmentation:
    """Data augmentation of one station's days."""

    def __init__(
        self, raw: Raw, bounds: Bounds, country: Floats, kinds: int, generator: np.random.Generator
    ) -> None:
        self._bounds = bounds
        self._kinds = kinds
        self._generator = generator
        self._month = month_of(raw[:, DATE])
        season = season_of(raw[:, DATE])
        self._seasons = [np.flatnonzero(season == each) for each in range(SEASONS)]
        points = raw[:, DIRECTIONS]
        self._points = np.where(np.isnan(points), UNKNOWN, points).astype(int)
        self._rained = raw[:, RAIN_TODAY]
        self._overall = np.stack([_around(_count(wind, 16) + 1.0, 0.5) for wind in self._points.T])
        self._overall /= self._overall.sum(axis=1, keepdims=True)
        self._scores = self._first_scores(country)
        self._kind = self._first_kinds()
        self._covariance = np.repeat(country[np.newaxis], SEASONS, axis=0)

    def run(self) -> Parameters:
        """Parameters, averaged over the rounds that count."""
        rounds = []
        for number in range(_ROUNDS):
            parameters = self._parameters()
            if number >= _SETTLED:
                rounds.append(parameters)
            self._draw_kinds(parameters)
            self._draw_scores(parameters)
        mean = {
            name: np.mean([getattr(each, name) for each in rounds], axis=0)
            for name in Parameters.__struct_fields__
        }
        return Parameters(**mean)

    def _first_scores(self, country: Floats) -> Floats:
        """Scores to begin with: between their bounds, or as the country's correlation has it."""
        scores = self._bounds.middle()
        unknown = np.isnan(scores)
        scores = np.where(unknown, 0.0, scores)
        free = Bounds(np.where(unknown, -np.inf, scores), np.where(unknown, np.inf, scores))
        for _ in range(3):
            _sweep(scores, free, country, self._generator)
        return scores

    def _first_kinds(self) -> Indices:
        known = self._points < UNKNOWN
        angle = self._points * (2 * np.pi / 16)
        winds = [np.sin(angle) * known, np.cos(angle) * known]
        place = np.concatenate([self._scores, *(_WIND_WEIGHT * each for each in winds)], axis=1)
        kinds = min(self._kinds, len(place))
        clusters = MiniBatchKMeans(kinds, random_state=0, n_init=3)
        return np.asarray(clusters.fit_predict(place), dtype=np.intp)

    def _parameters(self) -> Parameters:
        """Parameters given scores and kinds."""
        kind, kinds = self._kind, self._kinds
        days = _count(kind, kinds)
        sums = np.stack([_count(kind, kinds, column) for column in self._scores.T], axis=1)
        centers = sums / (days[:, np.newaxis] + _CENTER_DAYS)
        away = self._scores - centers[kind]
        year = away.T @ away / len(away)
        for season, rows in enumerate(self._seasons):
            total = away[rows].T @ away[rows] + _SEASON_DAYS * year
            self._covariance[season] = total / (len(rows) + _SEASON_DAYS)
            self._covariance[season] += _RIDGE * np.eye(len(year))
        return Parameters(
            weights=self._weights(days),
            centers=centers,
            covariance=self._covariance.copy(),
            winds=np.stack([self._winds(wind) for wind in range(len(DIRECTIONS))]),
            rained=self._share_rained(),
        )

    def _weights(self, days: Floats) -> Floats:
        """Share of the kinds in each month, the year's own among it; (12, kinds)."""
        count = _count(self._kind * MONTHS + self._month, self._kinds * MONTHS)
        count = _around(count.reshape(-1, MONTHS), _SIDE_MONTHS).T
        share = count / count.sum(axis=1, keepdims=True).clip(1.0)
        believed = share + _YEAR_SHARE * days / days.sum() + _RARE
        weights: Floats = believed / believed.sum(axis=1, keepdims=True)
        return weights

    def _winds(self, wind: int) -> Floats:
        """Odds of a wind's directions by kind, one day as over all of them; (kinds, 16)."""
        count = _count(
            self._kind * (UNKNOWN + 1) + self._points[:, wind], self._kinds * (UNKNOWN + 1)
        )
        count = _around(count.reshape(-1, UNKNOWN + 1)[:, :UNKNOWN], _SIDE_POINTS)
        odds = count + self._overall[wind]
        winds: Floats = odds / odds.sum(axis=1, keepdims=True)
        return winds

    def _share_rained(self) -> Floats:
        """Share of the days with rain by kind, one day as over all of them; (kinds,)."""
        known = ~np.isnan(self._rained)
        rained = _count(self._kind[known], self._kinds, self._rained[known])
        overall = (self._rained[known].sum() + 1) / (known.sum() + 2)
        share: Floats = (rained + overall) / (_count(self._kind[known], self._kinds) + 1)
        return share

    def _draw_kinds(self, given: Parameters) -> None:
        """Draw every day's kind given its scores and winds."""
        likelihood = np.log(given.weights)[self._month]
        for wind, odds in enumerate(given.winds):
            told = np.concatenate([np.log(odds), np.zeros((len(odds), 1))], axis=1).T
            likelihood += told[self._points[:, wind]]
        for rows, covariance in zip(self._seasons, given.covariance, strict=True):
            whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T
            scores, centers = self._scores[rows] @ whiten, given.centers @ whiten
            likelihood[rows] += scores @ centers.T - (centers**2).sum(axis=1) / 2
        # The largest of the sums with Gumbel noise is a draw from the odds.
        likelihood += self._generator.gumbel(size=likelihood.shape)
        self._kind = likelihood.argmax(axis=1)

    def _draw_scores(self, given: Parameters) -> None:
        """Draw every score given the day's others and its kind, between its bounds."""
        for rows, covariance in zip(self._seasons, given.covariance, strict=True):
            centers = given.centers[self._kind[rows]]
            bounds = self._bounds.of(rows)
            away = self._scores[rows] - centers
            within = Bounds(bounds.low - centers, bounds.high - centers)
            _sweep(away, within, covariance, self._generator)
            self._scores[rows] = (away + centers).clip(-_FAR, _FAR)


def _sweep(
    scores: Floats, bounds: Bounds, covariance: Floats, generator: np.random.Generator
) -> None:
    """Draw scores of mean 0 in place, one variable after the other given the rest.

    A variable whose bounds are a single point stays there.
    """
    precision = np.linalg.inv(covariance)
    for variable, row in enumerate(precision):
        low, high = bounds.low[:, variable], bounds.high[:, variable]
        deviation = 1 / np.sqrt(row[variable])
        mean = scores[:, variable] - scores @ row / row[variable]
        below, up_to = ndtr((low - mean) / deviation), ndtr((high - mean) / deviation)
        share = below + generator.random(len(scores)) * (up_to - below)
        drawn = mean + deviation * ndtri(share.clip(_TINY, 1 - _TINY))
        scores[:, variable] = drawn.clip(low, high)


def _count(index: Indices, size: int, weights: Floats | None = None) -> Floats:
    return np.bincount(index, weights, minlength=size)[:size].astype(np.float64)


def _around(values: Floats, weight: float) -> Floats:
    """Values with a share of their neighbours', around the circle of the last axis."""
    around: Floats = values + weight * (np.roll(values, 1, axis=-1) + np.roll(values, -1, axis=-1))
    return around
