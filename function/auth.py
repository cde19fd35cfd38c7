"""Who is calling: Basic authentication against salted scrypt hashes.

Credentials that were right a moment ago are recalled in microseconds. All others must be hashed,
which is slow on purpose, and takes a core's whole attention and 16 MiB: one at a time, few may
wait, and who has sent too many wrong ones is refused unheard.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn, Self

import msgspec

from function.attempts import WRONG_PASSWORDS, Budget
from function.passwords import Cost, ScryptHash
from function.problems import TooManyRequests, Unauthorized, Unavailable
from function.users import UsersFile

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="rain-tomorrow", charset="UTF-8"'}
_CLIENT_SECONDS: Final = 10  # until a client may send another wrong password
_USER_SECONDS: Final = 2  # and all clients with failures together, for one user
_CLIENTS_A_USER: Final = 5  # so many clients' budgets are a user's
_REMEMBERED: Final = 1024
_REMEMBERED_SECONDS: Final = 300
_LOOK_SECONDS: Final = 2  # between two looks at the credentials file
_ROOM: Final = 16  # credentials that are hashed or wait for it
_CROWD: Final = 64  # requests that bring them: many, where a caller starts with all connections


class _Verified(msgspec.Struct, frozen=True):
    """Whose credentials it were, by which hash, and until when (monotonic seconds) that counts."""

    user: str
    scrypt: ScryptHash
    until: float


class _Users(msgspec.Struct, frozen=True):
    """The users, and for each cost that a hash of theirs has, one that no password has."""

    by_name: Mapping[str, ScryptHash]
    nobodies: Sequence[ScryptHash]

    @classmethod
    def of(cls, users: Mapping[str, ScryptHash]) -> Self:
        costs = sorted({scrypt.cost for scrypt in users.values()} or {Cost()})
        return cls(dict(users), [ScryptHash.of_nobody(cost) for cost in costs])

    def verify(self, user: str, password: bytes) -> ScryptHash | None:
        """The user's hash, if it is the password's.

        Once for each cost, whoever it is: the time tells neither who is known nor how well their
        password is kept.
        """
        known, right = self.by_name.get(user), False
        for nobody in self.nobodies:
            own = known is not None and known.cost == nobody.cost
            scrypt = known if known is not None and own else nobody
            right |= hmac.compare_digest(scrypt.derive(password), scrypt.digest) and own
        return known if right else None


class Credentials:
    """The users, a memory of the credentials that were right, and the failures of late.

    What scrypt accepted is remembered for a while under a keyed digest, so that only the first
    request pays; what it refused never is, so that guessing always does.

    Args:
        users: Who may call.
        file: Where they are from, if they may change.
        wrong_passwords: How many a client may send at once.

    """

    def __init__(
        self,
        users: Mapping[str, ScryptHash],
        file: UsersFile | None = None,
        wrong_passwords: int = WRONG_PASSWORDS,
    ) -> None:
        self._users = _Users.of(users)
        self._file = file
        self._look_at = time.monotonic() + _LOOK_SECONDS if file else math.inf
        self._looking = threading.Lock()
        self._sealing = hashlib.blake2b(key=os.urandom(32), digest_size=32)
        self._remembered: dict[bytes, _Verified] = {}
        self._hashing = threading.Lock()
        self._heard = Counter[bytes]()
        self._entering = threading.Lock()
        self._of_client = Budget(wrong_passwords, _CLIENT_SECONDS)
        self._of_user = Budget(_CLIENTS_A_USER * wrong_passwords, _USER_SECONDS)
        self.unheard = 0
        """Requests that were refused without a look at their password."""

    @classmethod
    def load(cls, path: Path, wrong_passwords: int = WRONG_PASSWORDS) -> Self:
        """Read a credentials file, and look at it again every few seconds.

        Raises:
            DeploymentError: It cannot be read, has a line that is no user, or has no user.

        """
        file = UsersFile(path)
        return cls(file.users, file, wrong_passwords)

    @property
    def ignored(self) -> bool:
        """Whether the credentials file was changed to something that does not count."""
        return self._file is not None and self._file.ignored

    def authenticate(
        self, authorization: str, authentication: str = "", client: Callable[[], str] = str
    ) -> str:
        """Name of the user whose credentials a request carries.

        Takes tens of milliseconds, and up to half a second's wait, where `recall` gives none.

        Args:
            authorization: The header of that name, `Basic base64(user:password)`.
            authentication: The older header, asked where the first is empty; the word Basic
                may be left out of it.
            client: Gives the address that the request came from.

        Raises:
            Unauthorized: They are missing, or malformed or wrong, which are answered alike.
            TooManyRequests: The client, or all for this user, sent too many wrong ones of late.
            Unavailable: Too many wait for a hash.

        """
        user = self.recall(authorization, authentication)
        if user is not None:
            return user
        token = _token(authorization, authentication)
        name, password = _pair(token)
        return self._examine(self._seal(token), name, password, client().encode())

    def recall(self, authorization: str, authentication: str = "") -> str | None:
        """As `authenticate`, in microseconds; None where the credentials must be hashed.

        Raises:
            Unauthorized: There are none.

        """
        now = time.monotonic()
        if now >= self._look_at:
            self._look(now)
        token = _token(authorization, authentication)
        return self._recalled(self._seal(token), now)

    def _seal(self, token: bytes) -> bytes:
        sealing = self._sealing.copy()
        sealing.update(token)
        return sealing.digest()

    def _look(self, now: float) -> None:
        """Look at the credentials file; whoever comes meanwhile waits for what is found."""
        with self._looking:
            if now < self._look_at or self._file is None:
                return
            if self._file.changed():
                before = self._users.by_name
                # Who has not changed keeps the very hash that the memory knows.
                kept = {
                    name: before[name] if before.get(name) == scrypt else scrypt
                    for name, scrypt in self._file.users.items()
                }
                self._users = _Users.of(kept)
            self._look_at = time.monotonic() + _LOOK_SECONDS

    def _was_right(self, seal: bytes) -> _Verified | None:
        """What is remembered of credentials whose user has not changed."""
        verified = self._remembered.get(seal)
        if verified and self._users.by_name.get(verified.user) is verified.scrypt:
            return verified
        return None

    def _recalled(self, seal: bytes, now: float) -> str | None:
        verified = self._was_right(seal)
        return verified.user if verified and now < verified.until else None

    def _examine(self, seal: bytes, user: str, password: bytes, client: bytes) -> str:
        # By a keyed digest: people type passwords where names belong, and names may be long.
        name = self._seal(user.encode())
        # What was right, if long ago, is no guess.
        trusted = self._was_right(seal) is not None
        if trusted:  # and needs no room that strangers could take: one hash serves all who wait
            return self._in_turn(seal, user, password, (client, name), trusted=True)
        self._admit(client, name)
        with self._waiting(seal):
            return self._in_turn(seal, user, password, (client, name), trusted=False)

    @contextlib.contextmanager
    def _waiting(self, seal: bytes) -> Iterator[None]:
        """Have room for credentials, and for who waits with the same ones, while they are hashed.

        Raises:
            Unavailable: There is none.

        """
        with self._entering:
            room = seal in self._heard or len(self._heard) < _ROOM
            if not room or self._heard.total() >= _CROWD:
                self.unheard += 1
                raise Unavailable("Too many passwords wait to be checked.", headers=_retry_after(1))
            self._heard[seal] += 1
        try:
            yield
        finally:
            with self._entering:
                self._heard[seal] -= 1
                if not self._heard[seal]:
                    del self._heard[seal]

    def _in_turn(
        self,
        seal: bytes,
        user: str,
        password: bytes,
        accounts: tuple[bytes, bytes],
        *,
        trusted: bool,
    ) -> str:
        """Hash when nobody else does; who has failed of late does not wait for that."""
        clean = trusted or self._of_client.whole(accounts[0], time.monotonic())
        if not self._hashing.acquire(blocking=clean):
            self._refuse(1)
        try:
            # Whoever was before may have brought the same credentials, or failed.
            recalled = self._recalled(seal, time.monotonic())
            if recalled is not None:
                return recalled
            if not trusted:
                self._admit(*accounts)
            return self._hash(seal, user, password, accounts)
        finally:
            self._hashing.release()

    def _admit(self, client: bytes, name: bytes) -> None:
        """Refuse a client whose budget is spent, or who failed and the user's is.

        Others are heard whatever was tried in the user's name.
        """
        now = time.monotonic()
        wait = self._of_client.wait(client, now)
        if not self._of_client.whole(client, now):
            wait = max(wait, self._of_user.wait(name, now))
        if wait:
            self._refuse(math.ceil(wait))

    def _refuse(self, seconds: int) -> NoReturn:
        self.unheard += 1
        raise TooManyRequests(
            f"Too many wrong passwords; try again in {seconds} s.", headers=_retry_after(seconds)
        )

    def _hash(self, seal: bytes, user: str, password: bytes, accounts: tuple[bytes, bytes]) -> str:
        scrypt = self._users.verify(user, password)
        now = time.monotonic()
        if scrypt is None:
            for budget, key in zip((self._of_client, self._of_user), accounts, strict=True):
                budget.spend(key, now)
            raise Unauthorized("The credentials are not valid.", headers=CHALLENGE)
        self._remembered.pop(seal, None)
        if len(self._remembered) >= _REMEMBERED:  # the oldest goes; dictionaries keep their order
            del self._remembered[next(iter(self._remembered))]
        self._remembered[seal] = _Verified(user, scrypt, now + _REMEMBERED_SECONDS)
        return user


def _token(authorization: str, authentication: str) -> bytes:
    """Base64 part of the credentials; raises `Unauthorized` where there are none of ours."""
    scheme, _, token = authorization.strip().partition(" ")
    if scheme and scheme.casefold() == "basic":
        return token.strip().encode()
    words = authentication.split()
    if len(words) > 1 and words[0].casefold() == "basic":
        words = words[1:]
    if scheme or len(words) != 1:
        raise Unauthorized("Send Basic credentials with the request.", headers=CHALLENGE)
    return words[0].encode()


def _pair(token: bytes) -> tuple[str, bytes]:
    """User and password; raises `Unauthorized` where it is no pair."""
    try:
        user, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = colon = password = ""
    if not colon or "\0" in password:  # scrypt takes zeros at the end for none
        raise Unauthorized("The credentials are not valid.", headers=CHALLENGE)
    return user, password.encode()


def _retry_after(seconds: int) -> Mapping[str, str]:
    return {"Retry-After": str(seconds)}
