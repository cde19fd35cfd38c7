"""The parts of documents that a program writes, from what it measured."""

import os
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
    before, after = _around(document.read_text(encoding="utf-8"), document, begin)
    measured = "\n\n".join([begin, *sections, END])
    document.write_text(before + measured + after, encoding="utf-8")


def require(document: Path, begin: str) -> None:
    """See that `replace` will find its place: before the measuring, which takes long.

    Raises:
        Failure: The document has none.
        OSError: It cannot be read and written.

    """
    with document.open("r+", encoding="utf-8") as file:
        _around(file.read(), document, begin)


def require_writable(file: Path) -> None:
    """Raise `Failure` where a file cannot be written; likewise before the measuring."""
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise Failure(f"{file} cannot be written; name a file elsewhere.")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = True) -> str:
    """Markdown of a table; `figures` stand to the right in every column but the first."""
    marks = [_LEFT, *[_RIGHT if figures else _LEFT] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, marks, *rows))


def _around(text: str, document: Path, begin: str) -> tuple[str, str]:
    """What stands before and after what was measured; raises `Failure`."""
    parts = text.partition(begin)
    before, (_, mark, after) = parts[0], parts[2].partition(END)
    if not mark:
        raise Failure(f"{document} has lost its lines {begin} and {END}; put them back.")
    return before, after
