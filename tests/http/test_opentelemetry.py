"""OpenTelemetry, as an operator adds it: the function itself knows nothing of it."""

import functools
import secrets
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.serving import ROOT, Launcher, command, started_by

TRACED = ROOT / "docs" / "monitoring" / "traced.py"


class Collector(ThreadingHTTPServer):
    """Receives spans by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.spans: list[Span] = []


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def traced(port: int, launcher: Launcher) -> list[str]:
    """How `docs/monitoring.md` says to start it."""
    if launcher == "granian":
        return [sys.executable, str(TRACED), "--host", "127.0.0.1", "--port", str(port)]
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    return [str(instrument), *command(port, launcher)]


def test_one_span_for_each_request_in_the_callers_trace(
    collector: Collector, launcher: Launcher, tmp_path: Path
) -> None:
    settings = {
        "OTEL_SERVICE_NAME": "rain-tomorrow",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    callers = {secrets.token_hex(16): secrets.token_hex(8) for _ in range(3)}
    start = functools.partial(traced, launcher=launcher)
    with started_by(start, tmp_path / "log", settings) as running:
        for trace, span in callers.items():
            headers = {"traceparent": f"00-{trace}-{span}-01"}
            assert running.call("GET", "/whoami", headers=headers).ok
    assert running.process.returncode == 0
    ours = [span for span in collector.spans if span.trace_id.hex() in callers]
    assert {span.trace_id.hex(): span.parent_span_id.hex() for span in ours} == callers
    assert len(ours) == len(callers)
    assert all(span.kind == Span.SPAN_KIND_SERVER for span in ours)
    if launcher == "granian":  # whose probe of itself is nobody's request
        assert {span.name for span in collector.spans} == {"GET /whoami", "GET /health/ready"}
    logged = {line["trace_id"]: line["span_id"] for line in running.log() if "trace_id" in line}
    assert logged == callers


def test_what_serves_contains_none_of_it() -> None:
    assert "opentelemetry" not in (ROOT / "function" / "requirements.txt").read_text()
    sources = (ROOT / "function").rglob("*.py")
    assert [path for path in sources if "opentelemetry" in path.read_text()] == []
