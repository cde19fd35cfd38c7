"""The protocols' document: its Python does what it shows."""

import re
import subprocess

import pytest

from tests.docs.test_readme import words_and_numbers
from tests.serving import ROOT, Server

TEXT = (ROOT / "docs" / "protocols.md").read_text()
_TESTED = re.compile(
    r"<!-- tested with scripts/environment (\w+) -->\n```python\n(.*?)```\n\n```text\n(.*?)```",
    re.DOTALL,
)
SNIPPETS = _TESTED.findall(TEXT)


@pytest.mark.parametrize(("environment", "code", "shown"), SNIPPETS)
def test_snippet(server: Server, environment: str, code: str, shown: str) -> None:
    python = subprocess.run(
        [ROOT / "scripts" / "environment", environment], capture_output=True, text=True, check=True
    ).stdout.strip()
    done = subprocess.run(
        [python, "-c", code.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words, numbers = words_and_numbers(done.stdout)
    shown_words, shown_numbers = words_and_numbers(shown)
    assert words == shown_words
    assert numbers == pytest.approx(shown_numbers, rel=0.02)


def test_all_python_is_tested() -> None:
    assert TEXT.count("```python") == len(SNIPPETS) == 3
