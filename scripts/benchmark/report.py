"""Tells what was measured: tables, for the terminal and for `docs/performance.md`."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from scripts.benchmark import pictures
from scripts.benchmark.bars import LR, Bar, bars, growth
from scripts.benchmark.results import Cell, Measured, Profile, Results
from scripts.benchmark.workload import MODELS
from scripts.measured import replace, table

DOCUMENT: Final = "performance.md"
_BEGIN: Final = "<!-- measured by scripts/bench -->"
_CALLERS: Final = (1, 8, 32)
_NOTHING: Final = "-"
_FEW: Final = 100  # answers, of which a 99th percentile would say nothing
# Answers to each caller: with fewer, those that came in time are the quicker ones.
_FEW_EACH: Final = 3


def write(results: Results, docs: Path) -> None:
    """Replace the measured part of the document, and the pictures beside it.

    Raises:
        Failure: The document has no place for it.

    """
    replace(docs / DOCUMENT, _BEGIN, sections(results, with_pictures=True))
    pictures.draw(results, docs)


def sections(results: Results, *, with_pictures: bool = False) -> list[str]:
    """Markdown of everything that was measured."""
    shown: list[str] = [_about(results.about)]
    if results.contenders:
        shown += _contenders(results, with_pictures=with_pictures)
    if results.turns:
        shown += _turns(results)
    # What a part of a run did not measure is not told of.
    whole = results.contenders and results.profile
    shown += ["## The bars", _bars([bar for bar in bars(results) if whole or bar.met is not None])]
    if results.profile:
        shown += _profile(results.profile, with_pictures=with_pictures)
    return shown


def _about(about: Mapping[str, str]) -> str:
    return (
        f"`{about['command']}` on {about['date']}: {about['processor']}, {about['cores']} cores, "
        f"{about['pinned']}; {about['system']}, Python {about['python']}, {about['packages']}."
    )


def _contenders(results: Results, *, with_pictures: bool) -> Iterator[str]:
    yield "## The contenders"
    yield (
        "One whole day, which lacks nothing, by the logistic regression; requests per second from "
        "1, 8 and 32 callers, latency at 8, processor time per request at 32."
    )
    yield table(
        [
            *("contender", "1", "8", "32", "p50, ms", "p99, ms"),
            *("CPU, µs", "start, s", "memory, MB"),
        ],
        [_contender(one) for one in results.contenders],
    )
    if with_pictures:
        yield f"![Requests per second of each contender, by model]({pictures.THROUGHPUT})"
    yield "The other models, 32 callers, requests per second:"
    yield table(
        ["contender", *MODELS],
        [
            [one.title, *(_rate(one.cell(model, 32)) for model in MODELS)]
            for one in results.contenders
            if one.cells and one.cells[0].model
        ],
    )
    ours = results.contender("ours")
    if len(ours.cells) > len(MODELS) * len(_CALLERS):
        yield "## Every model, rows and draws"
        yield (
            "rain-tomorrow as deployed. 200 draws are of days of which four fields are known; a "
            f"99th percentile is told of {_FEW} answers or more, a median of {_FEW_EACH} to each "
            "caller."
        )
        yield _matrix(ours)
    yield from _memory(results)


def _contender(one: Measured) -> list[str]:
    if one.missing:
        return [one.title, one.missing, *[""] * 7]
    cells = [one.cell(LR, callers) for callers in _CALLERS]
    return [
        one.title,
        *map(_rate, cells),
        _milliseconds(_p50(cells[1])),
        _milliseconds(_p99(cells[1])),
        _NOTHING if cells[2] is None else f"{cells[2].cpu_us:,.0f}",
        _NOTHING if one.start is None else f"{one.start:.2f}",
        _NOTHING if one.pss_bytes is None else f"{one.pss_bytes / 1e6:.0f}",
    ]


def _matrix(ours: Measured) -> str:
    kinds = dict.fromkeys((cell.model, cell.rows, cell.draws) for cell in ours.cells)
    rows = []
    for model, size, draws in kinds:
        cells = [ours.cell(model, callers, size, draws) for callers in _CALLERS]
        cpu = cells[1].cpu_us if cells[1] else 0
        latency = [f"{_milliseconds(_p50(c))}, {_milliseconds(_p99(c))}" for c in cells if c]
        rows.append(
            [f"`{model}`", f"{size}", f"{draws}", *map(_rate, cells), *latency, f"{cpu:,.0f}"]
        )
    percentiles = [f"p50, p99 at {callers}, ms" for callers in _CALLERS]
    return table(
        ["model", "rows", "draws", *map(str, _CALLERS), *percentiles, "CPU at 8, µs"], rows
    )


def _turns(results: Results) -> Iterator[str]:
    titles = {one.name: one.title for one in results.contenders}
    yield "## In turns"
    yield (
        "One whole day from 32 callers. All servers run at once, on the same core, and each is "
        f"asked for a second in its turn, {len(results.turns[0].per_second)} rounds: whatever the "
        "machine's speed is, it is the same for all of a round. Medians of the rounds; in "
        "brackets, their quartiles."
    )
    yield table(
        ["contender", "model", "requests/s", "ours, same model, against it"],
        [
            [
                titles.get(one.name, one.name),
                f"`{one.model}`" if one.model else _NOTHING,
                f"{statistics.median(one.per_second):,.0f}",
                _quartiles(results.rates("ours", one.model or LR), one.per_second),
            ]
            for one in results.turns
        ],
    )


def _quartiles(ours: Sequence[float], theirs: Sequence[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    low, middle, high = np.percentile(ratios, (25, 50, 75))
    return f"{middle:.3g} x ({low:.3g} to {high:.3g})"


def _memory(results: Results) -> Iterator[str]:
    watched = [one for one in results.contenders if one.mixed]
    if not watched:
        return
    yield "## Memory under mixed requests"
    yield table(
        ["contender", "requests", "before, MB", "half way, MB", "after, MB", "growth, last half"],
        [
            [
                one.title,
                f"{one.mixed[-1].requests:,}",
                *(f"{one.mixed[at].pss_bytes / 1e6:.1f}" for at in (0, len(one.mixed) // 2, -1)),
                f"{growth(one) or 0:.2f} %",
            ]
            for one in watched
        ],
    )


def _bars(all_bars: Sequence[Bar]) -> str:
    words = {True: "met", False: "**missed**", None: "not measured"}
    return table(
        ["what", "bar", "measured", ""],
        [
            [
                bar.text,
                f"{'≥' if bar.at_least else '≤'} {_amount(bar.limit, bar.unit)}",
                _NOTHING if bar.figure is None else _amount(bar.figure, bar.unit),
                words[bar.met],
            ]
            for bar in all_bars
        ],
    )


def _amount(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{number} {unit}"


def _profile(profile: Profile, *, with_pictures: bool) -> Iterator[str]:
    yield "## Without HTTP"
    yield (
        "One whole day, median, microseconds on one core; each stage is timed in its turn, and the "
        "last column by itself, without the clock between the stages. *Gather* is means, "
        "intervals and thresholds."
    )
    names = list(next(iter(profile.stages.values())))
    yield table(
        ["model", *names, "everything"],
        [
            [f"`{model}`", *(f"{took[name]:.1f}" for name in names), f"{profile.whole[model]:.0f}"]
            for model, took in profile.stages.items()
        ],
    )
    yield (
        "What a request costs is a constant and as much again for each row or draw; *off* is how "
        "far the furthest figure lies from that line. The draws are those of one day with gaps. "
        "*Rows per second* are encoded and scored, when 10,000 come in one request."
    )
    yield table(
        [
            *("model", "constant, µs", "each row, µs", "off"),
            *("constant, µs", "each draw, µs", "off", "rows per second"),
        ],
        [
            [
                f"`{model}`",
                *_line(profile.rows[model]),
                *_line(profile.draws[model]),
                f"{profile.rows_per_second[model]:,.0f}",
            ]
            for model in profile.rows
        ],
    )
    if with_pictures:
        yield f"![Cost without HTTP against rows and draws, logarithmic]({pictures.COST})"


def fit(curve: Mapping[int, float]) -> tuple[float, float, float]:
    """Line through costs: constant, slope, and the largest relative distance from it.

    Relative distances are what is made least: an absolute fit would see the largest sizes only.
    """
    sizes, costs = np.array([*curve], dtype=float), np.array([*curve.values()])
    weighted = np.stack([1 / costs, sizes / costs], axis=1)
    (constant, slope), *_ = np.linalg.lstsq(weighted, np.ones(len(costs)), rcond=None)
    off = np.abs((constant + slope * sizes) / costs - 1).max()
    return float(constant), float(slope), float(off)


def _line(curve: Mapping[int, float]) -> list[str]:
    constant, slope, off = fit(curve)
    return [f"{constant:,.0f}", f"{slope:.1f}", f"{off:.0%}"]


def _rate(cell: Cell | None) -> str:
    if cell is None:
        return _NOTHING
    return f"{cell.per_second:,.0f}" if cell.per_second >= 10 else f"{cell.per_second:.1f}"


def _p50(cell: Cell | None) -> float | None:
    return None if cell is None or cell.answers < _FEW_EACH * cell.callers else cell.p50_ms


def _p99(cell: Cell | None) -> float | None:
    return None if cell is None or cell.answers < _FEW else cell.p99_ms


def _milliseconds(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"
