"""The report, the drawings and README's figures tell what was measured, in the same bytes."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pypdf
import pytest

from scripts.benchmark.bars import bars
from scripts.benchmark.results import Results
from scripts.typesetting import glance, markup
from scripts.typesetting.__main__ import DRAWINGS, REPORT, drawing, report
from scripts.typesetting.figures import DOCS, facts
from tests.docs.blocks import commands
from tests.serving import ROOT

SOURCE = (DOCS / "report" / "report.typ").read_text()
_TESTS = re.compile(r"^(?:tests/\w+|all) \d+$", re.MULTILINE)  # of which there are more every day


def read(path: str) -> Any:
    return json.loads((ROOT / path).read_text())


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages)


def packed(text: str) -> str:
    """Without spaces, which a page breaks as it likes."""
    return "".join(re.sub(r"[`*'\u2019]", "", text).split())


@pytest.fixture(scope="module")
def made() -> bytes:
    return report()


@pytest.fixture(scope="module")
def committed() -> str:
    return text_of((DOCS / REPORT).read_bytes())


def test_the_same_bytes_twice(made: bytes) -> None:
    assert report() == made


def test_the_committed_report_is_current(made: bytes, committed: str) -> None:
    """Make it anew with scripts/report where this fails."""
    assert _TESTS.sub("", committed) == _TESTS.sub("", text_of(made))


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_committed_drawing_is_current(name: str) -> None:
    assert (DOCS / DRAWINGS[name]).read_bytes() == drawing(name)


@pytest.mark.parametrize("file", ["README.md", "README.fr.md"])
def test_the_readmes_figures_are_current(file: str, tmp_path: Path) -> None:
    for name in ("README.md", "README.fr.md"):
        shutil.copy(ROOT / name, tmp_path)
    glance.write(facts(), tmp_path)
    assert (tmp_path / file).read_text() == (ROOT / file).read_text()


def test_it_has_the_models_figures(committed: str) -> None:
    names = ("roc_auc", "brier", "expected_calibration_error", "balanced_accuracy")
    others = ("accuracy", "precision", "recall", "f1")
    for model, figures in read("data/metrics.json")["models"].items():
        row = "".join(f"{figures[name]:.4f}" for name in (*names, *others))
        assert f"{model}{row}" in packed(committed)


def test_it_has_the_models_files(committed: str) -> None:
    for model in read("data/registry.json")["models"]:
        for artifact in model["artifacts"].values():
            size = f"{artifact['size_bytes'] / 1e3:,.0f}"
            assert f"{artifact['file']}{size}{artifact['sha256'][:16]}" in packed(committed)


def test_it_has_every_contender_and_every_bar(committed: str) -> None:
    results = Results.read(DOCS / "performance.json")
    for one in results.contenders:
        assert packed(one.title) in packed(committed)
        cell = one.cell("logistic-regression", 32)
        assert cell is None or f"{cell.per_second:,.0f}" in committed
    for bar in bars(results):
        assert packed(bar.text) in packed(committed)
    met = sum(bar.met for bar in bars(results) if bar.met is not None)
    assert f"; {met} of " in " ".join(committed.split())


def test_it_has_all_that_was_tried(committed: str) -> None:
    for figure in read("docs/reliability.json"):
        for told in (figure["what"], figure["measured"]):
            assert packed(told) in packed(committed)


def test_it_has_the_images_figures(committed: str) -> None:
    image = read("docs/container.json")
    assert f"{image['bytes_above_base'] / 1e6:.0f} MB" in committed
    assert f"{image['start_seconds']:.2f} s" in committed
    assert f"{image['memory_after_requests_bytes'] / 1e6:.0f} MB" in committed


def test_it_has_what_a_report_has(committed: str) -> None:
    pages = pypdf.PdfReader(DOCS / REPORT).pages
    assert 10 <= len(pages) <= 16
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page.extract_text()
    assert "Contents" in committed
    assert "Figure1:" in packed(committed)
    assert "Table1:" in packed(committed)


def test_no_figure_is_typed() -> None:
    """In the text: lengths, colours and commands are the layout's."""
    text = SOURCE.partition("// The first page")[2]
    layout = (
        *(r"```.*?```", r"`[^`\n]*`", r"widths: \([^\n]*\),", r"luma\(\d+\)"),
        *(r"[\d.]+(?:pt|mm|em|fr)\b", r"\d+%(?=[,)])", r"Python 3\.\d+"),
    )
    text = re.sub("|".join(layout), "", text, flags=re.DOTALL)
    assert re.findall(r"\d[\d,.]*\d|\d+ ?(?:%|ms|s|MB|µs|times)\b", text) == ["22", "32", "32"]


def test_commands_are_those_of_the_guides() -> None:
    known = {command for _, command in commands()}
    shown = re.findall(r"^\$ (.+)$", SOURCE, re.MULTILINE)
    assert len(shown) >= 8
    assert set(shown) <= known


def test_markdown_becomes_markup() -> None:
    table = "## Bars\n\n| what | |\n| --- | --- |\n| `a_b`; *c* | **missed** #1 [d](e.md) |\n"
    (found,) = markup.tables(table).values()
    assert found.headings == ["what", ""]
    assert found.rows == [['#raw("a_b");; #emph[c];', r"#strong[missed]; \#1 d"]]


def test_a_second_table_is_told_from_the_first() -> None:
    table = "| a |\n| --- |\n| b |\n"
    assert [*markup.tables(f"# t\n\n{table}\n{table}")] == ["t", "t, 2"]
