"""What was counted, in the words of Prometheus.

Imported at the first scrape: the client takes 12 ms to import, a fiftieth of a start.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from function import __version__
from function.monitoring import BOUNDS, Reading, Series
from function.service import Service

_BOUNDS: Final = [*map(str, BOUNDS), "+Inf"]


def expose(service: Service, accept: str) -> tuple[bytes, str]:
    """Figures of this process, and their content type.

    Args:
        service: Whose.
        accept: The header of that name: Prometheus' text, or OpenMetrics where it is preferred.

    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(service))
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # it asks for a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


class _Figures(Collector):
    """The function's own figures."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        reading = self._service.traffic.read()
        yield _requests(reading)
        yield _durations(reading)
        yield _sums(reading, "rain_rows", "Observations taken in.", lambda series: series.rows)
        yield _sums(
            reading, "rain_draws", "Rows times draws asked for.", lambda series: series.draws
        )
        yield _filled(reading)
        yield _cut(reading)
        yield _failures(reading)
        yield from _credentials(self._service)
        yield _models(self._service)
        yield _build(self._service)


def _requests(reading: Reading) -> Metric:
    family = CounterMetricFamily(
        "rain_requests", "Requests answered.", labels=("method", "route", "status")
    )
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for labels, series in reading.series.items():
        totals[labels.method, labels.route, str(labels.status)] += series.requests
    for values, total in totals.items():
        family.add_metric(values, total)
    return family


def _durations(reading: Reading) -> Metric:
    family = HistogramMetricFamily(
        "rain_request_duration_seconds",
        "Time in the function: without the wait for a thread, and the sending.",
        labels=("route", "model"),
        unit="seconds",
    )
    for values, every in _by_route_and_model(reading).items():
        counts = [sum(bucket) for bucket in zip(*(each.buckets for each in every), strict=True)]
        buckets = list(zip(_BOUNDS, accumulate(counts), strict=True))
        family.add_metric(values, buckets, sum(each.seconds for each in every))
    return family


def _sums(reading: Reading, name: str, help_: str, of: Callable[[Series], int]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=("route", "model"))
    for values, every in _by_route_and_model(reading).items():
        if total := sum(map(of, every)):
            family.add_metric(values, total)
    return family


def _by_route_and_model(reading: Reading) -> dict[tuple[str, str], list[Series]]:
    grouped: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for labels, series in reading.series.items():
        grouped[labels.route, labels.model].append(series)
    return grouped


def _filled(reading: Reading) -> Metric:
    family = CounterMetricFamily(
        "rain_filled_fields", "Values that were missing and filled.", labels=("field",)
    )
    for field, count in reading.filled.items():
        family.add_metric((field,), count)
    return family


def _cut(reading: Reading) -> Metric:
    return CounterMetricFamily(
        "rain_answers_cut",
        "Answers that failed after their first part, and with it their status, was sent.",
        value=reading.cut,
    )


def _failures(reading: Reading) -> Metric:
    refused = HTTPStatus.UNAUTHORIZED
    return CounterMetricFamily(
        "rain_authentication_failures",
        "Requests without valid credentials where some are asked for.",
        value=sum(
            series.requests for labels, series in reading.series.items() if labels.status == refused
        ),
    )


def _credentials(service: Service) -> Iterator[Metric]:
    credentials = service.credentials
    yield CounterMetricFamily(
        "rain_authentication_unheard",
        "Requests refused without a look at their password: too many were wrong, or wait.",
        value=credentials.unheard,
    )
    yield GaugeMetricFamily(
        "rain_credentials_ignored",
        "1 where the credentials file was changed to something that does not count.",
        value=float(credentials.ignored),
    )


def _models(service: Service) -> Metric:
    models = service.models
    family = InfoMetricFamily("rain_model", "A model that is served.", labels=("model",))
    for name, card in models.cards.items():
        sha256 = card.artifacts[models.form].sha256
        about = {"version": card.version, "format": models.form, "sha256": sha256}
        family.add_metric((name,), about)
    return family


def _build(service: Service) -> Metric:
    about = {"version": __version__, "revision": service.settings.k_revision}
    return InfoMetricFamily("rain_build", "The function.", value=about)
