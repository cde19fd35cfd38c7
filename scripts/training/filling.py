"""`scripts/evaluate --fill`: measures random fill on the test years, and writes its document."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score

from function.artifacts import Artifacts
from function.climatology import ORDER, Mask, Sampler
from function.encode import DAYS, Floats
from function.fill import Fill, Filler, Strategy
from function.forecast import forecast
from function.models import Models
from function.observation import (
    COLUMN,
    DATE,
    FIELDS,
    LOCATION,
    NUMERIC,
    RAIN_TODAY,
    RAIN_TODAY_ABOVE,
    RAINFALL,
    Observations,
    Raw,
)
from function.stations import Stations
from scripts.training import climatology
from scripts.training.dataset import Dataset

ROWS: Final = 5000
DRAWS: Final = 64
FOUR: Final = "4 known"
_FOUR_KNOWN: Final = [COLUMN[name] for name in ("Location", "Date", "Temp3pm", "Humidity3pm")]
MASKED: Final = (3, 6, 9, 12)
COMPARED: Final = (1, 16, 64, 128)
"""Kinds of weather to compare; with one, the climatology is a Gaussian copula."""
_FOREST: Final = "random-forest"
_CALMS: Final = [(COLUMN[f"WindSpeed{hour}"], COLUMN[f"WindDir{hour}"]) for hour in ("9am", "3pm")]
_NEARBY: Final = 20  # days of the year between a day and one that may stand in for it
_ROWS_TIMED: Final = 40
TIMES: Final = 50
"""Repetitions of what is timed, for each row."""


class Cases(msgspec.Struct, frozen=True):
    """The same test days with more and more of their fields hidden, by the case's name."""

    raw: Raw
    rain: Floats
    hidden: Mapping[str, Mask]

    def seen(self, case: str) -> Raw:
        """What is left to see; from the rainfall, as the function does, whether it rained."""
        seen = np.where(self.hidden[case], np.nan, self.raw)
        known = ~np.isnan(seen[:, RAINFALL])
        seen[known, RAIN_TODAY] = seen[known, RAINFALL] > RAIN_TODAY_ABOVE
        return seen


def cases(test: Dataset, rows: int) -> Cases:
    """Draw test days with seed 0, and what to hide of them."""
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.choice(len(test.raw), min(rows, len(test.raw)), replace=False))
    raw = test.raw[chosen]
    present = ~np.isnan(raw)
    present[:, [LOCATION, DATE]] = False
    # The k smallest of random numbers, all of which are larger where nothing can be hidden.
    rank = np.where(present, generator.random(raw.shape), 2.0).argsort(axis=1).argsort(axis=1)
    hidden = {f"{k} masked": present & (rank < k) for k in MASKED}
    hidden[FOUR] = present.copy()
    hidden[FOUR][:, _FOUR_KNOWN] = False
    return Cases(raw, test.rain_tomorrow[chosen], hidden)


def brier(given: Cases, training: Dataset, models: Models, filler: Filler) -> dict[str, Any]:
    """Brier score of the mean probability by case, model and way of filling."""
    medians = _medians(training.raw)
    table = {}
    for case in given.hidden:
        seen = given.seen(case)
        median = np.where(np.isnan(seen), medians[seen[:, LOCATION].astype(int)], seen)
        told = {
            "none": _probabilities(seen, "none", models, filler),
            "median": _probabilities(median, "none", models, filler),
            "uniform": _probabilities(seen, "uniform", models, filler),
            "climatology": _probabilities(seen, "climatology", models, filler),
        }
        table[case] = {
            name: {way: _brier(given.rain, told[way][name]) for way in told}
            for name in models.names
        }
    return table


def whole(given: Cases, models: Models, filler: Filler) -> dict[str, float]:
    """Brier score by model of the days as they were observed, their own gaps left to the models."""
    told = _probabilities(given.raw, "none", models, filler)
    return {name: _brier(given.rain, probability) for name, probability in told.items()}


def _probabilities(
    raw: Raw, strategy: Strategy, models: Models, filler: Filler
) -> dict[str, Floats]:
    observations = Observations(raw, (None,) * len(raw))
    answer = forecast(observations, Fill(strategy, DRAWS, 0), models.names, models, filler)
    return {name: score.probability for name, score in answer.scores.items()}


