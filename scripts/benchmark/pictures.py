"""The pictures of `docs/performance.md`: the same bytes for the same figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.benchmark.results import Profile, Results
from scripts.benchmark.workload import MODELS
from scripts.pictures import COLORS, style, write

THROUGHPUT: Final = "performance-throughput.svg"
COST: Final = "performance-cost.svg"
_CALLERS: Final = 32
_FLOOR: Final = "#777777"


def draw(results: Results, folder: Path) -> None:
    """Draw what was measured, as SVG on white, which both a light and a dark page show."""
    with style():
        if any(one.cells for one in results.contenders):
            write(_throughput(results), folder / THROUGHPUT)
        if results.profile:
            write(_cost(results.profile), folder / COST)


def _throughput(results: Results) -> Figure:
    """Bars of each contender, one for each model that it was asked."""
    measured = [one for one in results.contenders if one.cells][::-1]
    figure = Figure(figsize=(8, 0.6 + 0.75 * len(measured)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(MODELS)
    for place, one in enumerate(measured):
        for index, model in enumerate(MODELS):
            cell = one.cell(model, _CALLERS)
            if cell is None or (not cell.model and index):
                continue
            offset = (1.5 - index) * height if cell.model else 0
            color = COLORS[model] if cell.model else _FLOOR
            bar = axes.barh(place + offset, cell.per_second, height, color=color)
            axes.bar_label(bar, [f"{cell.per_second:,.0f}"], padding=3, fontsize=7)
    axes.set_yticks(range(len(measured)), [one.title.replace(", ", ",\n", 1) for one in measured])
    axes.set_xlabel(f"Requests per second, one row, {_CALLERS} callers")
    handles = [mpl.patches.Patch(color=color, label=model) for model, color in COLORS.items()]
    handles.append(mpl.patches.Patch(color=_FLOOR, label="no model"))
    axes.legend(handles=handles, loc="lower right", frameon=False, fontsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _cost(profile: Profile) -> Figure:
    """Cost against rows, and against draws."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _curves(left, profile.rows, "Rows in one request")
    _curves(right, profile.draws, "Draws for one day with gaps")
    left.set_ylabel("Milliseconds without HTTP")
    left.legend(frameon=False, fontsize=8)
    return figure


def _curves(axes: Axes, curves: Mapping[str, Mapping[int, float]], label: str) -> None:
    for model, curve in curves.items():
        milliseconds = [cost / 1000 for cost in curve.values()]
        axes.loglog([*curve], milliseconds, "o-", color=COLORS[model], label=model, markersize=3)
    axes.set_xlabel(label)
    axes.minorticks_off()
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
