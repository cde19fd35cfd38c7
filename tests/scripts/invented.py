"""Days that nobody observed, and model matrices of such."""

import numpy as np
import pandas as pd

from function.encode import FEATURES, Floats, Matrix
from function.observation import COLUMNS, COMPASS, FIELDS

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


def days_of(days: int, first: str = "2019-01-01", towns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Days that nobody observed: wet air is followed by rain, more often than not."""
    random = np.random.default_rng(3)
    towns = towns or ("Albury", "Darwin", "Perth", "Sydney")
    rows = days * len(towns)
    wet = random.random(rows)
    frame = pd.DataFrame(
        {
            "Date": np.tile(pd.date_range(first, periods=days).strftime("%Y-%m-%d"), len(towns)),
            "Location": np.repeat(towns, days),
        }
    )
    for field in FIELDS[2:]:
        if field.kind == "number":
            low, high = max(field.minimum, 0), min(field.maximum, 40)
            frame[field.name] = np.round(low + (high - low) * random.random(rows), field.decimals)
        elif field.kind == "compass":
            frame[field.name] = np.array(COMPASS)[random.integers(16, size=rows)]
    frame["Humidity3pm"] = np.round(20 + 75 * wet)
    for pressure in ("Pressure9am", "Pressure3pm"):
        frame[pressure] = np.round(1020 - 15 * wet + random.normal(size=rows), 1)
    frame["Cloud9am"] = np.round(8 * wet)
    frame["RainToday"] = np.where(frame["Rainfall"] > 1, "Yes", "No")
    frame["RainTomorrow"] = np.where(random.random(rows) < wet**2, "Yes", "No")
    frame.loc[random.random(rows) < 0.3, "Sunshine"] = np.nan
    frame.loc[random.random(rows) < 0.1, "WindDir9am"] = np.nan
    return frame[[*COLUMNS, "RainTomorrow"]]
