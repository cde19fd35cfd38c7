"""The documents' pictures are of the committed figures."""

from pathlib import Path

import pytest

from scripts.training import plots
from scripts.training.failure import Failure
from tests.serving import ROOT


def test_committed_pictures_are_of_the_committed_figures(tmp_path: Path) -> None:
    plots.write(ROOT / "data", tmp_path)
    for name in plots.PICTURES:
        assert (tmp_path / name).read_bytes() == (ROOT / "docs" / name).read_bytes(), name


def test_missing_figures_are_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="restore them"):
        plots.write(tmp_path, tmp_path)
