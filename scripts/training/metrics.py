"""Figures of a model on the test years, as `data/metrics.json` holds them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from function.encode import Floats

Figures = dict[str, Any]
_BINS: Final = 10
_CURVE_POINTS: Final = 200


def figures(rain: Floats, probability: Floats, threshold: float) -> Figures:
    """Every figure of one model.

    Args:
        rain: Whether it rained, 0 or 1; (n,).
        probability: What the model said; (n,).
        threshold: From which probability on it says rain.

    """
    said = probability >= threshold
    (tn, fp), (fn, tp) = sk.confusion_matrix(rain, said).tolist()
    return {
        "accuracy": float(sk.accuracy_score(rain, said)),
        "balanced_accuracy": float(sk.balanced_accuracy_score(rain, said)),
        "precision": float(sk.precision_score(rain, said)),
        "recall": float(sk.recall_score(rain, said)),
        "f1": float(sk.f1_score(rain, said)),
        "roc_auc": float(sk.roc_auc_score(rain, probability)),
        "average_precision": float(sk.average_precision_score(rain, probability)),
        "brier": float(sk.brier_score_loss(rain, probability)),
        "log_loss": float(sk.log_loss(rain, probability)),
        "expected_calibration_error": expected_calibration_error(rain, probability),
        "confusion_matrix": {
            "true_negatives": tn,
            "false_positives": fp,
            "false_negatives": fn,
            "true_positives": tp,
        },
        "threshold": threshold,
        "roc_curve": _roc_curve(rain, probability),
        "calibration_curve": _calibration_curve(rain, probability),
    }


def by_station(
    rain: Floats, probability: Floats, station: NDArray[np.intp], names: Sequence[str]
) -> dict[str, Figures]:
    """Figures of one model at each station that has days of both kinds.

    `brier_skill_score` is against the station's own share of rainy days, said every day (Murphy
    1973); 0 is no better than that, 1 is perfect. `station` (n,) holds indices into `names`.
    """
    found: dict[str, Figures] = {}
    for index, name in enumerate(names):
        here = station == index
        rained, said = rain[here], probability[here]
        rate = float(rained.mean()) if len(rained) else 0.0
        if 0 < rate < 1:
            brier = float(sk.brier_score_loss(rained, said))
            found[name] = {
                "rows": len(rained),
                "rain_rate": rate,
                "roc_auc": float(sk.roc_auc_score(rained, said)),
                "brier": brier,
                "brier_skill_score": 1 - brier / (rate * (1 - rate)),
            }
    return found


def expected_calibration_error(rain: Floats, probability: Floats) -> float:
    """Mean distance between what was said and what happened, over ten equal-count bins."""
    bins, rain = _equal_count_bins(probability), _shared_by_ties(rain, probability)
    gaps = [abs(probability[rows].mean() - rain[rows].mean()) * len(rows) for rows in bins]
    return float(sum(gaps) / len(rain))


def _equal_count_bins(probability: Floats) -> list[NDArray[np.intp]]:
    return np.array_split(np.argsort(probability, kind="stable"), _BINS)


def _shared_by_ties(rain: Floats, probability: Floats) -> Floats:
    """What happened, on average over all days of which the same was said.

    A bin may end among these, and it must not matter which of them come first.
    """
    _, group = np.unique(probability, return_inverse=True)
    means: Floats = np.bincount(group, rain) / np.bincount(group)
    return means[group]


def _calibration_curve(rain: Floats, probability: Floats) -> dict[str, list[float]]:
    bins, rain = _equal_count_bins(probability), _shared_by_ties(rain, probability)
    return {
        "mean_probability": [float(probability[rows].mean()) for rows in bins],
        "observed_rate": [float(rain[rows].mean()) for rows in bins],
        "rows": [len(rows) for rows in bins],
    }


def _roc_curve(rain: Floats, probability: Floats) -> dict[str, list[float]]:
    """Curve at evenly spaced false positive rates; its first threshold, infinite, becomes 1."""
    false_positive, true_positive, thresholds = sk.roc_curve(rain, probability)
    wanted = np.linspace(0, 1, _CURVE_POINTS)
    # Of several points at one rate the last, which is the highest.
    points = np.union1d([0], np.searchsorted(false_positive, wanted, side="right") - 1)
    return {
        "false_positive_rate": false_positive[points].tolist(),
        "true_positive_rate": true_positive[points].tolist(),
        "thresholds": np.minimum(thresholds[points], 1.0).tolist(),
    }
