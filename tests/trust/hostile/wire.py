"""Sends bytes that are no honest HTTP to a socket, and tells what is wrong with the answers.

Every connection ends: the server answers and closes it, or is told that nothing more will come and
closes it then. `seed` and its number make the same bytes again.
"""

import contextlib
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from tests.trust.hostile.mutate import Mutator
from tests.trust.hostile.request import Request
from tests.trust.hostile.seeds import DAY, TOKEN, seeds

HANG_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 0.1  # without an answer: the server waits for more, or is busy
_CALLERS: Final = 16
_AGAIN: Final = 5  # asked what took long, lest it was another process that kept the processor
_MOST_FAILURES: Final = 50
LAST: Final = b"GET /health/live HTTP/1.1\r\nHost: rain\r\nConnection: close\r\n\r\n"
_BODY: Final = msgspec.json.encode({"observation": DAY})
_HEAD: Final = (
    f"POST /predict HTTP/1.1\r\nHost: rain\r\nAuthorization: Basic {TOKEN}\r\n"
    "Content-Type: application/json\r\n"
).encode()
_HIDDEN: Final = b"GET /hidden HTTP/1.1\r\nHost: rain\r\n\r\n"
_SERVERS_OWN: Final = {400, 408, 413, 414, 417, 431}
"""What the server answers by itself, without a body, to what is no HTTP."""
_CODINGS: Final = (
    *(b"chunked", b"Chunked", b" chunked", b"\tchunked", b"\x0bchunked", b"chunked ", b"xchunked"),
    *(b"chunked, identity", b"identity", b"gzip, chunked", b"chunked, chunked", b"", b'"chunked"'),
    *(b"chunked\x00", b"chunked;q=1", b"chu\r\n nked", b"identity, chunked", b"trailers"),
)
_LENGTHS: Final = (
    *(b"0", b"-1", b"+5", b"0x5", b"5 5", b"5,5", b"05", b"1e1", b"", b" ", b"5\x00", b"\xb2"),
    *(b"99999999999999999999", b"9223372036854775807", b"18446744073709551615", b"9" * 400),
)
_SIZES: Final = (
    *(b"-1", b"zz", b"0x10", b"ffffffffffffffff", b"fffffffffffffffff", b"", b" 5", b"5 ", b"+5"),
    *(b"00000000000000000000000000000005", b"5;a=b", b"5;" + b"a" * 20_000, b"5\n", b'5;a="\r\n"'),
)
_METHODS: Final = (
    *(b"get", b"G@T", b"", b"GET\t", b"GE\x00T", b"P" * 30_000, b"PRI", b"CONNECT", b"TRACE"),
    *(b"\x16\x03\x01", b"GET GET", b"\r\n\r\nGET", b"\xff"),
)
_TARGETS: Final = (
    *(b"", b"*", b"status", b"//status", b"http://other/status", b"http:", b"/%00", b"/\x00", b"#"),
    *(b"/status status", b"/\xff\xfe", b"/%", b"/%zz", b"/../../etc/passwd", b"/" + b"a" * 40_000),
    *(b"/status?" + b"a=b&" * 5000, b"rain:443", b"/status#x", b"/\xe2\x80\xae", b"/status\r"),
)
_VERSIONS: Final = (
    *(b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.", b"http/1.1", b"", b"HTTP"),
    *(b"HTTP/1.1 x", b"HTTP/11.1", b"FTP/1.1", b"HTTP/1.1\x00"),
)
_FIELDS: Final = (
    *(
        b"X-A: b\r\n c",
        b"X-A : b",
        b" X-A: b",
        b"X\x00: a",
        b"X: a\x00b",
        b"X",
        b": a",
        b"X: a\rY: b",
    ),
    *(b"Host: other", b"Host:", b"Expect: 100-continue", b"Expect: x", b"Upgrade: h2c", b"X: \xff"),
    *(
        b"Connection: Upgrade\r\nUpgrade: websocket",
        b"Connection: close",
        b"Connection: " + b"a," * 999,
    ),
    *(b"X: " + b"a" * 40_000, b"X: a\r\n" * 150 + b"X: a", b"Cookie: " + b"a=b;" * 2000, b"X:\x01"),
    *(b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Trailer: Authorization", b"TE: x"),
)


class Report(msgspec.Struct):
    """What came of so many connections: answers by status, and what went wrong, by number."""

    connections: int
    answers: dict[int, int]
    failed: dict[int, list[str]]
    slowest: float


class Wire:
    """Makes the bytes of a connection.

    Args:
        generator: What chance comes from.

    """

    def __init__(self, generator: random.Random) -> None:
        self._mutator = Mutator(generator)
        self._random = generator
        self._any = generator.choice
        self._below = generator.randrange

    def sent(self) -> bytes:
        """Bytes to send, which end in a request that closes the connection."""
        forms: Sequence[Callable[[], bytes]] = (
            *(self._lengths, self._codings, self._chunks, self._fields, self._line, self._pipeline),
            *(self._changed, self._changed, self._hostile, self._junk),
        )
        return self._any(forms)() + LAST

    def _lengths(self) -> bytes:
        """Lengths that are none, or two of them, or one beside chunks."""
        lengths = [self._any((*_LENGTHS, b"%d" % len(_BODY))) for _ in range(1 + self._below(2))]
        fields = [b"Content-Length: " + length for length in lengths]
        if self._below(3) == 0:
            fields.insert(self._below(2), b"Transfer-Encoding: " + self._any(_CODINGS))
        return _HEAD + b"\r\n".join([*fields, b"", b""]) + _BODY + _HIDDEN

    def _codings(self) -> bytes:
        """Transfer codings that hide another request from one who reads them otherwise."""
        coding = b"Transfer-Encoding: " + self._any(_CODINGS)
        length = b"Content-Length: %d" % self._any((0, 3, len(_BODY), len(_BODY) + 40))
        fields = self._any(([coding], [coding, length], [length, coding], [coding, coding]))
        return _HEAD + b"\r\n".join([*fields, b"", b""]) + self._chunked() + _HIDDEN

    def _chunks(self) -> bytes:
        """Chunks whose sizes are none, or lie."""
        body = self._chunked()
        change = self._below(4)
        if change == 0:
            body = self._any(_SIZES) + b"\r\nabcde\r\n" + body
        elif change == 1:
            body = body.replace(b"\r\n", self._any((b"\n", b"\r", b"", b"\r\n\r\n")))
        elif change == 2:
            body = body[: self._below(len(body))]
        else:
            body = (
                body[:-2]
                + self._any((b"Authorization: x\r\n", b"X: a\r\n" * 500, b"\x00"))
                + b"\r\n"
            )
        return _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body

    def _chunked(self) -> bytes:
        size = self._any((1, 7, 50, 1000))
        parts = [_BODY[at : at + size] for at in range(0, len(_BODY), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])

    def _fields(self) -> bytes:
        fields = [self._any(_FIELDS) for _ in range(1 + self._below(3))]
        fields.insert(self._below(len(fields) + 1), b"Content-Length: %d" % len(_BODY))
        ending = self._any((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"))
        return _HEAD + ending.join([*fields, b"", b""]) + _BODY

    def _line(self) -> bytes:
        """A request line that is none."""
        words = [b"GET", b"/status", b"HTTP/1.1"]
        for at, others in enumerate((_METHODS, _TARGETS, _VERSIONS)):
            if self._below(2):
                words[at] = self._any(others)
        between = self._any((b" ", b" ", b" ", b"  ", b"\t", b"\x0b"))
        return between.join(words) + b"\r\nHost: rain\r\n\r\n"

    def _pipeline(self) -> bytes:
        """Many requests at once, among them some whose body nobody reads."""
        unread = b"POST /nowhere HTTP/1.1\r\nHost: rain\r\nContent-Length: %d\r\n\r\n" % len(
            _HIDDEN
        )
        requests = (_HIDDEN, unread + _HIDDEN, b"\r\n", _HEAD + b"Content-Length: 2\r\n\r\n{}")
        return b"".join(self._any(requests) for _ in range(self._below(30)))

    def _changed(self) -> bytes:
        """A valid request, its bytes changed."""
        every = [each for kind in _SEEDS.values() for each in kind if each.method != "HEAD"]
        wire = self._any(every).wire()
        head, between, body = wire.partition(b"\r\n\r\n")
        other = [Request("GET", "/", {}, self._any(every).wire())]
        return self._mutator.text(head, other) + between + body

    def _hostile(self) -> bytes:
        """A request that is HTTP, and hostile in what it asks."""
        kind = self._any([kind for kind in _SEEDS if kind not in {"credentials", "path"}])
        hostile = self._mutator.hostile(kind, _SEEDS[kind])
        return hostile.wire()

    def _junk(self) -> bytes:
        return self._random.randbytes(self._below(2000))


_SEEDS: Final = seeds()


def assault(port: int, connections: int, seed: int) -> Report:
    """Make so many connections to a server on this machine."""
    answers, failed, slowest = Counter[int](), dict[int, list[str]](), 0.0
    with ThreadPoolExecutor(_CALLERS) as callers:
        numbers = range(connections)
        outcomes = callers.map(lambda number: _connection(port, seed << 32 | number), numbers)
        for number, (statuses, complaints, seconds) in enumerate(outcomes):
            answers.update(statuses)
            slowest = max(slowest, seconds)
            if complaints and len(failed) < _MOST_FAILURES:
                failed[number] = complaints
    return Report(connections, dict(sorted(answers.items())), failed, slowest)


def _connection(port: int, seed: int) -> tuple[list[int], list[str], float]:
    """Make one connection: statuses that came, what is wrong, and how long the end took."""
    generator = random.Random(seed)  # noqa: S311
    sent = Wire(generator).sent()
    manner = generator.randrange(_AT_ONCE)
    told, seconds = exchange(port, sent, manner)
    for _ in range(_AGAIN if seconds > HANG_SECONDS else 0):
        if seconds > HANG_SECONDS:
            told, seconds = exchange(port, sent, manner)
    try:
        answers = list(parsed(told, cut=manner < _LEFT))
    except (ValueError, LookupError) as error:
        return [], [f"no HTTP: {error!r} {told[:300]!r}"], seconds
    found = [each for answer in answers for each in complaints(*answer)]
    if len(answers) > 2 * sent.count(b"HTTP/"):  # each may have a 100 before it
        found.append(f"{len(answers)} answers")
    if seconds > HANG_SECONDS:
        found.append(f"open {seconds:.1f} s after the last byte")
    return [status for status, _, _ in answers], found, seconds


_LEFT: Final = 4
"""Manners below this leave before the answer; this one sends a byte at a time."""
_AT_ONCE: Final = 40
"""From here on all is sent at once, and every answer is waited for."""


def exchange(port: int, sent: bytes, manner: int = _AT_ONCE) -> tuple[bytes, float]:
    """Send bytes: what came back, and how long the server took to close when it could."""
    told = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        with contextlib.suppress(OSError):  # the server may have heard enough
            if manner < _LEFT:
                caller.sendall(sent[: len(sent) * manner // _LEFT])
                if manner % 2:  # reset, not closed
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b"", 0.0
            if manner == _LEFT:
                for at in range(min(len(sent), 300)):
                    caller.sendall(sent[at : at + 1])
            caller.sendall(sent[300:] if manner == _LEFT else sent)
        caller.settimeout(_QUIET_SECONDS)
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while True:
                try:
                    piece = caller.recv(65_536)
                except TimeoutError:
                    if caller.gettimeout() != _QUIET_SECONDS:
                        break
                    with contextlib.suppress(OSError):
                        caller.shutdown(socket.SHUT_WR)
                    caller.settimeout(10)
                    begun = time.monotonic()
                    continue
                if not piece:
                    break
                told += piece
                begun = begun if caller.gettimeout() != _QUIET_SECONDS else time.monotonic()
    return told, time.monotonic() - begun


def parsed(told: bytes, *, cut: bool = False) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of all answers that came; raises ValueError where it is no HTTP."""
    while told:
        head, between, rest = told.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        if not between or version not in {"HTTP/1.1", "HTTP/1.0"}:
            raise ValueError("no head")
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        length = int(headers.get("content-length", 0))
        if int(status) in {100, 204, 304}:
            length = 0
        if headers.get("transfer-encoding") == "chunked":
            body, rest = _dechunked(rest)
        else:
            body, rest = rest[:length], rest[length:]
            if len(body) < length and not cut:
                raise ValueError(f"{len(body)} of {length} bytes")
        yield int(status), headers, body
        told = rest


def _dechunked(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest


def complaints(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    if status >= 500:
        yield f"status {status}"
    elif "x-request-id" not in headers:
        if status != 100 and (status not in _SERVERS_OWN or body):
            yield f"status {status} from the server itself: {body[:100]!r}"
    elif status >= 400:
        keys = msgspec.json.decode(body).keys()
        if keys != {"error"} and keys - {"errors"} != {"type", "title", "status", "detail"}:
            yield f"an error in a form of its own: {body[:200]!r}"
