"""Every direct dependency has its line, in the section of its set, and a pin in its lock."""

import re
import tomllib
from typing import Any

import pytest

from tests.serving import ROOT

SETS = {
    "Serving": "function",
    "Training": "scripts",
    "Tests": "tests",
    "Testers": "tests/container/clients",
    "Clients": "tests/inference",
}
HEAVY = {"scikit-learn", "scipy", "pandas", "joblib", "onnx"}
_PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
_NAME = re.compile(r"[A-Za-z0-9-]+")
_ROW = re.compile(r"^\| ([a-z][a-z0-9-]+) \| .+ \| .+ \|$", re.MULTILINE)


def declared(title: str) -> set[str]:
    """Names of a set's direct dependencies in pyproject.toml."""
    groups = _PROJECT["dependency-groups"]
    requirements = {
        "Serving": _PROJECT["project"]["dependencies"],
        "Training": groups["train"],
        "Tests": groups["test"],
        "Testers": groups["tester"],
        "Clients": groups["inference"],
    }[title]
    names = (_NAME.match(each) for each in requirements if isinstance(each, str))
    return {name.group() for name in names if name}


def pins(title: str) -> set[str]:
    """Pins of a set's lock, as `name==version`."""
    lock = (ROOT / SETS[title] / "requirements.txt").read_text()
    return set(re.findall(r"^[a-z0-9-]+==[^ ]+", lock, re.MULTILINE))


@pytest.mark.parametrize("title", SETS)
def test_each_has_a_line(title: str) -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    section = text.partition(f"## {title}")[2].partition("\n## ")[0]
    heading, *listed = _ROW.findall(section)
    assert heading == "package"
    assert listed == sorted(declared(title))


@pytest.mark.parametrize("title", SETS)
def test_each_is_pinned(title: str) -> None:
    pinned = {pin.partition("==")[0] for pin in pins(title)}
    assert declared(title) - pinned == set()


def test_each_set_holds_the_one_before() -> None:
    assert pins("Serving") < pins("Training") < pins("Tests")
    assert pins("Testers") < pins("Tests")


def test_serving_is_light() -> None:
    assert not HEAVY & {pin.partition("==")[0] for pin in pins("Serving")}


@pytest.mark.parametrize("title", SETS)
def test_lock_names_no_index_and_no_place(title: str) -> None:
    lock = (ROOT / SETS[title] / "requirements.txt").read_text()
    assert not re.search(r"://|--index|--extra|--find|@ |#", lock)
