"""The documents' blocks of code, and what is done with each.

The line before a block, which a reader does not see, says so:

    <!-- tested -->                                run against a function; it prints what is shown
    <!-- tested with scripts/environment NAME -->  Python; the block after it is what it prints
    <!-- tested by PATH -->                        run by that test
    <!-- parsed -->                                data, which are read
    <!-- needs WHAT -->                            not run; grammar and options are checked
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.serving import ROOT

DOCUMENTS: Final = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
NEEDS: Final = (
    *("a cluster", "a Docker engine", "a network", "a terminal", "another machine"),
    *("minutes", "the observations"),
)
_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$"
    r"(?:\n\n```text\n(?P<shown>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
# Quotes may span lines, and so may a command whose line ends in a backslash.
_COMMAND: Final = re.compile(r"^\$ ((?:[^'\\\n]|\\.|'[^']*')*)(?:\n|\Z)", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code; `shown` is a block of text right after it."""

    document: Path
    line: int
    mark: str
    language: str
    code: str
    shown: str

    def __str__(self) -> str:
        """Where it is."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    def session(self) -> Sequence[tuple[str, str]]:
        """Commands after a `$`, and what stands below each."""
        before, *parts = _COMMAND.split(self.code)
        assert not before.strip(), f"{self} does not begin with a command"
        return list(zip(parts[::2], parts[1::2], strict=True))


def blocks() -> Iterator[Block]:
    """All blocks of all documents."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            mark, language, code, shown = (part or "" for part in match.groups())
            line = text.count("\n", 0, match.start("code"))
            yield Block(document, line, mark, language, code, shown)


def commands() -> Iterator[tuple[str, str]]:
    """Every command that the documents name: where, and the command."""
    for block in blocks():
        if block.language == "console":
            yield from ((str(block), command) for command, _ in block.session())
    for document in DOCUMENTS:
        prose = _BLOCK.sub("", document.read_text(encoding="utf-8"))
        for command in re.findall(r"`((?:\./)?scripts/[^`]+|kubectl [^`]+)`", prose):
            yield str(document.relative_to(ROOT)), command
