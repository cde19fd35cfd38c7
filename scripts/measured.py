"""The parts of documents that a program writes, from what it measured."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from scripts.training.failure import Failure

END: Final = "<!-- end of what was measured -->"
_RIGHT: Final = "---:"
_LEFT: Final = "---"


def replace(document: Path, begin: str, sections: Iterable[str]) -> None:
    """Put these sections between the line `begin` and the line `END` of a document.

    Raises:
        Failure: The document has no place for them.

    """
    parts = document.read_text(encoding="utf-8").partition(begin)
    before, (_, mark, after) = parts[0], parts[2].partition(END)
    if not mark:
        raise Failure(f"{document} has lost its lines {begin} and {END}; put them back.")
    measured = "\n\n".join([begin, *sections, END])
    document.write_text(before + measured + after, encoding="utf-8")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = True) -> str:
    """Markdown of a table; `figures` stand to the right in every column but the first."""
    marks = [_LEFT, *[_RIGHT if figures else _LEFT] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, marks, *rows))
