"""What a prediction costs without HTTP, stage by stage; prints a `Profile` as JSON.

Runs in the serving environment, on what serves.
"""

import argparse
import base64
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from function import reply
from function.encode import Matrix
from function.fill import Completion, Fill
from function.forecast import forecast
from function.models import Probabilities
from function.observation import Raw
from function.service import Service
from function.settings import Settings
from scripts.benchmark.results import Profile
from scripts.benchmark.workload import MODELS, Question

ROWS: Final = (1, 10, 100, 1_000, 10_000)
DRAWS: Final = (1, 10, 100, 1_000)
_CORE: Final = ("fill", "encode", "score")
# What a forecast does around these three is "gather": means, intervals, thresholds.
STAGES: Final = ("authenticate", "decode, validate", *_CORE, "gather", "encode reply")
_T = TypeVar("_T")
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


class Watched:
    """A service whose stages are timed one after another, as a request passes them.

    A stage by itself, over and over, takes a third to a half of what it takes in its turn,
    when the processor's caches hold what the other stages left.
    """

    def __init__(self, service: Service) -> None:
        self.nanoseconds = dict.fromkeys(STAGES, 0)
        self.cards = service.models.cards
        self._service = service

    def predict(self, body: bytes) -> None:
        """Answer a request, and keep what each stage of it took."""
        service, watch = self._service, self._watch
        watch("authenticate", service.credentials.authenticate, _ALICE)
        request = watch("decode, validate", service.payloads.read, body)
        self.nanoseconds |= dict.fromkeys(_CORE, 0)
        parts: Any = self  # stands in for the models and the filler
        names = (request.model,)
        answer = watch("gather", forecast, request.observations, request.fill, names, parts, parts)
        self.nanoseconds["gather"] -= sum(self.nanoseconds[stage] for stage in _CORE)
        watch("encode reply", reply.predictions, request, answer, service.stations, "en")

    def complete(self, raw: Raw, fill: Fill) -> Iterator[Completion]:
        """Fill; all blocks at once, for there is one."""
        yield from self._watch("fill", lambda: [*self._service.filler.complete(raw, fill)])

    def encode(self, raw: Raw) -> Matrix:
        """Encode."""
        return self._watch("encode", self._service.models.encode, raw)

    def score(self, name: str, matrix: Matrix) -> Probabilities:
        """Score."""
        return self._watch("score", self._service.models.score, name, matrix)

    def _watch(self, stage: str, call: Callable[..., _T], *arguments: Any) -> _T:
        begin = time.perf_counter_ns()
        result = call(*arguments)
        self.nanoseconds[stage] = time.perf_counter_ns() - begin
        return result


def stages(service: Service, body: bytes, seconds: float) -> dict[str, float]:
    """Median microseconds of each stage of a prediction."""
    watched = Watched(service)
    took: list[list[int]] = []
    end = time.perf_counter() + seconds
    while len(took) < _LEAST or time.perf_counter() < end:
        watched.predict(body)
        took.append([*watched.nanoseconds.values()])
    medians = map(statistics.median, zip(*took, strict=True))
    return {stage: median / 1000 for stage, median in zip(STAGES, medians, strict=True)}


def whole(service: Service, body: bytes) -> bytes:
    """Everything but HTTP: from a body and a header to the answer's body."""
    service.credentials.authenticate(_ALICE)
    request = service.payloads.read(body)
    names = (request.model,)
    answer = forecast(request.observations, request.fill, names, service.models, service.filler)
    said = reply.predictions(request, answer, service.stations, "en")
    return said if isinstance(said, bytes) else b"".join(said)


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
            model: stages(service, question.body(), 4 * seconds) for model, question in one.items()
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
                service, [(draws, Question(model, 1, draws, gaps=True)) for draws in DRAWS], seconds
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
