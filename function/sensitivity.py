"""What would change an answer most: how much narrower it would be, were a missing field known.

The spread of an answer comes from the draws of what is missing. The share of its variance that one
field accounts for, alone and with all that goes along with it, is that of the means of the draws
which agree on the field (the first-order index of Sobol 1993; with dependent fields, Saltelli and
others 2004, chapter 1). It is estimated as the correlation ratio over groups of draws, corrected
for their number (epsilon squared, Kelley 1935), which is 0 on average for a field without effect.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from function.observation import COLUMNS, NUMERIC, Raw

Narrowing = dict[str, float]

MIN_DRAWS: Final = 50
"""Fewer tell chance from effect too badly."""
_GROUPS: Final = 8


def narrowing(samples: Raw, missing: NDArray[np.bool_], answers: NDArray[np.float64]) -> Narrowing:
    """Part of an answer's spread that would go, were each missing field known.

    Args:
        samples: One row's draws, (draws, 22).
        missing: Which of its fields were drawn, (22,).
        answers: What a model said to each draw, (draws,).

    Returns:
        By the field's name, from 0 (nothing) to 1 (all), by how much the standard deviation of the
        answers would shrink on average; the largest first.

    """
    found = {
        COLUMNS[index]: 1 - math.sqrt(1 - _share(_groups(samples[:, index], index), answers))
        for index in np.flatnonzero(missing).tolist()
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _groups(values: NDArray[np.float64], index: int) -> NDArray[np.intp]:
    """Group of each draw: equal values always share one, and numbers those next to them."""
    if index in NUMERIC:
        edges = np.unique(np.quantile(values, np.arange(1, _GROUPS) / _GROUPS))
        return np.searchsorted(edges, values, side="left")
    return values.astype(np.intp)


def _share(groups: NDArray[np.intp], answers: NDArray[np.float64]) -> float:
    """Share of the answers' variance that lies between the groups, epsilon squared."""
    counts = np.bincount(groups)
    there = counts > 0
    free = len(answers) - np.count_nonzero(there)
    total = float(((answers - answers.mean()) ** 2).sum())
    if total == 0 or free < 1:
        return 0.0
    means = np.bincount(groups, answers)[there] / counts[there]
    between = float((counts[there] * (means - answers.mean()) ** 2).sum())
    return min(1.0, max(0.0, 1 - (1 - between / total) * (len(answers) - 1) / free))
