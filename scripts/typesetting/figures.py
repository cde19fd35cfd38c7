"""What the report tells in figures: read, and written as it will be read, never typed."""

import re
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from function import __version__
from scripts.benchmark import report
from scripts.benchmark.bars import LR, bars
from scripts.benchmark.results import Results
from scripts.typesetting import markup
from scripts.typesetting.markup import Table

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DOCS: Final = ROOT / "docs"
_GUIDES: Final = ("../README", "models", "random-fill", "container")
_FIGURES: Final = {
    "roc_auc": "ROC AUC",
    "brier": "Brier",
    "expected_calibration_error": "ECE",
    "balanced_accuracy": "balanced",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
_BARS: Final = ("what", "bar", "measured", "")


def facts() -> Mapping[str, str]:
    """Figures for sentences, by name."""
    return {
        **_of_models(_read("data/metrics.json"), _read("data/registry.json")),
        **_of_performance(Results.read(DOCS / "performance.json")),
        **_of_container(_read("docs/container.json")),
        **_of_reliability(_read("docs/reliability.json")),
    }


def gather() -> Mapping[str, object]:
    """All that the report shows: `facts` for its sentences, `tables`, and the decisions."""
    results = Results.read(DOCS / "performance.json")
    measured = markup.tables("\n\n".join(report.sections(results)))
    found = {
        **{f"performance: {name}": table for name, table in measured.items()},
        "models": _models(_read("data/metrics.json")["models"]),
        "files": _files(_read("data/registry.json")),
        "reliability": _reliability(_read("docs/reliability.json")),
        "tests": _tests(),
    }
    for guide in _GUIDES:
        text = (DOCS / f"{guide}.md").read_text(encoding="utf-8")
        title = guide.rpartition("/")[2]
        found |= {f"{title}: {name}": table for name, table in markup.tables(text).items()}
    return {
        "facts": facts(),
        "tables": {name: table._asdict() for name, table in found.items()},
        "decisions": [markup.sections(path) for path in sorted(DOCS.glob("decisions/[0-9]*.md"))],
    }


def _read(path: str) -> Any:
    return msgspec.json.decode((ROOT / path).read_bytes())


def _of_models(metrics: Any, registry: Any) -> dict[str, str]:
    test, training = metrics["test_set"], registry["models"][0]["training"]
    default = metrics["models"][registry["default"]]
    stations = (ROOT / "data" / "stations.csv").read_text().splitlines()
    return {
        "version": __version__,
        "stations": str(len(stations) - 1),
        "default": registry["default"].replace("-", " "),
        "training_rows": f"{training['rows']:,}",
        "training_from": training["from"],
        "training_to": training["to"],
        "test_rows": f"{test['rows']:,}",
        "test_from": test["from"],
        "test_to": test["to"],
        "rain_rate": f"{100 * test['rain_rate']:.1f} %",
        "threshold": f"{100 * default['threshold']:.1f} %",
        "auc": f"{default['roc_auc']:.4f}",
        "brier": f"{default['brier']:.4f}",
    }


def _of_performance(results: Results) -> dict[str, str]:
    ours, times = results.contender("ours"), results.ratio(("ours", LR), ("naive", LR))
    rates = results.rates("ours", LR)
    judged = [bar.met for bar in bars(results) if bar.met is not None]
    return {
        "date": results.about["date"],
        "machine": f"{results.about['processor']}, {results.about['cores']} cores",
        "command": results.about["command"],
        "rate": f"{statistics.median(rates):,.0f}" if rates else "-",
        "times_naive": f"{times:.1f}" if times else "-",
        "start": f"{ours.start:.2f}" if ours.start else "-",
        "memory": f"{ours.pss_bytes / 1e6:.0f}" if ours.pss_bytes else "-",
        "bars": str(len(judged)),
        "bars_met": str(sum(judged)),
    }


def _of_reliability(figures: Any) -> dict[str, str]:
    met = sum(each["met"] for each in figures)
    return {"trials": f"{len(figures)}", "trials_met": f"{met}"}


def _of_container(image: Any) -> dict[str, str]:
    return {
        "image": f"{image['bytes_above_base'] / 1e6:.0f}",
        "image_naive": f"{image['naive_bytes_above_base'] / 1e6:.0f}",
        "image_share": f"{image['bytes_above_base'] / image['naive_bytes_above_base']:.0%}",
    }


def _models(models: Any) -> Table:
    rows = [
        [f'#raw("{name}")', *(f"{figures[key]:.4f}" for key in _FIGURES)]
        for name, figures in models.items()
    ]
    return Table(["", *_FIGURES.values()], rows)


def _files(registry: Any) -> Table:
    rows = [
        [
            f'#raw("{artifact["file"]}")',
            f"{artifact['size_bytes'] / 1e3:,.0f}",
            f'#raw("{artifact["sha256"][:16]}…")',
        ]
        for model in registry["models"]
        for artifact in model["artifacts"].values()
    ]
    return Table(["file", "kB", "sha256"], rows)


def _reliability(figures: Any) -> Table:
    rows = [
        [
            *(_of_markdown(str(each[key])) for key in ("what", "bar", "measured")),
            "met" if each["met"] else "#strong[missed]",
        ]
        for each in figures
    ]
    return Table(_BARS, rows)


def _of_markdown(cell: str) -> str:
    (table,) = markup.tables(f"# t\n\n| a |\n| --- |\n| {cell.replace('|', '/')} |\n").values()
    return table.rows[0][0]


def _tests() -> Table:
    """How many test functions each part has; most of them are run for many cases."""
    counted = [(folder.name, sum(1 for _ in _functions(folder))) for folder in _parts()]
    rows = [[f'#raw("tests/{name}")', f"{number}"] for name, number in counted if number]
    total = sum(number for _, number in counted)
    return Table(["part", "functions"], [*rows, ["all", f"{total}"]])


def _parts() -> list[Path]:
    return sorted(folder for folder in (ROOT / "tests").iterdir() if folder.is_dir())


def _functions(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("test_*.py")):
        yield from re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
