"""Plausible random values for what the caller does not know.

Every draw comes from a generator made for the one request, from a seed that the answer reports:
a module-level generator would be cloned into each worker of a forking server, and two workers
would then return the same "random" values.
"""

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, Self, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from function import arrays
from function.artifacts import Artifacts
from function.climatology import Climatology, Sampler
from function.observation import (
    DATE,
    DIRECTIONS,
    FIELDS,
    LOCATION,
    NUMERIC,
    RAIN_TODAY,
    RAIN_TODAY_ABOVE,
    RAINFALL,
    Observations,
    Raw,
    day_of_year,
)
from function.problems import DeploymentError
from function.stations import Stations

Strategy = Literal["climatology", "uniform", "none"]
STRATEGIES: Final = get_args(Strategy)
DEFAULT: Final[Strategy] = "climatology"
MAX_DRAWS: Final = 1000
MAX_SEED: Final = 2**64 - 1
# At once, which bounds the memory of all that is done to them. No power of two: variables that lie
# as far apart get into each other's way in the processor's caches, and encoding takes half longer.
_SAMPLES: Final = 1000
_DECIMALS: Final = np.array([FIELDS[index].decimals for index in NUMERIC])
_SCALE: Final = 10.0**_DECIMALS
_ONE_EACH: Final = np.arange(_SAMPLES)


class Fill(msgspec.Struct, frozen=True):
    """How to fill: the strategy, the number of draws for each row, and the seed of it all."""

    strategy: Strategy
    draws: int
    seed: int


class Completion(msgspec.Struct, frozen=True):
    """A block of rows with their gaps filled.

    `samples` has shape (m, 22): one sample of a row that had no gap, `draws` of each that had one,
    in the order of the rows, whose samples begin at `starts`, shape (rows,). `missing`, of the
    shape of the raw matrix, tells which cells were filled, and `gaps` whether any was.
    """

    samples: Raw
    starts: NDArray[np.intp]
    missing: NDArray[np.bool_]
    gaps: bool

    def first(self) -> Raw:
        """Every row with its first draw; shape (rows, 22)."""
        if len(self.samples) == len(self.starts):
            return self.samples
        return self.samples.take(self.starts, axis=0)


def new_seed() -> int:
    """Draw a seed for a request that brings none; below 2**53, so that JavaScript keeps it."""
    return int.from_bytes(os.urandom(8)) >> 11


def locate(observations: Observations, seed: int, stations: Stations) -> Observations:
    """Draw a station for each row that has none, and give it that station's today as its date."""
    nowhere = np.isnan(observations.raw[:, LOCATION])
    if not nowhere.any():
        return observations
    raw, dates = observations.raw.copy(), list(observations.dates)
    # A stream of its own: values drawn later do not depend on whether a station was drawn, nor on
    # which. Not of (seed, 0), which is the same to numpy as the seed alone.
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(LOCATION,)))
    raw[nowhere, LOCATION] = generator.integers(len(stations.listed), size=nowhere.sum())
    for row in np.flatnonzero(nowhere):
        date = dates[row] or stations.today(int(raw[row, LOCATION]))
        dates[row], raw[row, DATE] = date, day_of_year(date)
    return Observations(raw, tuple(dates))


class Filler:
    """Fills raw matrices.

    Args:
        minimum: Smallest value of each numeric variable in the training years, shape (16,).
        maximum: Largest, shape (16,).
        sampler: Draws from the climatology.

    """

    def __init__(
        self, minimum: NDArray[np.float64], maximum: NDArray[np.float64], sampler: Sampler
    ) -> None:
        self._minimum = minimum
        self._maximum = maximum
        self.sampler = sampler

    @classmethod
    def load(cls, artifacts: Artifacts) -> Self:
        """Filler from `numeric_ranges.csv` and `climatology.npz`.

        Raises:
            DeploymentError: One is not what it should be.

        """
        sampler = Sampler(arrays.read(Climatology, artifacts, "climatology.npz"))
        content = artifacts.read("numeric_ranges.csv")
        try:
            rows = csv.DictReader(content.decode().splitlines())
            ranges = {row["variable"]: row for row in rows}
            return cls(_bounds(ranges, "minimum"), _bounds(ranges, "maximum"), sampler)
        except (ValueError, KeyError, csv.Error) as error:
            raise DeploymentError(
                f"The ranges in numeric_ranges.csv are damaged ({error!r}); restore the file."
            ) from error

    def complete(self, raw: Raw, fill: Fill) -> Iterator[Completion]:
        """Fill what is NaN in `raw`, (rows, 22), whose stations and dates must be known.

        Gives one block of rows after the other, so that memory does not grow with rows x draws.
        """
        draw = None
        at_once = max(1, _SAMPLES // fill.draws)
        for start in range(0, len(raw), at_once):
            rows = raw[start : start + at_once]
            missing = np.isnan(rows)
            if fill.strategy == "none":
                missing[:] = False
            if True not in missing.tobytes():  # several times as fast as any()
                yield Completion(rows, _ONE_EACH[: len(rows)], missing, gaps=False)
                continue
            # Made only where it is needed: it would be half of the work where nothing is missing.
            draw = draw or self._drawing(fill)
            gaps = missing.any(axis=1)
            # A row without gaps is not repeated: drawing for it would only cost.
            counts = np.where(gaps, fill.draws, 1)
            starts = counts.cumsum() - counts
            if gaps.all():
                samples = draw(rows)
            else:
                samples = rows.repeat(counts, axis=0)
                samples[gaps.repeat(counts)] = draw(rows[gaps])
            yield Completion(samples, starts, missing, gaps=True)

    def fill_once(self, raw: Raw, fill: Fill) -> Raw:
        """Every row with its gaps filled by its first draw; shape (rows, 22)."""
        return np.concatenate([completion.first() for completion in self.complete(raw, fill)])

    def _drawing(self, fill: Fill) -> Callable[[Raw], Raw]:
        """What draws `fill.draws` samples of rows, (n, 22) -> (n * draws, 22)."""
        generator = np.random.default_rng(fill.seed)
        if fill.strategy == "uniform":
            return lambda rows: self._uniform(rows.repeat(fill.draws, axis=0), generator)
        return lambda rows: self.sampler.sample(rows, fill.draws, generator)

    def _uniform(self, samples: Raw, generator: np.random.Generator) -> Raw:
        """Samples filled, every variable for itself, evenly between its training extremes."""
        rows = len(samples)
        draws = np.empty_like(samples)
        span = self._maximum - self._minimum
        numbers = self._minimum + span * generator.random((rows, len(NUMERIC)))
        # Rounded to the instrument's resolution, a drawn day sent back gives the same answer.
        rounded = np.round(numbers * _SCALE) / _SCALE
        draws[:, NUMERIC] = np.clip(rounded, self._minimum, self._maximum)
        draws[:, DIRECTIONS] = generator.integers(16, size=(rows, len(DIRECTIONS)))
        gaps = np.isnan(samples)
        gaps[:, [LOCATION, DATE]] = False
        np.copyto(samples, draws, where=gaps)
        rained = samples[:, RAINFALL] > RAIN_TODAY_ABOVE
        samples[:, RAIN_TODAY] = np.where(gaps[:, RAIN_TODAY], rained, samples[:, RAIN_TODAY])
        return samples


def _bounds(ranges: Mapping[str, Mapping[str, str]], bound: str) -> NDArray[np.float64]:
    return np.array([float(ranges[FIELDS[index].name][bound]) for index in NUMERIC])
