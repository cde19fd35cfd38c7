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
        probability, interval = _over_draws(models.score(name, matrix), completion)
        threshold = models.cards[name].threshold
        scores[name] = Score(
            probability,
            interval if fill.draws > 1 else None,
            probability >= threshold,
            threshold,
        )
    return Forecast(scores, completion)


def _over_draws(
    samples: Probabilities, completion: Completion
) -> tuple[Probabilities, NDArray[np.float64]]:
    """Mean and percentiles of each row over its draws; a row without gaps stands for itself."""
    whole = len(completion.whole)
    probability = np.empty(len(completion.missing))
    interval = np.empty((len(completion.missing), len(PERCENTILES)))
    probability[completion.whole] = samples[:whole]
    interval[completion.whole] = samples[:whole, np.newaxis]
    if len(completion.gappy):
        drawn = samples[whole:].reshape(-1, completion.draws)
        probability[completion.gappy] = drawn.mean(axis=1)
        interval[completion.gappy] = np.percentile(drawn, PERCENTILES, axis=1).T
    return probability, interval
