"""What a prediction costs without HTTP, stage by stage; prints a `Profile` as JSON.

Runs in the serving environment, on what serves.
"""

import argparse
import base64
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from function import payload, reply
from function.forecast import forecast
from function.service import Service
from function.settings import Settings
from scripts.benchmark.results import Profile
from scripts.benchmark.workload import MODELS, Question

ROWS: Final = (1, 10, 100, 1_000, 10_000)
DRAWS: Final = (1, 10, 100, 1_000)
_ALICE: Final = "Basic " + base64.b64encode(b"alice:wonderland").decode()
_BATCH_NS: Final = 200_000  # long enough for the clock, short enough for a median over many
_LEAST: Final = 5


def median_us(call: Callable[[], object], seconds: float) -> float:
    """Median duration of a call in microseconds, over `seconds` and at least five times."""
    call()
    begin = time.perf_counter_ns()
    call()
    calls = max(1, _BATCH_NS // max(1, time.perf_counter_ns() - begin))
    took: list[float] = []
    end = time.perf_counter() + seconds
    while len(took) < _LEAST or time.perf_counter() < end:
        begin = time.perf_counter_ns()
        for _ in range(calls):
            call()
        took.append((time.perf_counter_ns() - begin) / calls / 1000)
    return statistics.median(took)


def whole(service: Service, body: bytes) -> bytes:
    """Everything but HTTP: from a body and a header to the answer's body."""
    document = payload.decode(body)
    service.credentials.authenticate(_ALICE)
    request = service.payloads.predict(document)
    answer = forecast(
        request.observations, request.fill, (request.model,), service.models, service.filler
    )
    said = reply.predictions(request, answer, service.stations)
    return said if isinstance(said, bytes) else b"".join(said)


def stages(service: Service, question: Question) -> dict[str, Callable[[], object]]:
    """Each stage of a prediction, as a call of its own on what the stages before it gave."""
    body, document = question.body(), question.document()
    request = service.payloads.predict(document)
    raw, fill, name = request.observations.raw, request.fill, request.model
    (completion,) = service.filler.complete(raw, fill)
    matrix = service.models.encode(completion.samples)
    answer = forecast(request.observations, fill, (name,), service.models, service.filler)
    return {
        "decode": lambda: payload.decode(body),
        "validate": lambda: service.payloads.predict(document),
        "authenticate": lambda: service.credentials.authenticate(_ALICE),
        "fill": lambda: list(service.filler.complete(raw, fill)),
        "encode": lambda: service.models.encode(completion.samples),
        "score": lambda: service.models.score(name, matrix),
        "encode reply": lambda: reply.predictions(request, answer, service.stations),
    }


def _curve(
    service: Service, questions: Sequence[tuple[int, Question]], seconds: float
) -> dict[int, float]:
    return {
        size: median_us(partial(whole, service, question.body()), seconds)
        for size, question in questions
    }


def _scored_per_second(service: Service, model: str, seconds: float) -> float:
    rows = max(ROWS)
    request = service.payloads.predict(Question(model, rows).document())
    raw, fill = request.observations.raw, request.fill

    def score() -> None:
        for completion in service.filler.complete(raw, fill):
            service.models.score(model, service.models.encode(completion.samples))

    return rows / median_us(score, seconds) * 1e6


def measure(service: Service, seconds: float) -> Profile:
    """Measure every model, each figure over so many seconds."""
    one = {model: Question(model) for model in MODELS}
    return Profile(
        stages={
            model: {
                name: median_us(call, seconds) for name, call in stages(service, question).items()
            }
            for model, question in one.items()
        },
        whole={
            model: median_us(partial(whole, service, question.body()), 2 * seconds)
            for model, question in one.items()
        },
        rows={
            model: _curve(service, [(rows, Question(model, rows)) for rows in ROWS], seconds)
            for model in MODELS
        },
        draws={
            model: _curve(
                service,
                [(draws, Question(model, 1, draws, gaps=True)) for draws in DRAWS],
                seconds,
            )
            for model in MODELS
        },
        rows_per_second={model: _scored_per_second(service, model, seconds) for model in MODELS},
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure")
    service = Service(Settings())
    gc.collect()
    gc.freeze()  # as the server does
    sys.stdout.buffer.write(msgspec.json.encode(measure(service, parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
