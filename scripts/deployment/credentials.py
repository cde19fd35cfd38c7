"""`scripts/credentials`: the users in a credentials file.

The file is replaced as a whole or not at all; at first only its owner may read it, and then whoever
that allows to. Passwords are hashed at once; one that is generated is printed, that once.
"""

import argparse
import contextlib
import getpass
import os
import re
import secrets
import signal
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from function.passwords import ScryptHash
from function.users import parse
from scripts.training.failure import Failure, run

_NAME: Final = re.compile(r"[A-Za-z0-9._@-]+")
_HEADING: Final = "# Users, name:$scrypt$...; scripts/credentials adds and removes them.\n"


class File:
    """A credentials file; comments stay where they are."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._lines = [_HEADING]
        if self._path.exists() and self._path.stat().st_size:
            content = self._path.read_bytes()
            parse(content, self._path)  # says what is wrong with it
            self._lines = content.decode("utf-8-sig").splitlines(keepends=True)

    @property
    def users(self) -> list[str]:
        """Their names."""
        return [name for name in map(_user, self._lines) if name]

    def put(self, name: str, password: str) -> None:
        """Add a user, or give one a new password."""
        entry = f"{name}:{ScryptHash.of(password)}\n"
        if name in self.users:
            self._lines = [entry if _user(line) == name else line for line in self._lines]
        else:
            self._lines[-1] = self._lines[-1].removesuffix("\n") + "\n"
            self._lines.append(entry)
        self._write()

    def remove(self, name: str) -> None:
        """Remove a user; raises Failure if it is not there, or the only one."""
        if name not in self.users:
            raise Failure(f"There is no user {name} in {self._path}; `list` shows who is.")
        if self.users == [name]:
            raise Failure(f"{name} is the only user of {self._path}; add another one first.")
        self._lines = [line for line in self._lines if _user(line) != name]
        self._write()

    def _write(self) -> None:
        try:
            number, temporary = tempfile.mkstemp(prefix=".credentials-", dir=self._path.parent)
        except OSError as error:
            raise Failure(
                f"{self._path} cannot be written ({error.strerror}); name a file elsewhere."
            ) from error
        try:
            self._keep_access(number)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.writelines(self._lines)
                file.flush()
                os.fsync(number)
            Path(temporary).replace(self._path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _keep_access(self, number: int) -> None:
        """Let those read the new file who may read the one that it replaces."""
        with contextlib.suppress(FileNotFoundError):
            access = self._path.stat()
            os.fchmod(number, stat.S_IMODE(access.st_mode))
            with contextlib.suppress(PermissionError):  # only root gives files away
                os.fchown(number, access.st_uid, access.st_gid)


def _user(line: str) -> str:
    return "" if line.startswith("#") else line.strip().partition(":")[0]


def _password() -> str:
    if sys.stdin.isatty():
        try:
            password = getpass.getpass("Password: ")
            again = getpass.getpass("Again: ")
        except EOFError:
            raise Failure("\nNo password was typed; nothing was changed.") from None
        if password != again:
            raise Failure("The two are not the same; nothing was changed.")
    else:
        try:
            password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Failure("The password on standard input is not UTF-8 text.") from None
    if not password:
        raise Failure("The password is empty; give one, or let --generate make one.")
    return password


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/credentials", description="Add, remove and list the users of a file."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="made where there is none")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="add a user, or give one a new password")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--generate", action="store_true", help="make a password, and print it once")
    remove = commands.add_parser("remove", help="remove a user")
    remove.add_argument("name", metavar="NAME")
    commands.add_parser("list", help="print the names of the users")
    return parser.parse_args()


def main() -> None:
    """Run the command."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in `scripts/credentials FILE list | head`
    options = _options()
    if options.command != "add" and not options.file.exists():
        raise Failure(f"There is no file {options.file}; `add` makes it.")
    file = File(options.file)
    if options.command == "list":
        if not file.users:
            raise Failure(f"{options.file} names no user; `add` makes one.")
        print("\n".join(file.users))
    elif options.command == "remove":
        file.remove(options.name)
    elif not _NAME.fullmatch(options.name):
        raise Failure("A name is made of letters, digits and . _ @ - only; choose another one.")
    elif options.generate:
        password = secrets.token_urlsafe(18)
        file.put(options.name, password)
        print(password)
    else:
        file.put(options.name, _password())


if __name__ == "__main__":
    run(main)
