"""Each decision has its parts, and what it cites of a guide stands there."""

import re
from pathlib import Path

import pytest

from scripts.typesetting.markup import sections
from tests.serving import ROOT

FOLDER = ROOT / "docs" / "decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
_LINK = re.compile(r"\(\[[^\]]*\]\(([^)#]+)[^)]*\)\)")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_has_its_parts(path: Path) -> None:
    assert [*sections(path)] == ["title", "Why", "Decision", "Measured", "Price"]
    assert all(sections(path).values())


def test_numbers_are_consecutive() -> None:
    numbers = [int(path.name[:2]) for path in DECISIONS]
    assert numbers == [*range(1, len(numbers) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_figures_are_those_of_the_guides(path: Path) -> None:
    """A sentence that ends in a link takes its figures from where the link leads."""
    measured = path.read_text().partition("## Measured")[2].partition("## Price")[0]
    for sentence in re.split(r"(?<=[a-z%\d)])\.\s", " ".join(measured.split())):
        for link in _LINK.findall(sentence):
            cited = set(_NUMBER.findall(_LINK.sub("", sentence)))
            there = set(_NUMBER.findall((FOLDER / link).read_text()))
            assert cited <= there, f"{link} does not say {cited - there}"
