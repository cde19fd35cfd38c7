"""The container's document, and what people read of it elsewhere, shows what was measured."""

import shutil
from pathlib import Path

import msgspec

from tests.container.measure import Image, write
from tests.serving import ROOT

DOCS = ROOT / "docs"


def test_table_is_that_of_the_figures(tmp_path: Path) -> None:
    image = msgspec.json.decode((DOCS / "container.json").read_bytes(), type=Image)
    shutil.copy(DOCS / "container.md", tmp_path)
    write(image, tmp_path)
    for name in ("container.md", "container.json"):
        assert (tmp_path / name).read_bytes() == (DOCS / name).read_bytes()


def test_changelog_tells_the_size() -> None:
    image = msgspec.json.decode((DOCS / "container.json").read_bytes(), type=Image)
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"An image of {image.bytes_above_base / 1e6:.0f} MB above its base" in changes
