"""Every package is pinned by its checksum, wherever one is installed."""

import re
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.serving import ROOT

LOCKS: Final = sorted(ROOT.glob("[!.]*/**/requirements.txt"))


def test_locks_are_found() -> None:
    assert {str(lock.relative_to(ROOT)) for lock in LOCKS} >= {
        "function/requirements.txt",
        "scripts/requirements.txt",
        "tests/requirements.txt",
        "tests/container/clients/requirements.txt",
        "tests/inference/requirements.txt",
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_line_of_a_lock_has_a_version_and_hashes(lock: Path) -> None:
    pins = lock.read_text().replace("\\\n", " ").splitlines()
    assert pins
    for pin in pins:
        text, *hashes = re.split(r"\s+--hash=", pin.strip())
        (version,) = Requirement(text).specifier
        assert version.operator == "=="
        assert "*" not in version.version
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes)


@pytest.mark.parametrize(
    "file",
    ["Dockerfile", "tests/container/clients/Dockerfile", "scripts/environment"],
)
def test_whatever_installs_checks_the_hashes(file: str) -> None:
    text = (ROOT / file).read_text()
    installs = [line for line in text.splitlines() if re.search(r"pip[\", ]+install", line)]
    assert installs
    assert text.count("--require-hashes") >= 1
    assert text.count("--no-deps") >= 1


def test_same_package_is_the_same_in_every_set() -> None:
    """But for the clients of the inference protocol, which hold others back."""
    sets = [lock for lock in LOCKS if lock.parent.name != "inference"]
    pins: dict[str, set[str]] = {}
    for lock in sets:
        for name, version in re.findall(
            r"^([A-Za-z0-9_.-]+)==(\S+)", lock.read_text(), re.MULTILINE
        ):
            pins.setdefault(name, set()).add(version)
    serving = (ROOT / "function" / "requirements.txt").read_text()
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", serving, re.MULTILINE):
        assert version in pins[name]
        assert len(pins[name]) == serving.count(f"\n{name}==") + serving.startswith(f"{name}==")
