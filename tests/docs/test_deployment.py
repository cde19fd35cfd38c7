"""What the guides to a cluster name is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT

GUIDES = {name: (ROOT / "docs" / name).read_text() for name in ("installation.md", "run.md")}
TEXT = "\n".join(GUIDES.values())
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", GUIDES)
def test_links_lead_somewhere(name: str) -> None:
    for file, anchor in _LINK.findall(GUIDES[name]):
        target = ROOT / "docs" / (file or name)
        assert target.exists(), target
        assert not anchor or anchor in anchors(target.read_text()), anchor


@pytest.mark.parametrize("folder", sorted(set(re.findall(r"apply -k (\S+?)[`\s,]", TEXT))))
def test_folder_can_be_applied(folder: str) -> None:
    assert (ROOT / folder / "kustomization.yaml").exists()


def test_files_are_there() -> None:
    files = set(re.findall(r"`(knative/[a-z/.-]+)`", TEXT))
    assert len(files) > 5
    assert {file for file in files if not (ROOT / file).exists()} == set()


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("deploy", [ROOT / "scripts" / "deploy", "--help"]),
        ("credentials", ["-m", "scripts.deployment.credentials", "FILE", "add", "--help"]),
        ("call", [ROOT / "scripts" / "call", "predict", "--help"]),
    ],
)
def test_options_exist(script: str, command: list[str | Path]) -> None:
    joined = TEXT.replace("\\\n", " ")
    used = {
        option
        for line in re.findall(rf"scripts/{script}\b([^`\n]*)", joined)
        for option in re.findall(r"--[a-z-]+", line)
    }
    shown = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert used
    assert {option for option in used if option not in shown} == set()


def test_every_option_of_deploy_is_explained() -> None:
    shown = subprocess.run(
        [sys.executable, ROOT / "scripts" / "deploy", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE))
    assert len(options) == 7
    assert {option for option in options if f"`{option}" not in GUIDES["installation.md"]} == set()
