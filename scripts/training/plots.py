"""`scripts/plots`: the models' performance as pictures for the documents, from metrics.json."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from function.stations import Stations
from scripts import pictures
from scripts.pictures import COLORS
from scripts.training.failure import Failure, run
from scripts.training.train import DATA, ROOT

DOCS: Final = ROOT / "docs"
_SQUEEZE: Final = 0.887  # cosine of 27.5 degrees south, the middle of Australia
_EDGE: Final = 156.0  # degrees east; Norfolk Island, far out, is shown here

Models = Mapping[str, Mapping[str, Any]]


def roc(models: Models, _stations: Stations) -> Figure:
    """Draw the ROC curves."""
    figure, axes = _square("False positive rate", "True positive rate")
    for name, figures in models.items():
        curve = figures["roc_curve"]
        label = f"{name} (AUC {figures['roc_auc']:.3f})"
        points = curve["false_positive_rate"], curve["true_positive_rate"]
        axes.plot(*points, color=COLORS[name], label=label)
    axes.legend(loc="lower right", frameon=False)
    return figure


def reliability(models: Models, _stations: Stations) -> Figure:
    """Draw what was said against what happened."""
    figure, axes = _square("Mean probability said", "Share of days with rain")
    for name, figures in models.items():
        curve = figures["calibration_curve"]
        points = curve["mean_probability"], curve["observed_rate"]
        axes.plot(*points, "o-", markersize=3, color=COLORS[name], label=name)
    axes.legend(loc="lower right", frameon=False)
    return figure


def confusion(models: Models, _stations: Stations) -> Figure:
    """Draw the confusion matrices."""
    figure = Figure(figsize=(8, 2.4), layout="constrained")
    for axes, (name, figures) in zip(figure.subplots(1, len(models)), models.items(), strict=True):
        counts = figures["confusion_matrix"]
        rows = [
            [counts["true_positives"], counts["false_negatives"]],
            [counts["false_positives"], counts["true_negatives"]],
        ]
        shares = [[count / sum(row) for count in row] for row in rows]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.4)
        for y, row in enumerate(rows):
            for x, count in enumerate(row):
                text = f"{count:,}\n{shares[y][x]:.0%}"
                axes.text(x, y, text, ha="center", va="center", fontsize=8)
        axes.set_title(name, fontsize=8)
        axes.set_xticks([0, 1], ["says rain", "says dry"], fontsize=7)
        axes.set_yticks([0, 1], ["rain", "dry"], fontsize=7)
    return figure


def skill(models: Models, stations: Stations) -> Figure:
    """Draw the Brier skill score of each model at each station."""
    figure = Figure(figsize=(8, 7), layout="constrained")
    drawn: list[PathCollection] = []
    for axes, (name, figures) in zip(figure.subplots(2, 2).flat, models.items(), strict=True):
        there = [station for station in stations.listed if station.name in figures["stations"]]
        dots = axes.scatter(
            [min(station.longitude, _EDGE) for station in there],
            [station.latitude for station in there],
            c=[figures["stations"][station.name]["brier_skill_score"] for station in there],
            cmap="viridis",
            vmin=0,
            vmax=0.6,
        )
        drawn.append(dots)
        axes.set_aspect(1 / _SQUEEZE)
        axes.set_title(name)
    figure.colorbar(drawn[0], ax=figure.axes, label="Brier skill score", shrink=0.6)
    return figure


PICTURES: Final[Mapping[str, Callable[[Models, Stations], Figure]]] = {
    "models-roc.svg": roc,
    "models-reliability.svg": reliability,
    "models-confusion.svg": confusion,
    "models-skill.svg": skill,
}


def write(data: Path, docs: Path) -> None:
    """Draw every picture of the models in this data folder; raises `Failure`."""
    try:
        models = msgspec.json.decode((data / "metrics.json").read_bytes())["models"]
        stations = Stations.parse((data / "stations.csv").read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise Failure(f"The figures in {data} cannot be read ({error}); restore them.") from error
    with pictures.style():
        for name, draw in PICTURES.items():
            pictures.write(draw(models, stations), docs / name)


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    """Empty picture of two shares, with its diagonal."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/plots", description=__doc__)
    parser.add_argument("--models", type=Path, default=DATA, help="folder of the models")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the documents")
    options = parser.parse_args()
    write(options.models, options.docs)
    print(f"Written to {options.docs}: {', '.join(PICTURES)}.")


if __name__ == "__main__":
    run(main)