def _brier(rain: Floats, probability: Floats) -> float:
    return float(brier_score_loss(rain, probability))


def _medians(raw: Raw) -> Raw:
    """Median of each number, commonest of all else, by station; the country's for want of one."""
    stations = int(raw[:, LOCATION].max()) + 1
    medians = np.empty((stations, raw.shape[1]))
    for station, column in np.ndindex(medians.shape):
        values = raw[raw[:, LOCATION] == station, column]
        values = values[~np.isnan(values)]
        if not len(values):
            values = raw[~np.isnan(raw[:, column]), column]
        medians[station, column] = (
            np.median(values) if column in NUMERIC else np.bincount(values.astype(int)).argmax()
        )
    return medians


def coverage(given: Cases, sampler: Sampler) -> dict[str, dict[str, float]]:
    """Share of the hidden values that lie between the draws' 5th and 95th percentile."""
    inside: dict[str, list[NDArray[np.bool_]]] = {FIELDS[index].name: [] for index in NUMERIC}
    by_case = {}
    for case, hidden in given.hidden.items():
        seen = given.seen(case)
        samples = sampler.sample(seen, DRAWS, np.random.default_rng(0))
        drawn = samples.reshape(len(seen), DRAWS, -1)[:, :, NUMERIC]
        low, high = np.percentile(drawn, [5, 95], axis=1)
        truth = given.raw[:, NUMERIC]
        within, asked = (truth >= low) & (truth <= high), hidden[:, NUMERIC]
        by_case[case] = float(within[asked].mean())
        for column, each in enumerate(inside.values()):
            each.append(within[asked[:, column], column])
    every = np.concatenate([each for values in inside.values() for each in values])
    by_variable = {name: float(np.concatenate(values).mean()) for name, values in inside.items()}
    return {"all": {"all": float(every.mean())}, "case": by_case, "variable": by_variable}


