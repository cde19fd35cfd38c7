"""How many wrong passwords a client may send, and for a user.

A budget is spent by failures alone and comes back with time. What succeeds gives nothing back, or
whoever has one password could guess the others for ever.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

WRONG_PASSWORDS: Final = 20
"""How many a client may send at once, unless a setting says otherwise."""
_KEPT: Final = 4096
_IPV6_NETWORK: Final = 64  # one customer's, who has as many addresses as he likes


class Budget:
    """A token bucket for each key, of which the latest are kept.

    It is kept as the one time at which it will be full again (the generic cell rate algorithm).

    Args:
        attempts: How many may fail at once.
        seconds: After which another one may.

    """

    def __init__(self, attempts: int, seconds: float) -> None:
        self._seconds = seconds
        self._largest = attempts * seconds
        self._full_at: dict[bytes, float] = {}

    def __len__(self) -> int:
        """Keys that are kept."""
        return len(self._full_at)

    def whole(self, key: bytes, now: float) -> bool:
        """Whether nothing of it is spent; `now` is of the monotonic clock, in seconds."""
        return self._full_at.get(key, now) <= now

    def wait(self, key: bytes, now: float) -> float:
        """Seconds until another attempt may be made; 0 where it may be now."""
        return max(0.0, self._full_at.get(key, now) - now - self._largest + self._seconds)

    def spend(self, key: bytes, now: float) -> None:
        """Count a failure."""
        full_at = max(now, self._full_at.pop(key, now)) + self._seconds
        if len(self._full_at) >= _KEPT:  # the one that failed longest ago goes
            del self._full_at[next(iter(self._full_at))]
        self._full_at[key] = min(full_at, now + self._largest)


def client(environ: Mapping[str, Any], hops: int) -> str:
    """Address of who sent a request: an IPv4 address, or an IPv6 network of 64 bits.

    Args:
        environ: The request, as a server hands it over (PEP 3333).
        hops: How many proxies in front append to X-Forwarded-For whom they were called by. Only
            what they wrote is believed: the last of them is who talks to us, so that the client is
            that many from the end. Where there are not so many it is who talks to us.

    """
    address: str = environ.get("REMOTE_ADDR", "")
    if hops:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", hops)
        if len(forwarded) >= hops:
            address = forwarded[-hops].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return str(environ.get("REMOTE_ADDR", ""))
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((int(parsed), _IPV6_NETWORK), strict=False))
        parsed = mapped
    return str(parsed)
