"""Who is calling: Basic authentication against salted scrypt hashes.

The credentials file has one user a line, `name:$scrypt$ln=14,r=8,p=1$salt$hash`, in the PHC string
format with unpadded base64. Blank lines and lines that start with `#` do not count.
"""

import base64
import binascii
import hashlib
import hmac
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import msgspec

from function.problems import DeploymentError, Unauthorized

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="rain-tomorrow", charset="UTF-8"'}
_DIGEST_BYTES: Final = 32
_MAX_LN: Final = 20  # 1 GiB at r = 8: more would stop the server, not the thief
_REMEMBERED: Final = 1024
_REMEMBERED_SECONDS: Final = 300


class ScryptHash(msgspec.Struct, frozen=True):
    """A salted scrypt hash (RFC 7914) with its cost: N = 2**ln, block size r, parallelism p."""

    salt: bytes
    digest: bytes
    ln: int = 14
    r: int = 8
    p: int = 1

    @classmethod
    def of(cls, password: str) -> Self:
        """Hash a password under a new random salt."""
        blank = cls(os.urandom(16), b"")
        return msgspec.structs.replace(blank, digest=blank.derive(password.encode()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a PHC string; raises ValueError if it is none."""
        empty, scheme, cost, salt, digest = text.split("$")
        parameters = dict(pair.split("=") for pair in cost.split(","))
        if empty or scheme != "scrypt" or parameters.keys() != {"ln", "r", "p"}:
            raise ValueError("not an scrypt hash")
        parsed = cls(
            _unpadded(salt),
            _unpadded(digest),
            **{name: int(number) for name, number in parameters.items()},
        )
        if not (1 <= parsed.ln <= _MAX_LN and parsed.r * parsed.p in range(1, 65)):
            raise ValueError("a cost out of bounds")
        if not parsed.salt or len(parsed.digest) != _DIGEST_BYTES:
            raise ValueError("salt or digest of the wrong length")
        return parsed

    def __str__(self) -> str:
        """PHC string."""
        salt, digest = (
            base64.b64encode(part).decode().rstrip("=") for part in (self.salt, self.digest)
        )
        return f"$scrypt$ln={self.ln},r={self.r},p={self.p}${salt}${digest}"

    def derive(self, password: bytes) -> bytes:
        """Derive the digest of a password; takes tens of milliseconds and 128 * r * 2**ln bytes."""
        memory = 256 * self.r * 2**self.ln
        return hashlib.scrypt(
            password,
            salt=self.salt,
            n=2**self.ln,
            r=self.r,
            p=self.p,
            maxmem=memory,
            dklen=_DIGEST_BYTES,
        )


class _Verified(msgspec.Struct, frozen=True):
    """Who it was, and until when that counts, in seconds of the monotonic clock."""

    user: str
    until: float


class Credentials:
    """The users, and a memory of the credentials that were verified.

    scrypt is slow on purpose. What it accepted is remembered for a while under a keyed digest, so
    that only the first request pays; what it refused never is, so that guessing always does.
    """

    def __init__(self, users: Mapping[str, ScryptHash]) -> None:
        self._users = dict(users)
        # An unknown user costs the caller the same work as a wrong password.
        self._nobody = ScryptHash(os.urandom(16), os.urandom(_DIGEST_BYTES))
        self._key = os.urandom(32)
        self._remembered: dict[bytes, _Verified] = {}
        # A hash takes 16 MiB and a core's whole attention: one at a time.
        self._hashing = threading.Lock()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a credentials file.

        Raises:
            DeploymentError: It cannot be read, has a line that is no user, or has no user.

        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise DeploymentError(
                f"The credentials file {path} cannot be read ({reason}); "
                "point CREDENTIALS_FILE at a readable one."
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
        if not users:
            raise DeploymentError(f"The credentials file {path} names no user; add one.")
        return cls(users)

    def authenticate(self, authorization: str, authentication: str = "") -> str:
        """Name of the user whose credentials a request carries.

        Args:
            authorization: The header of that name, `Basic base64(user:password)`.
            authentication: The older header, asked where the first is empty; the word Basic
                may be left out of it.

        Raises:
            Unauthorized: They are missing, or malformed or wrong, which are answered alike.

        """
        token = _token(authorization, authentication)
        if token is None:
            raise Unauthorized("Send Basic credentials with the request.", headers=CHALLENGE)
        seal = hashlib.blake2b(token, key=self._key, digest_size=32).digest()
        user = self._recall(seal)
        if user is None:
            with self._hashing:
                # Whoever was before may have brought the same credentials.
                user = self._recall(seal)
                if user is None:
                    user = self._verify(token)
                    self._remember(seal, user)
        return user

    def _recall(self, seal: bytes) -> str | None:
        verified = self._remembered.get(seal)
        return verified.user if verified and time.monotonic() < verified.until else None

    def _remember(self, seal: bytes, user: str) -> None:
        if len(self._remembered) >= _REMEMBERED:  # the oldest goes; dictionaries keep their order
            del self._remembered[next(iter(self._remembered))]
        self._remembered.pop(seal, None)
        self._remembered[seal] = _Verified(user, time.monotonic() + _REMEMBERED_SECONDS)

    def _verify(self, token: bytes) -> str:
        try:
            pair = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        user, _, password = pair.partition(":")
        known = self._users.get(user, self._nobody)
        same = hmac.compare_digest(known.derive(password.encode()), known.digest)
        if not same or known is self._nobody:
            raise Unauthorized("The credentials are not valid.", headers=CHALLENGE)
        return user


def _token(authorization: str, authentication: str) -> bytes | None:
    """Base64 part of the credentials, or None where there are none of ours."""
    scheme, _, token = authorization.strip().partition(" ")
    if scheme:
        return token.strip().encode() if scheme.casefold() == "basic" else None
    words = authentication.split()
    if len(words) > 1 and words[0].casefold() == "basic":
        words = words[1:]
    return words[0].encode() if len(words) == 1 else None


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