def realism(real: Raw, drawn: Raw) -> float:
    """Cross-validated ROC AUC of a gradient boosting that tells drawn days from real ones.

    Both show only what both have. A calm has no direction in the data, so it has none in either,
    and that is nothing which they lack.
    """
    real, drawn = real.copy(), drawn.copy()
    lacking = _without_calms(real) | _without_calms(drawn)
    real[lacking] = drawn[lacking] = np.nan
    days = np.concatenate([real, drawn])
    is_drawn = np.repeat([0, 1], len(real))
    judge = HistGradientBoostingClassifier(random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(cross_val_score(judge, days, is_drawn, cv=folds, scoring="roc_auc").mean())


def _without_calms(days: Raw) -> Mask:
    """Take the directions of calms away, in place; gives what else is missing."""
    missing = np.isnan(days)
    for speed, direction in _CALMS:
        calm = days[:, speed] == 0
        days[calm, direction] = np.nan
        missing[calm, direction] = False
    return missing


def blank(raw: Raw) -> Raw:
    """Those stations and dates, and nothing else."""
    rows = np.full_like(raw, np.nan)
    rows[:, [LOCATION, DATE]] = raw[:, [LOCATION, DATE]]
    return rows


def physical(drawn: Raw) -> float:
    """Share of the days that keep to the physics."""
    right = (drawn[:, RAINFALL] > RAIN_TODAY_ABOVE) == (drawn[:, RAIN_TODAY] > 0)
    for lower, upper in ORDER:
        right &= drawn[:, COLUMN[lower]] <= drawn[:, COLUMN[upper]]
    return float(right.mean())


def _other_days(raw: Raw, training: Raw) -> Raw:
    """A real day of the training years, of the same station and time of the year, for each."""
    generator = np.random.default_rng(0)
    places = [np.flatnonzero(training[:, LOCATION] == at) for at in np.unique(raw[:, LOCATION])]
    at_station = {int(training[rows[0], LOCATION]): rows for rows in places if len(rows)}
    others = []
    for row in raw:
        rows = at_station[int(row[LOCATION])]
        distance = np.abs(training[rows, DATE] - row[DATE])
        others.append(generator.choice(rows[np.minimum(distance, DAYS - distance) <= _NEARBY]))
    days: Raw = training[others].copy()
    days[:, DATE] = raw[:, DATE]
    return days


def compare(given: Cases, training: Dataset, stations: Stations, models: Models) -> dict[str, Any]:
    """The climatology with more and fewer kinds of weather."""
    seen = given.seen("9 masked")
    compared = {}
    for kinds in COMPARED:
        sampler = Sampler(climatology.learn(training, stations, kinds))
        samples = sampler.sample(seen, DRAWS, np.random.default_rng(0))
        probability = models.score(_FOREST, models.encode(samples)).reshape(-1, DRAWS).mean(axis=1)
        drawn = sampler.sample(blank(given.raw), 1, np.random.default_rng(1))
        compared[str(kinds)] = {
            "realism": realism(given.raw, drawn),
            "brier": _brier(given.rain, probability),
            "coverage": coverage(given, sampler)["all"]["all"],
        }
    return compared


def times(given: Cases, models: Models, filler: Filler) -> dict[str, float]:
    """Median milliseconds, on one core, of filling a row with nine gaps and what that adds."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    rows = given.seen("9 masked")[:_ROWS_TIMED]
    model = (models.default,)

    def complete(row: Raw, draws: int) -> None:
        list(filler.complete(row, Fill("climatology", draws, 0)))

    def predict(row: Raw, strategy: Strategy, draws: int) -> None:
        fill = Fill(strategy, draws, 0)
        forecast(Observations(row, (None,)), fill, model, models, filler)

    actions: dict[str, Callable[[Raw], None]] = {
        "fill_1": lambda row: complete(row, 1),
        "fill_200": lambda row: complete(row, 200),
        "predict_none": lambda row: predict(row, "none", 1),
        "predict_1": lambda row: predict(row, "climatology", 1),
        "predict_200": lambda row: predict(row, "climatology", 200),
    }
    taken: dict[str, list[float]] = {name: [] for name in actions}
    try:
        for row in rows[:, np.newaxis]:  # by turns, so that what disturbs one disturbs all
            for name, action in actions.items():
                for _ in range(TIMES):
                    start = time.perf_counter()
                    action(row)
                    taken[name].append((time.perf_counter() - start) * 1e3)
    finally:
        os.sched_setaffinity(0, cores)
    median = {name: statistics.median(each) for name, each in taken.items()}
    return {**median, "added_by_1": median["predict_1"] - median["predict_none"]}


def measure(
    training: Dataset, test: Dataset, stations: Stations, data: Path, progress: Progress
) -> dict[str, Any]:
    """Everything that `docs/random-fill.md` tells."""
    artifacts = Artifacts(data)
    models, filler = Models(artifacts), Filler.load(artifacts)
    given = cases(test, ROWS)
    step = progress.add_task("Speed", total=5)

    def go_on(description: str) -> None:
        progress.update(step, description=description, advance=1)

    figures: dict[str, Any] = {"rows": len(given.raw), "draws": DRAWS}
    figures["milliseconds"] = times(given, models, filler)
    go_on("Brier scores")
    figures["whole"] = whole(given, models, filler)
    figures["brier"] = brier(given, training, models, filler)
    go_on("Coverage")
    figures["coverage"] = coverage(given, filler.sampler)
    go_on("Realism")
    empty = blank(given.raw)
    drawn = {
        strategy: filler.fill_once(empty, Fill(strategy, 1, 1))
        for strategy in ("climatology", "uniform")
    }
    figures["realism"] = {
        **{strategy: realism(given.raw, days) for strategy, days in drawn.items()},
        "training_days": realism(given.raw, _other_days(given.raw, training.raw)),
    }
    figures["physical"] = {strategy: physical(days) for strategy, days in drawn.items()}
    figures["size_bytes"] = (data / "climatology.npz").stat().st_size
    go_on("Comparing numbers of kinds")
    figures["kinds"] = compare(given, training, stations, models)
    go_on("Done")
    return figures


def gap_closed(figures: Mapping[str, Any], case: str = "9 masked", model: str = _FOREST) -> float:
    """Share of what hiding costs under `uniform` that the climatology makes good."""
    told, full = figures["brier"][case][model], figures["whole"][model]
    return float((told["uniform"] - told["climatology"]) / (told["uniform"] - full))
