"""The bars, and the document that tells the figures."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from scripts.benchmark import report
from scripts.benchmark.bars import bars, growth
from scripts.benchmark.results import Cell, Measured, Profile, Results, Sample, Turns
from scripts.benchmark.workload import MODELS
from scripts.training.failure import Failure
from tests.serving import ROOT

DOCS = ROOT / "docs"
ABOUT = dict.fromkeys(
    ("command", "date", "processor", "cores", "pinned", "system", "python", "packages"), "?"
)


def cells(rate: int, *models: str, tail: float = 3) -> list[Cell]:
    return [
        Cell(model, 1, 1, callers, rate * 3, 3, callers, callers * tail, 100)
        for model in models
        for callers in (1, 8, 32)
    ]


def turns(rates: Mapping[str, float]) -> list[Turns]:
    """Rounds in which the machine's speed changed."""
    return [
        Turns(name, model, [rate, rate / 2, rate / 3])
        for name, rate in rates.items()
        for model in ([""] if name.startswith("hello") else MODELS)
    ]


def memory(*megabytes: int) -> list[Sample]:
    return [Sample(at * 10, size * 10**6) for at, size in enumerate(megabytes)]


@pytest.fixture
def results() -> Results:
    """A run whose bars are all met."""
    curve = {size: 50.0 + 10 * size for size in (1, 10, 100)}
    profile = Profile(
        stages={model: {"decode": 2.0, "score": 9.0} for model in MODELS},
        whole=dict.fromkeys(MODELS, 55.0),
        rows=dict.fromkeys(MODELS, curve),
        draws=dict.fromkeys(MODELS, curve),
        rows_per_second=dict.fromkeys(MODELS, 400_000.0),
    )
    ours = Measured("ours", "ours", "", cells(6000, *MODELS), [0.4, 0.3, 0.5], 70 * 10**6)
    ours.mixed = memory(60, 70, 80, 80, 80)
    floor = Measured("hello-granian", "floor", "", cells(9000, ""), [0.2])
    floor.mixed = memory(30, 40, 40, 40, 40)
    others = [
        Measured("hello-ff", "greeting", "", cells(3000, ""), [0.3], 10**7),
        Measured("naive", "naive", "", cells(80, *MODELS), [3.0], 10**8),
        Measured("kserve", "KServe", "cannot be installed: no index"),
    ]
    rates = {"ours": 6000, "hello-granian": 9000, "hello-ff": 3000, "naive": 80}
    return Results(ABOUT, [ours, floor, *others], profile, turns(rates))


def test_bars_are_met(results: Results) -> None:
    assert [bar.text for bar in bars(results) if not bar.met] == []
    assert len(bars(results)) == 17


def test_bars_are_missed(results: Results) -> None:
    ours, *_ = results.contenders
    ours.cells = cells(6000, *MODELS, tail=5)
    ours.starts, ours.mixed = [0.5], memory(60, 70, 98, 100, 101)
    results.turns = turns({"ours": 6000, "hello-granian": 13000, "hello-ff": 5000, "naive": 300})
    slow = dict.fromkeys(MODELS, 130.0)
    assert results.profile
    results.profile = msgspec.structs.replace(
        results.profile,
        whole=slow,
        rows_per_second=dict.fromkeys(MODELS, 50_000.0),
    )
    met = [bar.text for bar in bars(results) if bar.met]
    assert [text.partition(",")[0] for text in met] == ["random forest", "support vector machine"]
    assert "**missed**" in "\n".join(report.sections(results))


def test_bars_that_were_not_measured(results: Results) -> None:
    nothing = bars(Results(ABOUT))
    assert {bar.met for bar in nothing} == {None}
    results.contenders, results.turns = results.contenders[:1], []
    assert "| - | not measured |" in "\n".join(report.sections(results))
    results.profile = None
    assert "not measured" not in "\n".join(report.sections(results))


def test_ratios_are_of_the_same_round(results: Results) -> None:
    results.turns = [Turns("ours", "", [10, 1000, 9]), Turns("naive", "", [5, 100, 3])]
    assert results.ratio(("ours", "any"), ("naive", "any")) == 3
    assert results.ratio(("ours", "any"), ("nobody", "any")) is None
    assert "| naive | - | 5 | 3 x (2.5 to 6.5) |" in "\n".join(report.sections(results))


def test_growth_is_of_the_last_half() -> None:
    assert growth(Measured("x", "x", mixed=memory(10, 50, 100, 101, 102))) == pytest.approx(2)
    assert growth(Measured("x", "x")) is None


def test_growth_is_of_what_is_kept_at_rest() -> None:
    half, last = Sample(10, 100, rested_bytes=80), Sample(20, 90, rested_bytes=84)
    assert growth(Measured("x", "x", mixed=[Sample(0, 50), half, last])) == pytest.approx(5)


def test_line_through_costs() -> None:
    constant, slope, off = report.fit({size: 100 + 3.0 * size for size in (1, 10, 1000)})
    assert (constant, slope, off) == pytest.approx((100, 3, 0))
    assert report.fit({1: 1.0, 10: 100.0, 100: 10_000.0})[2] > 0.5


def test_who_did_not_take_part_is_named(results: Results) -> None:
    text = "\n".join(report.sections(results))
    assert "| KServe | cannot be installed: no index | " in text


def test_figures_are_read_back(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "figures.json")
    assert Results.read(tmp_path / "figures.json") == results
    (tmp_path / "figures.json").write_text("{}")
    for path in ("figures.json", "none.json"):
        with pytest.raises(Failure, match="measure them with scripts/bench"):
            Results.read(tmp_path / path)


def test_document_is_written(results: Results, tmp_path: Path) -> None:
    document = tmp_path / report.DOCUMENT
    document.write_text("# Performance\n")
    with pytest.raises(Failure, match="put them back"):
        report.write(results, tmp_path)
    document.write_text((DOCS / report.DOCUMENT).read_text())
    report.write(results, tmp_path)
    text = document.read_text()
    assert text.startswith("# Performance\n")
    assert "| ours | 6,000 | 6,000 | 6,000 | 8 | 24 | 100 | 0.40 | 70 |" in text
    assert "## What made it fast" in text
    again = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(again) == 3
    report.write(results, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == again


def test_committed_document_tells_the_committed_figures() -> None:
    text = (DOCS / report.DOCUMENT).read_text()
    for section in report.sections(Results.read(DOCS / "performance.json"), with_pictures=True):
        assert section in text
    for picture in DOCS.glob("performance*.svg"):
        assert f"({picture.name})" in text


def test_every_option_is_documented() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE))
    text = (DOCS / report.DOCUMENT).read_text()
    assert "--peers" in options
    assert {option for option in options if f"| `{option}" not in text} == set()
