"""Werkzeug is imported through one module, or threads that begin at once break each other's."""

import re

from tests.serving import ROOT

_IMPORT = re.compile(r"^\s*(from|import) werkzeug\b", re.MULTILINE)


def test_nothing_else_imports_werkzeug() -> None:
    sources = (ROOT / "function").rglob("*.py")
    assert [path.name for path in sources if _IMPORT.search(path.read_text())] == ["web.py"]
