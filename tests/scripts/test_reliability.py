"""Figures of what the function withstands, and the document that tells them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from scripts import reliability
from scripts.reliability import DOCS, Figure
from scripts.training.failure import Failure

LOST = Figure("requests lost", "0", "0 of 50", met=True, command="./scripts/test --full tests")
LATE = Figure("answers late", "<= 1 s", "3 s", met=False, command="scripts/soak --minutes 1")


def test_figures_are_kept_in_their_order(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="measure them"):
        reliability.figures(tmp_path)
    reliability.record(LOST, tmp_path)
    reliability.record(LATE, tmp_path)
    again = msgspec.structs.replace(LOST, measured="1 of 50", met=False)
    reliability.record(again, tmp_path)
    assert reliability.figures(tmp_path) == [again, LATE]


def test_figures_recorded_at_the_same_time(tmp_path: Path) -> None:
    many = [msgspec.structs.replace(LOST, what=f"{each}") for each in range(50)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda figure: reliability.record(figure, tmp_path), many))
    assert {each.what for each in reliability.figures(tmp_path)} == {each.what for each in many}


def test_damaged_figures_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / reliability.FIGURES
    path.write_text('[{"what": 7}]')
    with pytest.raises(Failure, match="is damaged"):
        reliability.record(LOST, tmp_path)
    assert path.read_text() == '[{"what": 7}]'


def test_document_is_written(tmp_path: Path) -> None:
    reliability.record(LOST, tmp_path)
    reliability.record(LATE, tmp_path)
    document = tmp_path / reliability.DOCUMENT
    document.write_text("# Reliability\n")
    with pytest.raises(Failure, match="put them back"):
        reliability.write_docs(tmp_path)
    document.write_text((DOCS / reliability.DOCUMENT).read_text())
    reliability.write_docs(tmp_path)
    text = document.read_text()
    assert text.startswith("# Reliability\n")
    assert "| requests lost | 0 | 0 of 50 | met | `./scripts/test --full tests` |" in text
    assert "| answers late | <= 1 s | 3 s | **missed** | `scripts/soak --minutes 1` |" in text


def test_committed_document_tells_the_committed_figures() -> None:
    text = (DOCS / reliability.DOCUMENT).read_text()
    assert reliability.table(reliability.figures()) in text
