"""The core of an answer: fill, encode, score. Knows no HTTP; works from a notebook alike."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.fill import Completion, Fill, Filler
from function.models import Models, Probabilities
from function.observation import Observations, Raw
from function.sensitivity import Narrowing, narrowing

PERCENTILES: Final = (5.0, 95.0)
_T = TypeVar("_T", bound=np.generic)
_Block = tuple[Probabilities, NDArray[np.float64] | None]


class Score(msgspec.Struct, frozen=True):
    """One model's answer.

    `probability`, shape (rows,), is the mean over the draws; `interval`, shape (rows, 2), their
    5th and 95th percentile, None with a single draw; `rain_tomorrow` tells of each row whether its
    probability reaches the model's threshold; `narrowing`, where it was asked for, by how much its
    spread would shrink were a missing field known.
    """

    probability: Probabilities
    interval: NDArray[np.float64] | None
    rain_tomorrow: Sequence[bool]
    threshold: float
    narrowing: Narrowing | None = None


class Forecast(msgspec.Struct, frozen=True):
    """The answers of the models asked, all on the same draws.

    `first` (rows, 22) is each row with its first draw, and `missing`, of the same shape, tells
    which cells were drawn, `gaps` whether any was.
    """

    scores: Mapping[str, Score]
    first: Raw
    missing: NDArray[np.bool_]
    gaps: bool


def forecast(
    observations: Observations,
    fill: Fill,
    names: tuple[str, ...],
    models: Models,
    filler: Filler,
    *,
    explain: bool = False,
) -> Forecast:
    """Answer whether it will rain tomorrow, for every observation, by every model named.

    `explain` also tells of a single observation what would change the answer most.
    """
    blocks: dict[str, list[_Block]] = {name: [] for name in names}
    first, missing, gaps = [], [], False
    explained: dict[str, Narrowing] = {}
    for completion in filler.complete(observations.raw, fill):
        matrix = models.encode(completion.samples)
        for name in names:
            samples = models.score(name, matrix)
            blocks[name].append(_summed_up(samples, completion, fill.draws))
            if explain:
                explained[name] = narrowing(completion.samples, completion.missing[0], samples)
        first.append(completion.first())
        missing.append(completion.missing)
        gaps = gaps or completion.gaps
    scores = {
        name: _score(blocks[name], models.cards[name].threshold, explained.get(name))
        for name in names
    }
    return Forecast(scores, _joined(first), _joined(missing), gaps)


def _summed_up(samples: Probabilities, completion: Completion, draws: int) -> _Block:
    """Mean and interval of each row over its draws."""
    interval = _interval(samples, completion, draws) if draws > 1 else None
    return _mean(samples, completion), interval


def _score(blocks: Sequence[_Block], threshold: float, explained: Narrowing | None) -> Score:
    probability = _joined([mean for mean, _ in blocks])
    intervals = [interval for _, interval in blocks if interval is not None]
    interval = _joined(intervals) if intervals else None
    rain = [each >= threshold for each in probability.tolist()]
    return Score(probability, interval, rain, threshold, explained)


def _joined(blocks: Sequence[NDArray[_T]]) -> NDArray[_T]:
    """Blocks of rows as one; most requests have only one."""
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _mean(samples: Probabilities, completion: Completion) -> Probabilities:
    """Mean of each row over its draws; a row without gaps stands for itself."""
    if len(samples) == len(completion.starts):
        return samples
    sums: Probabilities = np.add.reduceat(samples, completion.starts)
    return sums / np.diff(completion.starts, append=len(samples))


def _interval(samples: Probabilities, completion: Completion, draws: int) -> NDArray[np.float64]:
    """Percentiles of each row over its draws; without gaps there is nothing between them."""
    counts = np.diff(completion.starts, append=len(samples))
    intervals = samples.take(completion.starts)[:, np.newaxis].repeat(len(PERCENTILES), axis=1)
    gappy = counts > 1
    if gappy.any():
        drawn = samples[gappy.repeat(counts)].reshape(-1, draws)
        intervals[gappy] = np.percentile(drawn, PERCENTILES, axis=1).T
    return intervals
