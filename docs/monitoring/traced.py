"""The production server with OpenTelemetry around it, in place of `python -m function.serve`."""

from function import process

process.begin()

from opentelemetry.instrumentation.auto_instrumentation import initialize
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

from function import serve, wsgi

initialize()
wsgi.answered = OpenTelemetryMiddleware(wsgi.answered)
serve.main()
