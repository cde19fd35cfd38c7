"""`scripts/credentials` in a project whose environment is this one."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from function.passwords import ScryptHash
from tests.serving import ROOT

COMMAND = [sys.executable, "-m", "scripts.deployment.credentials"]


def credentials(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, without the shell around it that makes an environment."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def typed(*arguments: str | Path, answers: dict[str, str]) -> str:
    """Run the command on a terminal, with these answers to its prompts; gives what it says."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # away from the terminal that the tests may run on
    ) as process:
        assert process.stderr
        said = ""
        for prompt, answer in answers.items():
            while not said.endswith(prompt):
                said += process.stderr.read(1)
            os.write(ours, f"{answer}\n".encode())
        said += process.stderr.read()
    os.set_blocking(ours, False)
    with contextlib.suppress(BlockingIOError):
        assert os.read(ours, 1000).strip() == b""  # no echo of what was typed
    os.close(ours)
    os.close(theirs)
    return said


def accepts(file: Path, name: str, password: str) -> bool:
    """Whether the file's entry of this user is this password's."""
    (entry,) = re.findall(rf"^{name}:(.+)$", file.read_text(), re.MULTILINE)
    known = ScryptHash.parse(entry)
    return known.derive(password.encode()) == known.digest


def complaint(*arguments: str | Path, stdin: str = "") -> str:
    done = credentials(*arguments, stdin=stdin)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    return done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the user bob."""
    path = tmp_path / "users"
    assert credentials(path, "add", "bob", stdin="builder\n").stdout == ""
    return path


def test_users_are_added_listed_changed_and_removed(file: Path) -> None:
    credentials(file, "add", "eve", stdin="päss: word")
    assert credentials(file, "list").stdout == "bob\neve\n"
    assert accepts(file, "bob", "builder")
    assert accepts(file, "eve", "päss: word")
    credentials(file, "add", "bob", stdin="another\n")
    assert accepts(file, "bob", "another")
    assert credentials(file, "list").stdout == "bob\neve\n"
    credentials(file, "remove", "bob")
    assert credentials(file, "list").stdout == "eve\n"


def test_only_its_owner_reads_the_file_and_no_password_is_in_it(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert "builder" not in file.read_text()
    assert [path.name for path in file.parent.iterdir()] == ["users"]


def test_who_may_read_the_file_may_read_the_next_one(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    group = os.getgid() or 65532  # only root gives files away
    os.chown(file, -1, group)
    credentials(file, "add", "eve", stdin="x")
    assert (file.stat().st_mode & 0o777, file.stat().st_gid) == (0o640, group)


def test_generated_password_is_printed(file: Path) -> None:
    password = credentials(file, "add", "eve", "--generate").stdout.strip()
    assert len(password) >= 20
    assert accepts(file, "eve", password)


def test_password_is_asked_for_on_a_terminal_and_not_shown(file: Path) -> None:
    twice = {"Password: ": "builder", "Again: ": "builder"}
    assert typed(file, "add", "eve", answers=twice) == "Password: \nAgain: \n"
    assert accepts(file, "eve", "builder")
    said = typed(file, "add", "eve", answers={**twice, "Again: ": "bilder"})
    assert said.endswith("The two are not the same; nothing was changed.\n")
    assert accepts(file, "eve", "builder")
    said = typed(file, "add", "eve", answers={"Password: ": "\x04"})
    assert said == "Password: \nNo password was typed; nothing was changed.\n"
    assert accepts(file, "eve", "builder")


def test_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text((ROOT / "data" / "credentials").read_text().rstrip("\n"))
    credentials(file, "add", "eve", stdin="x")
    credentials(file, "remove", "alice")
    assert credentials(file, "list").stdout == "bob\nclementine\neve\n"
    assert file.read_text().splitlines()[0].startswith("# The demo users")


def test_empty_file_takes_a_first_user(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.touch()
    assert credentials(file, "add", "eve", stdin="x").returncode == 0
    assert accepts(file, "eve", "x")


def test_file_of_comments_takes_a_first_user(file: Path) -> None:
    heading = file.read_text().splitlines(keepends=True)[0]
    file.write_text(heading)
    assert "names no user" in complaint(file, "list")
    assert credentials(file, "add", "eve", stdin="x").returncode == 0
    assert file.read_text().startswith(heading)
    assert accepts(file, "eve", "x")


def test_a_reader_that_leaves_early_is_no_error(file: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, file, "list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""


def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(file: Path) -> None:
    before = file.read_bytes()
    assert "is the only user" in complaint(file, "remove", "bob")
    assert "no user eve" in complaint(file, "remove", "eve")
    assert "is empty" in complaint(file, "add", "eve", stdin="\n")
    for name in ("a:b", "", "#a", "a b", "a\n"):
        assert "choose another one" in complaint(file, "add", name, stdin="x")
    assert "There is no file" in complaint(file.with_name("others"), "list")
    assert "cannot be written" in complaint("/nowhere/users", "add", "eve", stdin="x")
    assert file.read_bytes() == before


def test_damaged_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("alice:wonderland\n")
    assert "Line 1" in complaint(file, "add", "eve", stdin="x")
    assert file.read_text() == "alice:wonderland\n"


def test_a_file_without_users_is_said_to_be_one(tmp_path: Path) -> None:
    empty = tmp_path / "users"
    empty.write_text("")
    assert complaint(empty, "list") == f"{empty} names no user; `add` makes one.\n"


def test_mark_of_the_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "users"
    assert credentials(file, "add", "eve", stdin="apple\n").returncode == 0
    file.write_text(file.read_text().partition("\n")[2], encoding="utf-8-sig")
    assert credentials(file, "list").stdout == "eve\n"
