"""The documents' commands do what they show."""

import os
import re
import subprocess

import pytest

from tests.serving import ROOT, Server

README = (ROOT / "README.md").read_text()
DOCUMENTS = [README, *(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))]
_TESTED = re.compile(r"<!-- tested -->\n```console\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"^\$ ((?:[^'\n]|'[^']*')*)\n", re.MULTILINE)  # quotes may span lines
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def snippets() -> list[tuple[str, str]]:
    """Commands, and what the documents say that they print."""
    found: list[tuple[str, str]] = []
    for block in (block for document in DOCUMENTS for block in _TESTED.findall(document)):
        _, *parts = _COMMAND.split(block)
        found += zip(parts[::2], parts[1::2], strict=True)
    return found


def words_and_numbers(text: str) -> tuple[list[str], list[float]]:
    """The text without bars and spacing, and its numbers."""
    parts = _NUMBER.split(" ".join(text.replace("█", " ").split()))
    return parts[::2], [float(number) for number in parts[1::2]]


@pytest.mark.parametrize(("command", "shown"), snippets(), ids=lambda text: text[:30])
def test_snippet(server: Server, command: str, shown: str) -> None:
    done = subprocess.run(
        command.replace("http://127.0.0.1:8080", server.url),
        shell=True,
        cwd=ROOT,
        env={**os.environ, "RAIN_URL": server.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    words, numbers = words_and_numbers(done.stdout)
    shown_words, shown_numbers = words_and_numbers(shown)
    assert words == shown_words
    # To the last digit shown, or 2 %: a processor may round a probability otherwise.
    assert numbers == pytest.approx(shown_numbers, rel=0.02)


def test_every_session_is_tested_but_the_servers() -> None:
    """Those of the servers are tests of their own."""
    assert README.count("```console") == README.count("<!-- tested -->") + 2
    assert "```console\n$ ./scripts/serve\n```" in README
    assert "```console\n$ docker build " in README


@pytest.mark.parametrize("target", sorted(set(_LINK.findall(README))))
def test_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
