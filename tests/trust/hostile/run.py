"""Sends hostile requests to the function, in this process, and tells what went wrong.

    python -m tests.trust.hostile.run INPUTS [SEED]

Every request goes all the way: server's environment, route, credentials, decoder, validation,
answer. `SEED` and its number make the same request again. The limits are small, so that they are
met; what is large is tried in `test_hostile_size.py`. The report is one line of JSON.
"""

import base64
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from wsgiref.types import WSGIApplication

import msgspec

from tests.serving import ROOT
from tests.trust.hostile.mutate import Mutator
from tests.trust.hostile.request import Answer, Request
from tests.trust.hostile.seeds import PASSWORD, TOKEN, USER, seeds
from tests.trust.hostile.verdict import complaints

SETTINGS: Final = {
    "MAX_BODY_BYTES": "65536",
    "MAX_ROWS": "50",
    "MAX_SAMPLES": "2000",
    "WRONG_PASSWORDS": "1000000000",  # so that every one is heard
    "FORWARDED_HOPS": "1",
}
SECRETS: Final = (PASSWORD.encode(), TOKEN.encode())
HANG_SECONDS: Final = 1.0
_STUCK_SECONDS: Final = 20  # which pass while it waits for something, or for the processor
_WARM: Final = 0.2  # part of the inputs, after which memory has no reason to grow
_SLOW: Final = {"large-answers"}  # each is as much work as a hundred others
_OFTEN: Final = 20  # as often as these are all others
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MOST_FAILURES: Final = 50


class Failed(msgspec.Struct, frozen=True):
    """A hostile request that did harm: its number, kind and bytes, and what is wrong."""

    number: int
    kind: str
    complaints: list[str]
    request: bytes


class Report(msgspec.Struct):
    """What came of so many requests: by kind, by status; seconds; memory in bytes."""

    tried: dict[str, int]
    statuses: dict[int, int]
    failed: list[Failed]
    slowest: float
    seconds: float
    warm_bytes: int
    end_bytes: int


def credentials(folder: Path) -> Path:
    """File of one user, whose hash costs little: thousands of guesses a second are tried."""
    salt = b"salt"
    digest = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2**8, r=1, p=1, dklen=32)
    parts = [base64.b64encode(part).decode().rstrip("=") for part in (salt, digest)]
    path = folder / "credentials"
    path.write_text(f"{USER}:$scrypt$ln=8,r=1,p=1${'$'.join(parts)}\n")
    return path


def ask(application: WSGIApplication, request: Request) -> Answer:
    """Answer of a WSGI application."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(
        status: str, headers: list[tuple[str, str]], _exc: Any = None
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return bytes

    body = b"".join(application(request.environ(), start))
    status, headers = started[-1]
    return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, body)


def wrong(application: WSGIApplication, request: Request) -> tuple[list[str], int, float]:
    """What is wrong with the answer to a request, its status, and the processor seconds it took."""
    begun = time.process_time()
    try:
        answer = ask(application, request)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what was looked for)
        return [f"raised {type(error).__name__}: {error}"], 0, time.process_time() - begun
    took = time.process_time() - begun
    return list(complaints(request, answer, SECRETS)), answer.status, took


def numbered(number: int, seed: int, kinds: Sequence[str], all_seeds: Any) -> tuple[str, Request]:
    """Make the request of this number: its kind, and itself."""
    kind = kinds[number % len(kinds)]
    mutator = Mutator(random.Random(seed << 32 | number))  # noqa: S311
    return kind, mutator.hostile(kind, all_seeds[kind])


def run(application: WSGIApplication, inputs: int, seed: int) -> Report:
    """Try so many requests."""
    all_seeds = seeds()
    kinds = [kind for kind in all_seeds for _ in range(1 if kind in _SLOW else _OFTEN)]
    tried, statuses = Counter[str](), Counter[int]()
    report = Report({}, {}, [], 0.0, 0.0, 0, 0)
    begun = time.monotonic()
    for number in range(inputs):
        if number == int(inputs * _WARM):
            report.warm_bytes = _memory()
        kind, request = numbered(number, seed, kinds, all_seeds)
        signal.setitimer(signal.ITIMER_REAL, _STUCK_SECONDS)
        found, status, took = wrong(application, request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if took > HANG_SECONDS:
            found.append(f"took {took:.1f} s")
        report.slowest = max(report.slowest, took)
        tried[kind] += 1
        statuses[status] += 1
        if found and len(report.failed) < _MOST_FAILURES:
            report.failed.append(Failed(number, kind, found, request.wire()[:2000]))
    report.end_bytes = _memory()
    report.seconds = time.monotonic() - begun
    report.tried, report.statuses = dict(tried), dict(sorted(statuses.items()))
    return report


def check_seeds(application: WSGIApplication) -> None:
    """Refuse to begin where a valid request is not answered as one: the rest would prove little."""
    for kind, requests in seeds().items():
        for request in requests:
            found, status, _ = wrong(application, request)
            if found or (status >= 400 and kind != "path"):
                sys.exit(f"{kind}: {status} {found} for {request.wire()[:500]!r}")


def _memory() -> int:
    """Resident set size of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _stuck(*_: object) -> None:
    raise TimeoutError(f"no answer in {_STUCK_SECONDS} s")


def main() -> None:
    """Run the command."""
    inputs, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= SETTINGS | {"CREDENTIALS_FILE": str(credentials(Path(folder)))}
        # The function logs to the standard output, a line for each request.
        told = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.path.insert(0, str(ROOT))
        from function.wsgi import application

        signal.signal(signal.SIGALRM, _stuck)
        check_seeds(application)
        os.write(told, msgspec.json.encode(run(application, inputs, seed)) + b"\n")


if __name__ == "__main__":
    main()
