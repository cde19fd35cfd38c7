"""The credentials file: who may call, read anew while the process runs.

One user a line, `name:$scrypt$ln=14,r=8,p=1$salt$hash`. Blank lines and lines that start with `#`
do not count.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from function import telemetry
from function.passwords import ScryptHash
from function.problems import DeploymentError

_MAX_BYTES: Final = 2**20  # some ten thousand users
_GONE: Final = os.strerror(errno.ENOENT)


class UsersFile:
    """A credentials file, which may change while the process runs.

    It is read as a whole each time, which takes as long as a look at its times and, unlike them,
    tells every change: a Secret that Kubernetes mounts is swapped by a symbolic link.

    Raises:
        DeploymentError: It cannot be read, has a line that is no user, or has no user.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._read()
        self.users = self._parsed(self._seen)
        if not self.users:
            raise DeploymentError(f"The credentials file {path} names no user; add one.")
        self.ignored = False
        """Whether it was changed to something that does not count."""

    def changed(self) -> bool:
        """Look at the file again; true where `users` are others now.

        A mistake locks nobody out: what cannot be read, or has a line that is no user, does not
        count, and the users of before stay. But no file, or one that names nobody, is no mistake:
        whoever took the credentials away wants nobody to call. Either is told, once.
        """
        seen = self._read()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            users = {} if seen == _GONE else self._parsed(seen)
        except DeploymentError as error:
            self.ignored = True
            telemetry.warn(f"{str(error).rstrip('.')}: until then the users of before may call.")
            return False
        if not users:
            telemetry.warn(
                f"The credentials file {self._path} is gone or names no user any more: "
                "nobody may call until it does."
            )
        self.users, self.ignored = users, False
        return True

    def _read(self) -> bytes | str:
        """Content, or why there is none."""
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except OSError as error:
            return error.strerror or type(error).__name__
        return content if len(content) <= _MAX_BYTES else f"more than {_MAX_BYTES} bytes"

    def _parsed(self, seen: bytes | str) -> Mapping[str, ScryptHash]:
        if isinstance(seen, str):
            raise DeploymentError(
                f"The credentials file {self._path} cannot be read ({seen}); "
                "point CREDENTIALS_FILE at a readable one."
            )
        return parse(seen, self._path)


def parse(content: bytes, path: Path) -> Mapping[str, ScryptHash]:
    """Users of a credentials file's content.

    Raises:
        DeploymentError: It is not UTF-8, or has a line that is no user; names the path.

    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DeploymentError(
            f"The credentials file {path} cannot be read (not UTF-8 text); correct it."
        ) from error
    users: dict[str, ScryptHash] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            name, _, text = line.strip().partition(":")
            try:
                scrypt = ScryptHash.parse(text)
            except ValueError:
                scrypt = None
            if scrypt is None or not name or name in users:
                raise DeploymentError(
                    f"Line {number} of the credentials file {path} is not of the form "
                    "name:$scrypt$ln=14,r=8,p=1$salt$hash with a name of its own; correct it."
                )
            users[name] = scrypt
    return users
