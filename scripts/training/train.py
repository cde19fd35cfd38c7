"""`scripts/train`: from observations to the models, figures and registry in `data/`.

Everything that shapes a prediction is learned from the training years; the test years are only
measured. All files are made in a folder beside the old ones and then moved into their place, the
registry last, so that an interrupted training leaves the old models whole.
"""

import argparse
import shlex
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import sklearn
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.pipeline import Pipeline

from function import __version__
from function.artifacts import Artifacts
from function.encode import Floats, Matrix
from function.models import Models
from function.observation import LOCATION
from function.stations import Stations
from scripts.training import climate, climatology, dataset, export, files, metrics
from scripts.training.dataset import Dataset
from scripts.training.estimators import ESTIMATORS
from scripts.training.failure import Failure, run

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT / "data"
DEFAULT_MODEL: Final = "support-vector-machine"
_SPLIT: Final = "train_test"
_SHOWN: Final = (
    *("roc_auc", "brier", "expected_calibration_error"),
    *("balanced_accuracy", "threshold"),
)
_HEADINGS: Final = (
    *("ROC\nAUC", "Brier\nscore", "ECE", "Balanced\naccuracy", "Thres-\nhold"),
    *("Fit\ns", "ONNX\nMB", "joblib\nMB"),
)


class Fitted(msgspec.Struct, frozen=True):
    """A fitted estimator, and how long that took in seconds."""

    estimator: Pipeline
    seconds: float


def fit(name: str, features: Matrix, rain_tomorrow: Floats) -> Fitted:
    """Fit a model by its name on an encoded matrix, (n, features), whose rows go by date."""
    start = time.perf_counter()
    _, make = ESTIMATORS[name]
    estimator = make().fit(features.astype(np.float64), rain_tomorrow)
    return Fitted(estimator, time.perf_counter() - start)


def threshold(rain_tomorrow: Floats) -> float:
    """Probability from which a calibrated model should say rain, for balanced accuracy.

    Balanced accuracy, (TPR + TNR) / 2, gains p / rate by saying rain and (1 - p) / (1 - rate) by
    not saying it; the first is larger exactly where p exceeds the training years' rate of rain.
    """
    return float(rain_tomorrow.mean())


def train(
    days: Dataset,
    stations_file: Path,
    output: Path,
    progress: Progress,
    names: Sequence[str] = tuple(ESTIMATORS),
) -> dict[str, float]:
    """Train these models into an empty folder; gives the seconds that each took."""
    stations = Stations.parse(stations_file.read_bytes())
    training, test = days.training(), days.test()
    step = progress.add_task("Learning the climate", total=3 + 2 * len(names))
    encoder = climate.learn(training.raw, training.rain_tomorrow, stations)
    features = encoder.encode(training.raw)
    progress.advance(step)
    shutil.copy(stations_file, output / "stations.csv")
    files.write_ranges(training.raw, output / "numeric_ranges.csv")
    files.write_arrays(encoder.climate, output / "encoder.npz")
    progress.update(step, description="Learning the weather that gaps are filled from")
    files.write_arrays(climatology.learn(training, stations), output / "climatology.npz")
    progress.advance(step)
    (output / "models").mkdir()
    fitted = {}
    for name in names:
        title, _ = ESTIMATORS[name]
        progress.update(step, description=f"Fitting: {title.lower()}")
        fitted[name] = fit(name, features, training.rain_tomorrow)
        progress.advance(step)
        progress.update(step, description=f"Writing: {title.lower()}")
        export.to_onnx(name, fitted[name].estimator, output / "models" / f"{name}.onnx")
        export.to_joblib(fitted[name].estimator, output / "models" / f"{name}.joblib")
        progress.advance(step)
    progress.update(step, description="Measuring on the test years")
    write_registry(training, output, names)  # measuring goes through it
    files.write_json(measure(test, output), output / "metrics.json")
    write_registry(training, output, names)
    progress.advance(step)
    return {name: each.seconds for name, each in fitted.items()}


def measure(test: Dataset, data: Path) -> dict[str, Any]:
    """Figures of the committed models on test days, computed on the path that serves."""
    artifacts = Artifacts(data)
    models = Models(artifacts)
    towns = Stations.parse(artifacts.read("stations.csv")).names
    matrix = models.encode(test.raw)
    station = test.raw[:, LOCATION].astype(np.intp)
    scores = {name: models.score(name, matrix) for name in models.names}
    first, last = test.period()
    return {
        "test_set": {
            "from": first,
            "to": last,
            "rows": len(test.raw),
            "rain_rate": float(test.rain_tomorrow.mean()),
        },
        "models": {
            name: {
                **metrics.figures(test.rain_tomorrow, said, models.cards[name].threshold),
                "stations": metrics.by_station(test.rain_tomorrow, said, station, towns),
            }
            for name, said in scores.items()
        },
    }


