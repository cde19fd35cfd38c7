"""The parts of documents that a program writes."""

from pathlib import Path

import pytest

from scripts import measured
from scripts.training.failure import Failure

BEGIN = "<!-- begin -->"


def test_place_is_looked_for_beforehand(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    with pytest.raises(FileNotFoundError):
        measured.require(document, BEGIN)
    document.write_text(f"# Document\n\n{BEGIN}\n")
    with pytest.raises(Failure, match="put them back"):
        measured.require(document, BEGIN)
    text = f"# Document\n\n{BEGIN}\n\n{measured.END}\n"
    document.write_text(text)
    measured.require(document, BEGIN)
    assert document.read_text() == text


def test_file_that_cannot_be_written_is_found_beforehand(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "figures.json"):
        with pytest.raises(Failure, match="cannot be written"):
            measured.require_writable(path)
    for name in ("new", "old", "old"):
        measured.require_writable(tmp_path / name)
        (tmp_path / "old").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
