"""The core of an answer: fill, encode, score. Knows no HTTP; works from a notebook alike."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.fill import Completion, Fill, Filler
from function.models import Models, Probabilities
from function.observation import Observations

PERCENTILES: Final = (5.0, 95.0)


class Score(msgspec.Struct, frozen=True):
    """One model's answer.

    `probability`, shape (rows,), is the mean over the draws; `interval`, shape (rows, 2), their
    5th and 95th percentile, None with a single draw; `rain_tomorrow`, shape (rows,), whether the
    probability reaches the model's threshold.
    """

    probability: Probabilities
    interval: NDArray[np.float64] | None
    rain_tomorrow: NDArray[np.bool_]
    threshold: float


class Forecast(msgspec.Struct, frozen=True):
    """The answers of the models asked, all on the same draws."""

    scores: Mapping[str, Score]
    completion: Completion


def forecast(
    observations: Observations, fill: Fill, names: tuple[str, ...], models: Models, filler: Filler
) -> Forecast:
    """Answer whether it will rain tomorrow, for every observation, by every model named."""
    completion = filler.complete(observations.raw, fill)
    matrix = models.encode(completion.samples)
    scores = {}
    for name in names:
        samples = models.score(name, matrix)
        probability = _mean(samples, completion)
        interval = _interval(samples, completion) if fill.draws > 1 else None
        threshold = models.cards[name].threshold
        scores[name] = Score(probability, interval, probability >= threshold, threshold)
    return Forecast(scores, completion)


def _mean(samples: Probabilities, completion: Completion) -> Probabilities:
    """Mean of each row over its draws; a row without gaps stands for itself."""
    whole, drawn = _parted(samples, completion)
    means = np.empty(len(completion.missing))
    means[completion.whole], means[completion.gappy] = whole, drawn.mean(axis=1)
    return means


def _interval(samples: Probabilities, completion: Completion) -> NDArray[np.float64]:
    """Percentiles of each row over its draws; without gaps there is nothing between them."""
    whole, drawn = _parted(samples, completion)
    intervals = np.empty((len(completion.missing), len(PERCENTILES)))
    intervals[completion.whole] = whole[:, np.newaxis]
    if len(drawn):
        intervals[completion.gappy] = np.percentile(drawn, PERCENTILES, axis=1).T
    return intervals


def _parted(
    samples: Probabilities, completion: Completion
) -> tuple[Probabilities, NDArray[np.float64]]:
    """Scores of the rows without gaps, (whole,), and of the draws, (gappy, draws)."""
    whole = len(completion.whole)
    return samples[:whole], samples[whole:].reshape(-1, completion.draws)
