"""Nothing that people may use is left out of the documents."""

import os
import tomllib

import pytest

from function.payload import QUERY, FillOptions, PredictDocument
from tests.docs.blocks import DOCUMENTS
from tests.serving import ROOT

TEXT = "\n".join(path.read_text() for path in DOCUMENTS)
SCRIPTS = sorted(
    path.name
    for path in (ROOT / "scripts").iterdir()
    if path.is_file() and os.access(path, os.X_OK)
)
PARAMETERS = sorted({*PredictDocument.__struct_fields__, *FillOptions.__struct_fields__, *QUERY})
MODULES = sorted(
    path.name for path in (ROOT / "function").glob("*.py") if path.name != "__init__.py"
)
MARKS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"][
    "markers"
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_told_of(name: str) -> None:
    assert f"scripts/{name}" in TEXT


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_is_told_of(name: str) -> None:
    assert f"`{name}`" in TEXT or f'"{name}": ' in TEXT


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_room(name: str) -> None:
    rooms = (ROOT / "docs" / "architecture.md").read_text()
    assert f"`{name}`" in rooms or f"`function/{name}`" in rooms


@pytest.mark.parametrize("mark", MARKS)
def test_mark_is_told_of(mark: str) -> None:
    assert f"| `{mark.partition(':')[0]}` |" in (ROOT / "docs" / "testing.md").read_text()


def test_the_testers_are_counted() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    testers = compose.count("\n  test-")
    words = {10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen"}
    text = " ".join((ROOT / "docs" / "container.md").read_text().split())
    assert f"{words[testers]} testers" in text
