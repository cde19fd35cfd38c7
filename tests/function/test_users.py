"""The credentials file, and what becomes of it while the process runs."""

import json
from pathlib import Path

import pytest

from function.passwords import Cost, ScryptHash
from function.problems import DeploymentError
from function.users import UsersFile

QUICK = Cost(ln=4)
EVE, ADAM = (str(ScryptHash.of(password, QUICK)) for password in ("apple", "rib"))
GOOD = f"# ours\n\neve:{EVE}\nadam:{ADAM}\n"


def warnings(told: str) -> list[str]:
    return [json.loads(line)["message"] for line in told.splitlines()]


def test_start(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(GOOD)
    assert {name: str(scrypt) for name, scrypt in UsersFile(path).users.items()} == {
        "eve": EVE,
        "adam": ADAM,
    }


def test_mark_of_the_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"eve:{EVE}\n", encoding="utf-8-sig")
    assert UsersFile(path).users.keys() == {"eve"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(f"eve:{EVE}\nadam:apple\n", "Line 2", id="no hash"),
        pytest.param(f"eve:{EVE}\n" * 2, "a name of its own", id="twice"),
        pytest.param(f":{EVE}\n", "a name of its own", id="nameless"),
        ("# nobody\n", "names no user"),
        ("", "names no user"),
        ("\udcff", "not UTF-8"),
        (f"#{'x' * 2**20}\neve:{EVE}\n", "more than 1048576 bytes"),
    ],
)
def test_start_with_what_is_no_list_of_users(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "users"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(DeploymentError, match=reason):
        UsersFile(path)


def test_start_without_a_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DeploymentError, match="cannot be read"):
            UsersFile(path)


def test_change_counts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "users"
    path.write_text(GOOD)
    file = UsersFile(path)
    assert not file.changed()
    path.write_text(f"eve:{EVE}\n")
    assert file.changed()
    assert file.users.keys() == {"eve"}
    assert not file.changed()
    # The same size, and perhaps the same time.
    path.write_text(f"eva:{EVE}\n")
    assert file.changed()
    assert file.users.keys() == {"eva"}
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "mistake", [b"eve:apple\n", GOOD.encode() + b"eve", b"\x80\x04\x95pickle", b"x" * (2**20 + 1)]
)
def test_mistake_changes_nothing_and_is_told_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], mistake: bytes
) -> None:
    path = tmp_path / "users"
    path.write_text(GOOD)
    file = UsersFile(path)
    path.write_bytes(mistake)
    assert not file.changed()
    assert not file.changed()
    assert file.ignored
    assert file.users.keys() == {"eve", "adam"}
    (warning,) = warnings(capfd.readouterr().out)
    assert str(path) in warning
    assert warning.endswith("until then the users of before may call.")
    path.write_text(f"adam:{ADAM}\n")
    assert file.changed()
    assert not file.ignored
    assert file.users.keys() == {"adam"}


def test_file_that_cannot_be_read_any_more_changes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "users"
    path.write_text(GOOD)
    file = UsersFile(path)
    path.unlink()
    path.mkdir()
    assert not file.changed()
    assert file.ignored
    assert len(file.users) == 2
    (warning,) = warnings(capfd.readouterr().out)
    assert "cannot be read (Is a directory)" in warning


@pytest.mark.parametrize("content", ["", "# nobody\n", None])
def test_nobody_may_call_when_the_credentials_are_taken_away(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "users"
    path.write_text(GOOD)
    file = UsersFile(path)
    path.unlink()
    if content is not None:
        path.write_text(content)
    assert file.changed()
    assert not file.users
    assert not file.ignored
    assert not file.changed()
    (warning,) = warnings(capfd.readouterr().out)
    assert "nobody may call" in warning
    path.write_text(GOOD)
    assert file.changed()
    assert len(file.users) == 2


def test_secret_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    """The folder `..data` is a symbolic link, which is swapped for one to another folder."""

    def mount(version: str, content: str) -> None:
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        (folder / "credentials").write_text(content)
        (tmp_path / "..data_tmp").symlink_to(folder.name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    mount("2026_11_26_01", GOOD)
    path = tmp_path / "credentials"
    path.symlink_to("..data/credentials")
    file = UsersFile(path)
    mount("2026_11_26_02", f"adam:{ADAM}\n")
    assert file.changed()
    assert file.users.keys() == {"adam"}