def write_registry(training: Dataset, output: Path, names: Sequence[str]) -> None:
    """Write `registry.json` for the files that are there and these models."""
    first, last = training.period()
    listed = (
        *("climatology.npz", "encoder.npz", "metrics.json"),
        *("numeric_ranges.csv", "stations.csv"),
    )
    entries = [
        {
            "name": name,
            "title": ESTIMATORS[name][0],
            "version": __version__,
            "threshold": threshold(training.rain_tomorrow),
            "training": {"from": first, "to": last, "rows": len(training.raw)},
            "scikit_learn": sklearn.__version__,
            "artifacts": {
                form: {
                    "file": f"models/{name}.{form}",
                    **files.checksum(output / "models" / f"{name}.{form}"),
                }
                for form in ("onnx", "joblib")
            },
        }
        for name in names
    ]
    registry = {
        "default": DEFAULT_MODEL if DEFAULT_MODEL in names else names[0],
        "version": __version__,
        "files": {
            name: files.checksum(output / name) for name in listed if (output / name).exists()
        },
        "models": entries,
    }
    files.write_json(registry, output / "registry.json")


def write_metrics(measured: Mapping[str, Any], output: Path) -> None:
    """Write `metrics.json`, and its checksum into the registry that is there."""
    files.write_json(measured, output / "metrics.json")
    path = output / "registry.json"
    registry = msgspec.json.decode(path.read_bytes())
    registry["files"]["metrics.json"] = files.checksum(output / "metrics.json")
    files.write_json(registry, path)


def publish(made: Path, output: Path) -> None:
    """Move new files into their place, the registry last."""
    (output / "models").mkdir(parents=True, exist_ok=True)
    paths = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    for path in sorted(paths, key=lambda path: path.name == "registry.json"):
        (made / path).replace(output / path)


def show(data: Path, seconds: Mapping[str, float], console: Console) -> None:
    """Print the summary table."""
    figures = msgspec.json.decode((data / "metrics.json").read_bytes())
    first, last = figures["test_set"]["from"], figures["test_set"]["to"]
    title = f"{figures['test_set']['rows']:,} test days, {first} to {last}"
    # Fits 80 columns, and every figure stands whole.
    table = Table(title=title, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Model", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for name, model in figures["models"].items():
        sizes = [
            (data / "models" / f"{name}.{form}").stat().st_size / 1e6 for form in ("onnx", "joblib")
        ]
        table.add_row(
            name,
            *(f"{model[key]:.4f}" for key in _SHOWN),
            f"{seconds[name]:.0f}",
            *(f"{size:.2f}" for size in sizes),
        )
    console.print(table)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/train", description="Train all models anew.")
    parser.add_argument("--data", type=Path, default=dataset.default(), help="file of observations")
    parser.add_argument("--output", type=Path, default=DATA, help="folder of the results")
    parser.add_argument("--rows", type=int, help="a quick trial on about so many days")
    parser.add_argument("--models", nargs="+", choices=ESTIMATORS, help="a trial of these alone")
    options = parser.parse_args()
    if options.rows is not None and options.rows < 1:
        parser.error("--rows must be 1 or more")
    if (options.rows or options.models) and options.output.resolve() == DATA:
        raise Failure("A trial of a part would replace the real models; pass --output.")
    console = Console()
    stations_file = DATA / "stations.csv"
    days = dataset.read(options.data, Stations.parse(stations_file.read_bytes()))
    if options.rows:
        days = days.where(np.arange(0, len(days.raw), max(1, len(days.raw) // options.rows)))
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=options.output, prefix=".training-")
    except OSError as error:
        raise Failure(f"{options.output} is no folder to write in; pass another one.") from error
    columns = (SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn())
    with folder as made, Progress(*columns, console=console) as progress:
        names = [name for name in ESTIMATORS if name in (options.models or ESTIMATORS)]
        seconds = train(days, stations_file, Path(made), progress, names)
        publish(Path(made), options.output)
    if options.output.resolve() == DATA:
        files.pin(DATA)
    else:
        sha256 = files.checksum(options.output / "registry.json")["sha256"]
        output = shlex.quote(str(options.output))
        print(f"To serve these: DATA_DIR={output} REGISTRY_CHECKSUM={sha256}")
    dataset.split(days, options.output / _SPLIT)
    show(options.output, seconds, console)


if __name__ == "__main__":
    run(main)
