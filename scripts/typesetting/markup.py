"""Markdown of the guides as Typst's markup, so that the report says what the guides say."""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")
_SPECIAL: Final = re.compile(r"([\\#$@<>_*`\[\]~/=+-])")
_REFERENCE: Final = re.compile(r"\s*\(\[[^\]]*\]\([^)]*\)\)")  # to another guide, in parentheses
_PLAIN: Final = {
    "strong_open": "#strong[",
    "em_open": "#emph[",
    "strong_close": "];",
    "em_close": "];",
    "softbreak": " ",
    "hardbreak": " ",
}


class Table(NamedTuple):
    """A table: its headings, and the cells of its rows, as Typst's markup."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def plain(text: str) -> str:
    """Markup that shows a text as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def inline(tokens: Sequence[Token]) -> str:
    """Markup of what stands in a line; a link is its words."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "code_inline":
            parts.append(f"#raw({_string(token.content)});")
        elif token.type == "text":
            parts.append(plain(token.content))
        else:
            parts.append(_PLAIN.get(token.type, ""))
    return "".join(parts)


def tables(markdown: str) -> dict[str, Table]:
    """Tables of a document, by the heading above them; a second one there has `, 2` behind it."""
    found: dict[str, Table] = {}
    heading, rows = "", [[""]]
    for token, after in _pairs(markdown):
        if token.type == "heading_open":
            heading = after.content
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in {"th_open", "td_open"}:
            rows[-1].append(inline(after.children or []))
        elif token.type == "table_close":
            again = sum(name.partition(", ")[0] == heading for name in found)
            found[f"{heading}, {again + 1}" if again else heading] = Table(rows[0], rows[1:])
    return found


def sections(path: Path) -> dict[str, Sequence[str]]:
    """Paragraphs of a document by the heading above them, as markup; its title is under `title`."""
    found: dict[str, list[str]] = {}
    heading = ""
    for token, after in _pairs(path.read_text(encoding="utf-8")):
        if token.type == "heading_open":
            heading = "title" if token.tag == "h1" else after.content
            found[heading] = [inline(after.children or [])] if token.tag == "h1" else []
        elif token.type == "paragraph_open" and heading != "title":
            found[heading].append(inline(after.children or []))
    return {name: tuple(paragraphs) for name, paragraphs in found.items()}


def _pairs(markdown: str) -> Iterator[tuple[Token, Token]]:
    """Each token of a document and the one after it; the last one is after itself."""
    tokens = _MARKDOWN.parse(_REFERENCE.sub("", markdown))
    return itertools.pairwise([*tokens, *tokens[-1:]])


def _string(text: str) -> str:
    """Typst's literal of a text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
