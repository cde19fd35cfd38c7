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

from function.observation import COLUMNS, Raw

Narrowing = dict[str, float]

MIN_DRAWS: Final = 50
"""Fewer tell chance from effect too badly."""
_GROUPS: Final = 8
_FEW: Final = 16  # values, of which each is a group: as many as wind directions
_NOTHING: Final = 1e-12  # of difference between answers; more than rounding makes, less than counts


def narrowing(samples: Raw, missing: NDArray[np.bool_], answers: NDArray[np.float64]) -> Narrowing:
    """Part of an answer's spread that would go, were each missing field known.

    Args:
        samples: One row's draws, (draws, 22).
        missing: Which of its fields were drawn, (22,).
        answers: What a model said to each draw, (draws,).

    Returns:
        By the field's name, from 0 (nothing) to 1 (all), by how much the standard deviation of the
        answers would shrink on average; rather less than it would, since what varies within a group
        of numbers counts as left. The largest first.

    """
    columns = np.flatnonzero(missing).tolist()
    if np.ptp(answers) <= _NOTHING:
        shares = [0.0] * len(columns)
    elif len(columns) == 1:  # which all of it comes from
        shares = [1.0]
    else:
        shares = [_share(_groups(samples[:, index]), answers) for index in columns]
    found = [(COLUMNS[i], 1 - math.sqrt(1 - s)) for i, s in zip(columns, shares, strict=True)]
    return dict(sorted(found, key=lambda item: -item[1]))


def _groups(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Group of each draw: equal values always share one, and where they are many, those close."""
    distinct, groups = np.unique(values, return_inverse=True)
    if len(distinct) <= _FEW:
        return groups
    edges = np.unique(np.quantile(values, np.arange(1, _GROUPS) / _GROUPS))
    return np.searchsorted(edges, values, side="left")


def _share(groups: NDArray[np.intp], answers: NDArray[np.float64]) -> float:
    """Share of the answers' variance that lies between the groups, epsilon squared."""
    counts = np.bincount(groups)
    there = counts > 0
    free = len(answers) - np.count_nonzero(there)
    total = float(((answers - answers.mean()) ** 2).sum())
    if free < 1:
        return 0.0
    means = np.bincount(groups, answers)[there] / counts[there]
    between = float((counts[there] * (means - answers.mean()) ** 2).sum())
    return min(1.0, max(0.0, 1 - (1 - between / total) * (len(answers) - 1) / free))
