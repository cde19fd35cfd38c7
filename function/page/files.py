"""The page and the files that it is made of, as they lie beside this module."""

import functools
from pathlib import Path
from typing import Final

from function.call import HTML, Answer
from function.manners import OF_PAGE, OF_PAGE_FILE
from function.problems import NotFound

_TEXT: Final = "; charset=utf-8"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}
_FOLDER: Final = Path(__file__).parent
FILES: Final = {
    path.name: _TYPES[path.suffix] + _TEXT
    for path in sorted(_FOLDER.iterdir())
    if path.suffix in _TYPES
}
"""Files beside the page, and their types."""
_HEADERS: Final = {**OF_PAGE, "Vary": "Accept"}


def page() -> Answer:
    """Give the page."""
    return Answer(_content("index.html"), HTML + _TEXT, headers=_HEADERS, constant=True)


def file(name: str) -> Answer:
    """Give a file beside the page; raises `NotFound`."""
    if name not in FILES:
        raise NotFound("There is no such file; GET / is the page, for a browser.")
    return Answer(_content(name), FILES[name], headers=OF_PAGE_FILE, constant=True)


@functools.cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()
