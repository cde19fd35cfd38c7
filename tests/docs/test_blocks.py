"""What the documents show to type is what there is: run where it can be, and checked where not."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import DOCUMENTS, NEEDS, Block, blocks, commands
from tests.serving import ROOT, Server

BLOCKS = list(blocks())
BIN = Path(sys.executable).parent
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")
_MARK = re.compile(
    r"tested|tested with scripts/environment (?:test|inference)|tested by tests/\S+\.py|parsed"
    rf"|needs (?:{'|'.join(NEEDS)})"
)
_SCRIPT = re.compile(r"(?:\./)?scripts/([\w-]+)")
_FOLDER = re.compile(r"^(?:knative|docs|tests|function|data)(?:/[\w.-]+)*/?$")


def marked(pattern: str) -> list[Block]:
    return [block for block in BLOCKS if re.fullmatch(pattern, block.mark)]


def words_and_numbers(text: str) -> tuple[list[str], list[float]]:
    """The text without bars and spacing, and its numbers."""
    parts = _NUMBER.split(" ".join(text.replace("█", " ").split()))
    return parts[::2], [float(number) for number in parts[1::2]]


def assert_shown(printed: str, shown: str) -> None:
    """What was printed is what is shown, to the last digit shown.

    Or 2 %: a processor may round a probability otherwise.
    """
    words, numbers = words_and_numbers(printed)
    shown_words, shown_numbers = words_and_numbers(shown)
    assert words == shown_words
    assert numbers == pytest.approx(shown_numbers, rel=0.02)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_says_what_is_done_with_it(block: Block) -> None:
    assert _MARK.fullmatch(block.mark), f"{block} has no line before it that says how it is tested"
    assert block.language in {"console", "python", "yaml"}
    assert bool(block.shown) == block.mark.startswith("tested with")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_block_is_overlooked(document: Path) -> None:
    fences = document.read_text().count("```")
    known = [block for block in BLOCKS if block.document == document]
    assert fences == 2 * len(known) + 2 * sum(bool(block.shown) for block in known)


@pytest.mark.parametrize("block", marked("tested"), ids=str)
def test_session(block: Block, server: Server) -> None:
    for command, shown in block.session():
        done = subprocess.run(
            command.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}"),
            shell=True,
            cwd=ROOT,
            env={**os.environ, "RAIN_URL": server.url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert_shown(done.stdout + done.stderr, shown)


@pytest.mark.parametrize("block", marked("tested with .+"), ids=str)
def test_python(block: Block, server: Server) -> None:
    environment = block.mark.rpartition(" ")[2]
    python: str = sys.executable
    if environment != "test":
        make = [str(ROOT / "scripts" / "environment"), environment]
        made = subprocess.run(make, capture_output=True, text=True, check=True)
        python = made.stdout.strip()
    code = block.code.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        [python, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert_shown(done.stdout, block.shown)


@pytest.mark.parametrize("block", marked("tested by .+"), ids=str)
def test_the_test_exists(block: Block) -> None:
    test = (ROOT / block.mark.removeprefix("tested by ")).read_text()
    names = {block.document.name, *_SCRIPT.findall(block.code)}
    assert any(f'{name}"' in test for name in names)


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "console"], ids=str
)
def test_is_good_shell(block: Block) -> None:
    script = "\n".join(command for command, _ in block.session())
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    checked = subprocess.run(
        [BIN / "shellcheck", "--shell=bash", "-"],
        input=script,
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.stdout == ""


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=str)
def test_is_good_yaml(block: Block) -> None:
    assert yaml.safe_load(block.code)


def options_of(script: str) -> str:
    """Source of a script, and of the modules of ours that it starts."""
    text = (ROOT / "scripts" / script).read_text()
    for name in re.findall(r"\bscripts[./](\w+)", text):
        modules = [ROOT / "scripts" / f"{name}.py", *(ROOT / "scripts" / name).glob("*.py")]
        text += "".join(module.read_text() for module in modules if module.is_file())
    return text


@pytest.mark.parametrize(("where", "command"), sorted(set(commands())))
def test_what_a_command_names_exists(where: str, command: str) -> None:
    """Our scripts and their options, kubectl's options, folders, and JSON in arguments."""
    words = shlex.split(command.replace("...", ""), comments=True)
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if _FOLDER.match(word):
            assert (ROOT / word).exists(), f"{where}: {word}"
        if after.startswith(("{", "[{")) and word in {"-p", "--patch"}:
            assert json.loads(after)
    script = next((match[1] for word in words if (match := _SCRIPT.fullmatch(word))), None)
    if script:
        known = options_of(script) + "--help"
        given = {word.partition("=")[0] for word in words if re.match(r"--\w", word)}
        assert {each for each in given if each not in known} == set(), where


def kubectl_commands() -> list[tuple[str, tuple[str, ...]]]:
    """Each subcommand of kubectl that the documents use, and the options that they give it."""
    found: dict[str, set[str]] = {}
    for _, command in commands():
        for part in re.split(r"[|&;]", command):
            words = shlex.split(part) if part.strip().startswith("kubectl ") else []
            if words:
                plain = re.match(
                    r"create secret [\w-]+|(?:config|create|rollout) [\w-]+|[\w-]+",
                    " ".join(words[1:]),
                )
                options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
                found.setdefault(plain[0] if plain else "", set()).update(options)
    return [(name, tuple(sorted(options))) for name, options in sorted(found.items())]


@pytest.mark.parametrize(("subcommand", "options"), kubectl_commands())
def test_kubectl_has_the_options(subcommand: str, options: tuple[str, ...]) -> None:
    kubectl = BIN / "kubectl"
    told = subprocess.run(
        [kubectl, *subcommand.split(), "--help"], capture_output=True, text=True, check=True
    ).stdout
    common = subprocess.run([kubectl, "options"], capture_output=True, text=True, check=True).stdout
    assert "Usage:" in told
    known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", told + common))
    assert set(options) <= known
