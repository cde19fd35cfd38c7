"""The production server with OpenTelemetry around it, in place of `python -m function.serve`."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from opentelemetry.instrumentation.auto_instrumentation import initialize
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

from function import serve, wsgi

initialize()
untraced, traced = wsgi.application, OpenTelemetryMiddleware(wsgi.application)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Trace what callers ask, and not the server's own probes, of which there are many."""
    is_probe = environ["PATH_INFO"] == wsgi.ADMISSION.probe.path
    return (untraced if is_probe else traced)(environ, start_response)


wsgi.application = application
serve.main()
