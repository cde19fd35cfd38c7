"""What only the tests of the function's parts need."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from function.artifacts import Artifacts
from function.models import Models
from tests.serving import ROOT


class Clock:
    """The monotonic clock, in a test's own hands."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    hands = Clock()
    monkeypatch.setattr(time, "monotonic", hands)
    return hands


@pytest.fixture
def learned(tmp_path: Path) -> Callable[[str, bytes], Artifacts]:
    """Puts other bytes in the place of a learned file, and gives the data folder of it."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data", folder, ignore=shutil.ignore_patterns("train_test", "raw"))

    def replace(name: str, content: bytes) -> Artifacts:
        (folder / name).write_bytes(content)
        registry = json.loads((folder / "registry.json").read_text())
        registry["files"][name]["sha256"] = hashlib.sha256(content).hexdigest()
        registry["files"][name]["size_bytes"] = len(content)
        (folder / "registry.json").write_text(json.dumps(registry))
        return Artifacts(folder)

    return replace


@pytest.fixture(scope="session")
def models(artifacts: Artifacts) -> Models:
    return Models(artifacts)
