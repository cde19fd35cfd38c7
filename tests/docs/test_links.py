"""Links lead somewhere, pictures are there and described, and nothing is left unmentioned."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCUMENTS
from tests.serving import ROOT

_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
INDEX = ROOT / "docs" / "README.md"


def links(document: Path) -> Iterator[tuple[bool, str, str]]:
    """Whether it is a picture, its text, and its target."""
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    for mark, title, target in _LINK.findall(text):
        yield mark == "!", title, target


def anchors(document: Path) -> set[str]:
    """Names of a document's headings, as GitHub makes them."""
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in _HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in plain}


def target_of(document: Path, link: str) -> tuple[Path, str]:
    """File and anchor that a relative link of a document leads to."""
    path, _, anchor = link.partition("#")
    return (document.parent / path).resolve() if path else document, anchor


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for _, _, link in links(document):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "http://www.bom.gov.au/", "mailto:")), link
            continue
        path, anchor = target_of(document, link)
        assert path.is_relative_to(ROOT), link
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_pictures_are_described(document: Path) -> None:
    assert all(title.strip() for picture, title, _ in links(document) if picture)


def test_the_index_leads_to_every_guide() -> None:
    known = {target_of(INDEX, link)[0] for _, _, link in links(INDEX)}
    known |= {INDEX, ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "docs" / "decisions"}
    lost = {path for path in DOCUMENTS if path not in known}
    assert {path for path in lost if path.parent != ROOT / "docs" / "decisions"} == set()


def test_every_picture_is_shown() -> None:
    shown = {target_of(path, link)[0] for path in DOCUMENTS for _, _, link in links(path)}
    pictures = {*(ROOT / "docs").glob("*.svg"), *(ROOT / "docs").glob("*.png")}
    assert pictures - shown == set()


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = {
        target_of(folder / "README.md", link)[0] for _, _, link in links(folder / "README.md")
    }
    assert {*folder.glob("[0-9]*.md")} <= listed
