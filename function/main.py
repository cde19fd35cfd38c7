"""The function: `handle` is the only entry point; importing this module makes it ready to serve."""

import os
import sys
from pathlib import Path

# functions-framework opens this file by its path, with only the file's own folder to import from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import flask
import functions_framework

from function import problems, telemetry
from function.body import JSON, leave
from function.problems import DeploymentError, Problem
from function.routes import Call, dispatch
from function.service import Service
from function.settings import Settings


def _start() -> Service:
    """Build the service, or end the process with a sentence before any port opens."""
    try:
        return Service(Settings.read(os.environ))
    except DeploymentError as error:
        sys.exit(f"rain-tomorrow cannot start: {error}")


_SERVICE = _start()


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Answer one request; whatever happens, in the words of the contract."""
    watch = telemetry.Stopwatch()
    request_id = telemetry.request_id(request.headers.get(telemetry.REQUEST_ID))
    call = Call(_SERVICE, request)
    response = _answer(call, request_id)
    leave(request)
    response.headers[telemetry.REQUEST_ID] = request_id
    telemetry.access(
        {
            "request_id": request_id,
            "method": request.method,
            "route": None,
            **call.log,
            "status": response.status_code,
            "ms": watch.milliseconds(),
        }
    )
    return response


def _answer(call: Call, request_id: str) -> flask.Response:
    try:
        return flask.Response(dispatch(call), content_type=JSON)
    except Problem as problem:
        status, document = problems.document(problem)
        headers = problem.headers
    except Exception as error:  # noqa: BLE001  (the last line of defence: nothing of it may reach a caller)
        telemetry.failure(error, request_id)
        status, document = problems.document(None)
        headers = {}
    return flask.Response(document, status, headers, content_type=problems.CONTENT_TYPE)
