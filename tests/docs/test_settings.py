"""Every environment variable is documented, and none that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import functions_framework
import pytest

from function.process import ALLOCATOR
from function.settings import Server, Settings
from scripts.benchmark.contenders import Ours
from tests.serving import ROOT

_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)
_READ = re.compile(
    r"""(?:(?:os\.environ(?:\.get\(|\.setdefault\(|\[)|\bsetting\()\s*["']|\$\{)([A-Z_]+)(?:["']|:-)"""
)
DOCUMENTED = dict(_ROW.findall((ROOT / "docs" / "settings.md").read_text()))
SETTINGS = {
    name.upper(): getattr(settings, name)
    for settings in (Settings(), Server())
    for name in settings.__struct_fields__
}


def sources() -> Iterator[Path]:
    yield from (ROOT / "function").rglob("*.py")
    for path in (ROOT / "scripts").rglob("*"):
        if path.is_file() and path.suffix in {"", ".py"}:
            yield path
    yield from ROOT.glob("compose*.yaml")
    yield from (ROOT / "tests" / "container" / "clients").glob("*.py")


def test_all_are_documented() -> None:
    read = {name for path in sources() for name in _READ.findall(path.read_text())}
    assert {"PORT", "RAIN_URL"} <= read
    assert (read | SETTINGS.keys()) - DOCUMENTED.keys() == set()


def test_all_that_are_documented_exist() -> None:
    read = {name for path in sources() for name in _READ.findall(path.read_text())}
    package = Path(functions_framework.__file__).parent
    framework = "".join(path.read_text() for path in package.rglob("*.py"))
    others = DOCUMENTED.keys() - read - SETTINGS.keys() - Ours.variables.keys()
    assert {name for name in others if f'"{name}"' not in framework} == set()


def test_allocators() -> None:
    assert DOCUMENTED["_RJEM_MALLOC_CONF"] == f"`{ALLOCATOR}`"
    assert DOCUMENTED["GLIBC_TUNABLES"] == f"in the image `{Ours.variables['GLIBC_TUNABLES']}`"


@pytest.mark.parametrize("name", SETTINGS)
def test_default(name: str) -> None:
    default = SETTINGS[name]
    if name == "DATA_DIR" or default in {"", None}:
        assert DOCUMENTED[name]
    else:
        assert DOCUMENTED[name] == f"`{default}`"
