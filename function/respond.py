"""A request in, an answer out, a line in the log; importing this module makes it ready to serve."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from typing import Final
from wsgiref.types import WSGIEnvironment

import msgspec

from function import telemetry
from function.admission import Admission
from function.call import Answer, Call
from function.manners import polished
from function.problems import DeploymentError, Problem
from function.routes import LONGEST_METHOD, dispatch, refuse
from function.service import Service
from function.settings import Server, Settings

# Nothing would tell the end of an answer from where it was cut (RFC 9112, 8). Granian's name for
# it, and others'.
_WITHOUT_CHUNKS: Final = frozenset({"HTTP/1", "HTTP/1.0"})


def _start() -> Service:
    """Build the service, or end the process with a sentence before any port opens."""
    # A crash must not write the memory, and callers' passwords in it, to a disk. Not 0, which the
    # kernel heeds only where it writes a file, and not where it calls a program (core(5)).
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    try:
        server = Server.read(os.environ)
        admission = Admission(server.threads or 0, server.max_waiting)
        return Service(Settings.read(os.environ), admission)
    except DeploymentError as error:
        sys.exit(f"rain-tomorrow cannot start: {error}")


_SERVICE = _start()
ADMISSION: Final = _SERVICE.admission


def respond(environ: WSGIEnvironment) -> Answer:
    """Answer one request, as a server hands it over (PEP 3333), and log it."""
    began = time.perf_counter_ns()
    request_id = telemetry.request_id(environ.get(telemetry.REQUEST_ID_OF_WSGI))
    trace = telemetry.trace(environ.get(telemetry.TRACEPARENT_OF_WSGI))
    own = {telemetry.REQUEST_ID: request_id}
    call = Call(_SERVICE, environ)
    if trace is not None:
        own[telemetry.TRACEPARENT] = str(trace)
    try:
        answer = polished(call, _answer(call, request_id), own)
    finally:
        call.end()
    fields = {
        **telemetry.heading("INFO", "request"),
        "request_id": request_id,
        "method": environ["REQUEST_METHOD"][:LONGEST_METHOD],
        "route": None,
        **call.log,
        "status": answer.status,
        "ms": telemetry.milliseconds_since(began),
    }
    if trace is not None:
        fields |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
    telemetry.write(fields)
    _SERVICE.traffic.count(fields, call.filled)
    return answer


def _answer(call: Call, request_id: str) -> Answer:
    try:
        answer = dispatch(call)
        if isinstance(answer.body, bytes):
            return answer
        whole = call.environ["SERVER_PROTOCOL"] in _WITHOUT_CHUNKS
        body = b"".join(answer.body) if whole else _watched(answer.body, request_id)
        return msgspec.structs.replace(answer, body=body)
    except Problem as problem:
        return refuse(call, problem)
    except Exception as error:  # noqa: BLE001  (the last line of defence: nothing of it may reach a caller)
        telemetry.failure(error, request_id)
        return refuse(call, None)


def _watched(pieces: Iterator[bytes], request_id: str) -> Iterator[bytes]:
    """Log what fails while an answer is sent.

    Raises:
        RuntimeError: Something did; the server cuts the connection, as what came may look whole.

    """
    try:
        yield from pieces
    except Exception as error:  # noqa: BLE001  (what a server would log of it may quote the caller)
        telemetry.failure(error, request_id)
        _SERVICE.traffic.cut()
        raise RuntimeError("An answer failed after its first part was sent.") from None
