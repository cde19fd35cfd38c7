"""Figures of what the function withstands: kept as JSON, and told in `docs/reliability.md`.

    .venv/test/bin/python -m scripts.reliability

writes the document's table anew from the figures.
"""

import fcntl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from scripts import measured
from scripts.training.failure import Failure, run

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
DOCUMENT: Final = "reliability.md"
FIGURES: Final = "reliability.json"
BEGIN: Final = "<!-- measured by tests/trust and scripts/soak -->"


class Figure(msgspec.Struct, frozen=True):
    """What was tried, what it must reach, what came of it, and the command that tries it again."""

    what: str
    bar: str
    measured: str
    met: bool
    command: str


def record(figure: Figure, docs: Path = DOCS) -> None:
    """Keep a figure, in the place of an older one of the same `what`.

    Raises:
        Failure: The figures so far cannot be read.

    """
    with (docs / FIGURES).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # tests run side by side
        file.seek(0)
        figures = {each.what: each for each in _decoded(file.read() or b"[]", docs)}
        figures[figure.what] = figure
        file.truncate(0)
        file.write(msgspec.json.format(msgspec.json.encode([*figures.values()])) + b"\n")


def figures(docs: Path = DOCS) -> Sequence[Figure]:
    """All figures, in the order in which they were first recorded.

    Raises:
        Failure: They cannot be read.

    """
    try:
        return _decoded((docs / FIGURES).read_bytes(), docs)
    except OSError as error:
        raise Failure(
            f"There are no figures ({error}); measure them: scripts/test --full tests/trust."
        ) from error


def write_docs(docs: Path = DOCS) -> None:
    """Write the table into the document; raises `Failure` where it has no place for it."""
    measured.replace(docs / DOCUMENT, BEGIN, [table(figures(docs))])


def table(recorded: Sequence[Figure]) -> str:
    """Markdown of the figures."""
    rows = [
        [
            each.what,
            each.bar,
            each.measured,
            "met" if each.met else "**missed**",
            f"`{each.command}`",
        ]
        for each in recorded
    ]
    return measured.table(("what", "bar", "measured", "", "again"), rows, figures=False)


def _decoded(content: bytes, docs: Path) -> list[Figure]:
    try:
        return msgspec.json.decode(content, type=list[Figure])
    except msgspec.DecodeError as error:
        raise Failure(f"{docs / FIGURES} is damaged ({error}); restore it.") from error


if __name__ == "__main__":
    run(write_docs)
