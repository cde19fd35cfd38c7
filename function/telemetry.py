"""What an operator sees: one JSON object a line on standard output, no body, no credential."""

import datetime as dt
import logging
import os
import random
import re
import time
import traceback
from typing import Any, Final

import msgspec

REQUEST_ID: Final = "X-Request-Id"
TRACEPARENT: Final = "traceparent"
# As a server hands them over, which are found in no time.
REQUEST_ID_OF_WSGI: Final = "HTTP_X_REQUEST_ID"
TRACEPARENT_OF_WSGI: Final = "HTTP_TRACEPARENT"
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_ENCODER: Final = msgspec.json.Encoder()
_STDOUT: Final = 1


def request_id(offered: str | None) -> str:
    """The caller's request id where it is well formed, a new one otherwise."""
    if offered is not None and _WELL_FORMED.fullmatch(offered):
        return offered
    return f"{random.getrandbits(64):016x}"  # no secret; asking the system takes ten times as long


class Trace(msgspec.Struct, frozen=True):
    """The caller's place in a trace (W3C Trace Context), all in lowercase hexadecimal."""

    trace_id: str
    span_id: str
    flags: str

    def __str__(self) -> str:
        """Header `traceparent`, of the version that is known here."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def trace(traceparent: str | None) -> Trace | None:
    """Place in a trace that a header `traceparent` tells; None without a well formed one."""
    if traceparent is None:
        return None
    match = _TRACEPARENT.fullmatch(traceparent)
    # Later versions may append to it; this one may not.
    if match is None or (match[1] == "00" and match[5] is not None):
        return None
    return Trace(match[2], match[3], match[4])


def heading(severity: str, message: str) -> dict[str, Any]:
    """What every line begins with."""
    return {"time": dt.datetime.now(dt.UTC), "severity": severity, "message": message}


def warn(message: str) -> None:
    """Log what an operator may want to look into."""
    write(heading("WARNING", message))


def failure(error: Exception, request: str) -> None:
    """Log an exception that is a fault of ours."""
    place = {"request_id": request, **_place(error)}
    write(heading("ERROR", "unexpected failure") | place)


def write(line: dict[str, Any]) -> None:
    """Log a line, as JSON."""
    # Not through logging, which takes as long as a forecast. One call for a whole line: those of
    # other threads do not mix with it. A full disk is no reason to fail a request.
    try:  # noqa: SIM105  (suppress() takes as long as the line)
        os.write(_STDOUT, _ENCODER.encode(line) + b"\n")
    except OSError:
        pass


class JsonLines(logging.Formatter):
    """Formats what libraries log as this function's own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        error = record.exc_info[1] if record.exc_info else None
        place = _place(error) if error else {}
        return _ENCODER.encode(heading(record.levelname, record.getMessage()) | place).decode()


def milliseconds_since(began: int) -> float:
    """Milliseconds, to the microsecond, since the performance counter was at `began` ns."""
    return (time.perf_counter_ns() - began) // 1000 / 1000  # round() takes a microsecond itself


def _place(error: BaseException) -> dict[str, Any]:
    """Kind and place of an exception; its own words may quote the caller's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
