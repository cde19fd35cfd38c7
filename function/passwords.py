"""Salted scrypt hashes of passwords, in the PHC string format."""

import base64
import hashlib
import os
from typing import Final, Self

import msgspec

_DIGEST_BYTES: Final = 32
_MAX_BYTES: Final = 2**30  # of memory for one hash: more would stop the server, not the thief


class Cost(msgspec.Struct, frozen=True, order=True):
    """What a hash costs: N = 2**ln, block size r, parallelism p (RFC 7914)."""

    ln: int = 14
    r: int = 8
    p: int = 1

    def memory(self) -> int:
        """Bytes that OpenSSL takes for one hash."""
        return 128 * self.r * ((1 << self.ln) + self.p + 2)


class ScryptHash(msgspec.Struct, frozen=True):
    """A salted scrypt hash (RFC 7914) and its cost."""

    salt: bytes
    digest: bytes
    cost: Cost = Cost()

    @classmethod
    def of(cls, password: str, cost: Cost = Cost()) -> Self:  # noqa: B008  (frozen)
        """Hash a password under a new random salt."""
        blank = cls(os.urandom(16), b"", cost)
        return msgspec.structs.replace(blank, digest=blank.derive(password.encode()))

    @classmethod
    def of_nobody(cls, cost: Cost) -> Self:
        """A hash that no password has, to compare with where there is none."""
        return cls(os.urandom(16), os.urandom(_DIGEST_BYTES), cost)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a PHC string with unpadded base64; raises ValueError if it is none."""
        empty, scheme, cost, salt, digest = text.split("$")
        parameters = dict(pair.split("=") for pair in cost.split(","))
        if empty or scheme != "scrypt" or parameters.keys() != {"ln", "r", "p"}:
            raise ValueError("not an scrypt hash")
        numbers = {name: int(number) for name, number in parameters.items()}
        parsed = cls(_unpadded(salt), _unpadded(digest), Cost(**numbers))
        if not (1 <= parsed.cost.ln <= 20 and parsed.cost.r * parsed.cost.p in range(1, 65)):
            raise ValueError("a cost out of bounds")
        # RFC 7914, 2: N is below 2**(16 r). Beyond OpenSSL's largest maxmem, nothing can be hashed.
        if parsed.cost.ln >= 16 * parsed.cost.r or parsed.cost.memory() > _MAX_BYTES:
            raise ValueError("a cost out of bounds")
        if not parsed.salt or len(parsed.digest) != _DIGEST_BYTES:
            raise ValueError("salt or digest of the wrong length")
        if str(parsed) != text:  # base64 has spare bits, and a number may have zeros before it
            raise ValueError("not written as it should be")
        return parsed

    def __str__(self) -> str:
        """PHC string."""
        salt, digest = (
            base64.b64encode(part).decode().rstrip("=") for part in (self.salt, self.digest)
        )
        return f"$scrypt$ln={self.cost.ln},r={self.cost.r},p={self.cost.p}${salt}${digest}"

    def derive(self, password: bytes) -> bytes:
        """Derive the digest of a password; takes tens of milliseconds and the cost's memory."""
        return hashlib.scrypt(
            password,
            salt=self.salt,
            n=2**self.cost.ln,
            r=self.cost.r,
            p=self.cost.p,
            maxmem=self.cost.memory(),
            dklen=_DIGEST_BYTES,
        )


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
