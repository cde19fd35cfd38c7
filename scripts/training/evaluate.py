"""`scripts/evaluate`: proves the committed figures from the committed models and the data."""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold

from function.artifacts import Artifacts
from function.models import Models
from function.observation import LOCATION
from function.stations import Stations
from scripts.measured import require
from scripts.training import climate, dataset, fill_report, filling
from scripts.training.dataset import Dataset
from scripts.training.estimators import ESTIMATORS
from scripts.training.failure import Failure, run
from scripts.training.files import pin
from scripts.training.train import DATA, ROOT, fit, measure, threshold, write_metrics

DOCS: Final = ROOT / "docs"
_TOLERANCE: Final = 1e-9
_PARITY: Final = 1e-5
_FIVE_CITIES: Final = ("Brisbane", "Canberra", "Melbourne", "Perth", "Sydney")
_FIVE_CITIES_END: Final = "2017-06-25"
_FOLDS: Final = 5
# What the student project that came before reached under this protocol.
_BEFORE: Final = {
    "decision-tree": 0.708,
    "logistic-regression": 0.749,
    "random-forest": 0.746,
    "support-vector-machine": 0.686,
}


def recompute(test: Dataset, data: Path) -> dict[str, Any]:
    """Measure the committed models anew; raises `Failure` at the first figure that differs."""
    measured = measure(test, data)
    try:
        committed = msgspec.json.decode((data / "metrics.json").read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise Failure(f"{data / 'metrics.json'} cannot be read ({error}); restore it.") from error
    for place, difference in differences(committed, measured):
        raise Failure(f"metrics.json is not what the models give: {place}: {difference}.")
    return measured


def differences(committed: object, measured: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Places where two documents differ, numbers by more than 1e-9."""
    if isinstance(committed, dict) and isinstance(measured, dict):
        if committed.keys() != measured.keys():
            yield place, "other members"
        for key in (key for key in committed if key in measured):
            yield from differences(committed[key], measured[key], f"{place}/{key}")
    elif isinstance(committed, list) and isinstance(measured, list):
        if len(committed) != len(measured):
            yield place, f"{len(committed)} entries, measured {len(measured)}"
        for index, (old, new) in enumerate(zip(committed, measured, strict=False)):
            yield from differences(old, new, f"{place}/{index}")
    elif isinstance(committed, (int, float)) and isinstance(measured, (int, float)):
        if not math.isclose(committed, measured, rel_tol=0, abs_tol=_TOLERANCE):
            yield place, f"{committed}, measured {measured}"
    elif committed != measured:
        yield place, f"{committed}, measured {measured}"


def parity(test: Dataset, data: Path) -> dict[str, dict[str, float]]:
    """Compare the ONNX graphs with the scikit-learn originals, over every test day."""
    served, reference = (Models(Artifacts(data), form) for form in ("onnx", "joblib"))
    matrix = served.encode(test.raw)
    compared = {}
    for name, card in served.cards.items():
        ours, theirs = served.score(name, matrix), reference.score(name, matrix)
        flipped = (ours >= card.threshold) != (theirs >= card.threshold)
        compared[name] = {
            "largest_difference": float(np.abs(ours - theirs).max()),
            "flipped": int(flipped.sum()),
            "rows": len(matrix),
        }
    return compared


def five_cities(days: Dataset, stations: Stations, console: Console) -> dict[str, float]:
    """Balanced accuracy by the student project's own protocol.

    Five cities up to mid 2017, five stratified folds, shuffled; climate, model, calibration and
    threshold are all learned inside the training folds.
    """
    places = [stations.names.index(city) for city in _FIVE_CITIES]
    days = days.between(None, _FIVE_CITIES_END)
    days = days.where(np.isin(days.raw[:, LOCATION], places))
    if not len(days.raw):
        raise Failure(f"No city of this protocol has a day to {_FIVE_CITIES_END}; see --data.")
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    parts = list(folds.split(days.raw, days.rain_tomorrow))
    for learn_rows, judge_rows in track(parts, "Folds", console=console):
        learned, judged = days.where(np.sort(learn_rows)), days.where(judge_rows)
        encoder = climate.learn(learned.raw, learned.rain_tomorrow, stations)
        features, unseen = encoder.encode(learned.raw), encoder.encode(judged.raw)
        for name in ESTIMATORS:
            estimator = fit(name, features, learned.rain_tomorrow).estimator
            probability = estimator.predict_proba(unseen.astype(np.float64))[:, 1]
            said = probability >= threshold(learned.rain_tomorrow)
            scores[name].append(balanced_accuracy_score(judged.rain_tomorrow, said))
    return {name: float(np.mean(each)) for name, each in scores.items()}


def fill(days: Dataset, stations: Stations, data: Path, console: Console) -> dict[str, Any]:
    """Measure random fill on the test years."""
    with Progress(console=console) as progress:
        return filling.measure(days.training(), days.test(), stations, data, progress)


def _show(title: str, rows: dict[str, dict[str, Any]], console: Console) -> None:
    table = Table(title=title)
    table.add_column("Model", no_wrap=True)
    for heading in next(iter(rows.values())):
        table.add_column(heading.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{x:.4g}" if isinstance(x, float) else str(x) for x in row.values()))
    console.print(table)


def _check_parity(compared: dict[str, dict[str, float]]) -> None:
    for name, row in compared.items():
        if row["largest_difference"] > _PARITY or row["flipped"]:
            raise Failure(f"The ONNX graph of {name} does not agree with its original: {row}.")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/evaluate",
        description="Recompute data/metrics.json, and fail where it differs by more than 1e-9.",
    )
    parser.add_argument("--data", type=Path, default=dataset.default(), help="file of observations")
    parser.add_argument("--models", type=Path, default=DATA, help="folder of the models")
    parser.add_argument("--write", action="store_true", help="write metrics.json anew instead")
    parser.add_argument("--parity", action="store_true", help="compare ONNX with joblib instead")
    parser.add_argument("--protocol", choices=["five-cities"], help="another evaluation instead")
    parser.add_argument("--fill", action="store_true", help="measure random fill instead")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of its document")
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    options = parser.parse_args()
    if options.fill:
        require(options.docs / fill_report.DOCUMENT, fill_report.BEGIN)
    console = Console(stderr=options.json)
    stations = Stations.parse((DATA / "stations.csv").read_bytes())
    days = dataset.read(options.data, stations)
    if options.parity:
        result: dict[str, Any] = parity(days.test(), options.models)
        _show("ONNX against scikit-learn, every test day", result, console)
        _check_parity(result)
    elif options.fill:
        result = fill(days, stations, options.models, console)
        fill_report.write(result, options.docs)
        console.out(f"Written: {options.docs / fill_report.DOCUMENT}, and its pictures.")
    elif options.protocol:
        result = five_cities(days, stations, console)
        rows = {n: {"balanced_accuracy": x, "before": _BEFORE[n]} for n, x in result.items()}
        _show("Five cities to 2017-06-25, five folds", rows, console)
    else:
        if options.write:
            write_metrics(measure(days.test(), options.models), options.models)
            if options.models.resolve() == DATA:
                pin(DATA)
        result = recompute(days.test(), options.models)
        figures = ("roc_auc", "brier", "expected_calibration_error", "balanced_accuracy")
        rows = {n: {key: m[key] for key in figures} for n, m in result["models"].items()}
        _show("The test years, as committed", rows, console)
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    run(main)
