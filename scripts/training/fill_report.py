"""Writes what `scripts/evaluate --fill` measured into `docs/random-fill.md`, with its pictures."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from scripts import measured, pictures
from scripts.training.filling import FOUR, MASKED, gap_closed

DOCUMENT: Final = "random-fill.md"
BRIER_PICTURE: Final = "random-fill-brier.svg"
COVERAGE_PICTURE: Final = "random-fill-coverage.svg"
BEGIN: Final = "<!-- measured by scripts/evaluate --fill -->"
_WAYS: Final = {
    "uniform": ("#c1272d", "o"),
    "median": ("#e08e0b", "s"),
    "none": ("#777777", "^"),
    "climatology": ("#0b5fa5", "D"),
}


def write(figures: Mapping[str, Any], docs: Path) -> None:
    """Replace the measured part of the document, and the pictures beside it."""
    measured.replace(docs / DOCUMENT, BEGIN, _sections(figures))
    with pictures.style():
        pictures.write(_draw_brier(figures), docs / BRIER_PICTURE)
        pictures.write(_draw_coverage(figures), docs / COVERAGE_PICTURE)


def _sections(figures: Mapping[str, Any]) -> Iterable[str]:
    rows, draws = figures["rows"], figures["draws"]
    yield (
        f"{rows:,} days of the test years, {draws} draws each. Brier score of the mean "
        "probability, smaller is better; *nothing hidden* is the day as it was observed."
    )
    yield measured.table(
        ["hidden", "model", "nothing hidden", *_WAYS],
        [
            [case, f"`{name}`", f"{figures['whole'][name]:.4f}", *(f"{ways[w]:.4f}" for w in _WAYS)]
            for case, models in figures["brier"].items()
            for name, ways in models.items()
        ],
        figures=False,
    )
    yield (
        f"With nine fields hidden, the climatology makes good {gap_closed(figures):.0%} of what "
        "`uniform` costs the random forest."
    )
    yield (
        f"![Brier score against the number of hidden fields, by model; the climatology is best "
        f"throughout]({BRIER_PICTURE})"
    )
    inside = figures["coverage"]
    cases = ", ".join(f"{case}: {share:.1%}" for case, share in inside["case"].items())
    yield (
        f"Of the hidden values, {inside['all']['all']:.1%} lie between the 5th and the 95th "
        f"percentile of their draws ({cases})."
    )
    yield f"![Share of hidden values inside the drawn range, by variable]({COVERAGE_PICTURE})"
    told, physical = figures["realism"], figures["physical"]
    yield (
        "A gradient boosting is told to tell drawn days, of which only station and date were "
        "known, from the real ones (cross-validated ROC AUC; 0.5 is a guess):"
    )
    yield measured.table(
        ["drawn from", "told from real days", "days that keep to the physics"],
        [
            ["`climatology`", f"{told['climatology']:.3f}", f"{physical['climatology']:.1%}"],
            ["`uniform`", f"{told['uniform']:.3f}", f"{physical['uniform']:.1%}"],
            [
                "real days of the training years, same station and time of the year",
                f"{told['training_days']:.3f}",
                "",
            ],
        ],
        figures=False,
    )
    yield (
        "How many kinds of weather a station should have (one kind is a Gaussian copula, with "
        "directions drawn by themselves; Brier score of the random forest with nine fields hidden):"
    )
    yield measured.table(
        ["kinds", "told from real days", "Brier score", "inside the drawn range"],
        [
            [kinds, f"{row['realism']:.3f}", f"{row['brier']:.4f}", f"{row['coverage']:.1%}"]
            for kinds, row in figures["kinds"].items()
        ],
        figures=False,
    )
    took = figures["milliseconds"]
    yield (
        f"`climatology.npz` has {figures['size_bytes'] / 1e6:.2f} MB. On one core, median: filling "
        f"a row with nine gaps once takes {took['fill_1']:.2f} ms, 200 times "
        f"{took['fill_200']:.2f} ms; a prediction by the default model takes "
        f"{took['predict_none']:.2f} ms with the gaps left to the model, {took['added_by_1']:.2f} "
        f"ms more with one draw, and {took['predict_200']:.2f} ms in all with 200."
    )


def _draw_brier(figures: Mapping[str, Any]) -> Figure:
    names = list(figures["whole"])
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    for panel, name in zip(panels, names, strict=True):
        for way, (color, marker) in _WAYS.items():
            scores = [figures["brier"][f"{k} masked"][name][way] for k in MASKED]
            panel.plot([0, *MASKED], [figures["whole"][name], *scores], color=color)
            panel.plot(MASKED, scores, marker, color=color, label=way, markersize=4)
            four = figures["brier"][FOUR][name][way]
            panel.plot(max(MASKED) + 2, four, marker, color=color, markersize=5, fillstyle="none")
        panel.set_title(name, fontsize=10)
        panel.grid(color="#dddddd", linewidth=0.6)
        panel.set_xticks([0, *MASKED, max(MASKED) + 2], ["0", *map(str, MASKED), "4 known"])
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False)
    figure.supxlabel("Fields hidden (hollow: only Location, Date, Temp3pm and Humidity3pm known)")
    figure.supylabel("Brier score, smaller is better")
    return figure


def _draw_coverage(figures: Mapping[str, Any]) -> Figure:
    shares = figures["coverage"]["variable"]
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(85, 95, color="#e8eff6", label="85-95 %")
    axes.axvline(90, color="#0b5fa5", linewidth=0.8, linestyle="--", label="90 %")
    names = list(shares)[::-1]
    axes.plot([100 * shares[name] for name in names], names, "D", color="#0b5fa5", markersize=5)
    axes.set_xlim(70, 100)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Hidden values inside the drawn 5th to 95th percentile, %")
    axes.legend(frameon=False, loc="lower left")
    return figure
