"""Model matrices of days that nobody observed."""

import numpy as np

from function.encode import FEATURES, Floats, Matrix

_INFORMATIVE = 6


def features(rows: int, seed: int) -> Matrix:
    """Standard normal features, on scales from a hundredth to a thousand; (rows, features)."""
    random = np.random.default_rng(seed)
    scales = np.geomspace(0.01, 1000, len(FEATURES))
    return (random.normal(size=(rows, len(FEATURES))) * scales).astype(np.float32)


def followed_by_rain(matrix: Matrix, seed: int) -> Floats:
    """Whether it rained, 0 or 1, more often the larger the first features are; (rows,)."""
    scores = (matrix / np.geomspace(0.01, 1000, len(FEATURES)))[:, :_INFORMATIVE].sum(axis=1)
    draws = np.random.default_rng(seed + 1000).random(len(matrix))
    return np.asarray(draws < 1 / (1 + np.exp(1.2 - scores)), dtype=np.float64)
