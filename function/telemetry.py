"""What an operator sees: one JSON object a line on standard output, no body, no credential."""

import datetime as dt
import logging
import re
import secrets
import sys
import time
import traceback
from typing import Any, Final

import msgspec

REQUEST_ID: Final = "X-Request-Id"
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_LOGGER: Final = logging.getLogger("rain-tomorrow")


def request_id(offered: str | None) -> str:
    """The caller's request id where it is well formed, a new one otherwise."""
    if offered is not None and _WELL_FORMED.fullmatch(offered):
        return offered
    return secrets.token_hex(8)


class JsonLines(logging.Formatter):
    """Formats a log record as one JSON object; `extra={"fields": {...}}` are its members."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        time = dt.datetime.fromtimestamp(record.created, dt.UTC)
        members: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            # The exception's own words may quote the caller's data; its place does not.
            error = record.exc_info[1]
            members["error"] = type(error).__name__
            members["at"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
        return msgspec.json.encode(members).decode()


def configure() -> None:
    """Send this function's log to standard output, as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    _LOGGER.handlers = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


class Stopwatch:
    """Time since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter_ns()

    def milliseconds(self) -> float:
        """Elapsed milliseconds, to the microsecond."""
        return round((time.perf_counter_ns() - self._start) / 1e6, 3)


def access(fields: dict[str, Any]) -> None:
    """Log an answered request."""
    _LOGGER.info("request", extra={"fields": fields})


def warn(message: str) -> None:
    """Log what an operator may want to look into."""
    _LOGGER.warning(message)


def failure(error: Exception, request: str) -> None:
    """Log an exception that is a fault of ours."""
    fields = {"request_id": request}
    _LOGGER.error("unexpected failure", exc_info=error, extra={"fields": fields})
