"""What only the tests of the function's parts need."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from function.artifacts import Artifacts
from function.models import Models
from tests.serving import ROOT


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
