"""The bill of materials, and the licenses."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from function.artifacts import Artifacts
from function.pinned import REGISTRY_SHA256
from scripts import materials
from scripts.training.failure import Failure
from tests.serving import ROOT


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(materials.written(materials.bill(materials.packages())))
    return found


def test_every_package_of_the_lock_is_in_it(bill: dict[str, Any]) -> None:
    libraries = [each for each in bill["components"] if each["type"] == "library"]
    lock = materials.LOCK.read_text().splitlines()
    pins = {line.split(" ")[0] for line in lock if "==" in line}
    for library in libraries:
        assert f"{library['name']}=={library['version']}" in pins
        purl = PackageURL.from_string(library["purl"])
        assert (purl.type, purl.name, purl.version) == ("pypi", library["name"], library["version"])
        assert library["licenses"]
        (source,) = library["externalReferences"]
        assert {each["alg"] for each in source["hashes"]} == {"SHA-256"}
    # NumPy has two pins, one of which is for another Python.
    assert {library["name"] for library in libraries} == {pin.split("==")[0] for pin in pins}


def test_what_was_learned_is_in_it(bill: dict[str, Any]) -> None:
    registry = Artifacts(ROOT / "data").registry
    listed = {
        each["name"]: each["hashes"][0]["content"]
        for each in bill["components"]
        if each["type"] in {"data", "machine-learning-model"}
    }
    expected = {f"data/{name}": each.sha256 for name, each in registry.files.items()}
    onnx = [card.artifacts["onnx"] for card in registry.models]
    expected |= {f"data/{each.file}": each.sha256 for each in onnx}
    assert listed == expected | {"data/registry.json": REGISTRY_SHA256}


def test_what_needs_what(bill: dict[str, Any]) -> None:
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert any(ref.startswith("pkg:pypi/flask@") for ref in needs["rain-tomorrow"])
    (flask,) = (ref for ref in needs if ref.startswith("pkg:pypi/flask@"))
    assert any(ref.startswith("pkg:pypi/werkzeug@") for ref in needs[flask])
    known = {each["bom-ref"] for each in bill["components"]} | {"rain-tomorrow"}
    assert needs.keys() == known
    assert {ref for refs in needs.values() for ref in refs} <= known


def test_same_bytes_every_time_and_a_time_only_when_given(tmp_path: Path) -> None:
    made = []
    for seed, epoch in (("1", ""), ("2", ""), ("3", "1700000000")):
        file = tmp_path / f"{seed}.json"
        subprocess.run(
            [sys.executable, "-m", "scripts.materials", file],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": epoch},
        )
        made.append(file.read_text())
    assert made[0] == made[1]
    assert "timestamp" not in made[0]
    assert json.loads(made[2])["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("epoch", ["yesterday", "99999999999999", "9" * 30])
def test_time_that_is_none(epoch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(Failure, match=f"SOURCE_DATE_EPOCH={epoch} is no time"):
        materials.bill([])


def test_lock_of_something_that_is_not_installed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"nowhere==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Failure, match=r"nowhere 1\.0 is not installed here"):
        materials.packages(lock)


def test_license_that_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nLicense: mine\n")
    with pytest.raises(Failure, match="license of odd is not known"):
        materials.license_of(importlib.metadata.Distribution.at(tmp_path))


@pytest.mark.parametrize("name", sorted(materials._BSD_3))
def test_license_that_only_its_file_tells(name: str) -> None:
    files = importlib.metadata.files(name) or []
    (text,) = (file.read_text() for file in files if file.name.startswith("LICENSE"))
    assert text.count("Redistribution") == 3
    assert "Neither the name" in text


def test_document_lists_the_licenses() -> None:
    text = (ROOT / "docs" / "licenses.md").read_text()
    assert materials.licenses(materials.packages()) in text


def test_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["sbom", str(tmp_path)])
    with pytest.raises(Failure, match="name a file elsewhere"):
        materials.main()
