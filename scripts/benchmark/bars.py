"""What the figures must reach; ratios are of contenders in the same run, and in turns."""

from collections.abc import Iterator
from typing import Final

import msgspec

from scripts.benchmark.results import Measured, Profile, Results

LR: Final = "logistic-regression"
TREE: Final = "decision-tree"
FOREST: Final = "random-forest"
SVM: Final = "support-vector-machine"
_MODELS: Final = (TREE, LR, FOREST, SVM)
_OURS: Final = "ours"


class Bar(msgspec.Struct, frozen=True):
    """A figure and the least, or else the most, that it may be; None where it was not measured."""

    text: str
    figure: float | None
    limit: float
    unit: str = ""
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        """Whether it is met; None where it was not measured."""
        if self.figure is None:
            return None
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit


def bars(results: Results) -> list[Bar]:
    """All of them."""
    return [*_throughput(results), *_latency(results), *_profile(results.profile), *_rest(results)]


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other


def _throughput(results: Results) -> Iterator[Bar]:
    for name, limit, server in (
        ("hello-ff", 1.5, "functions-framework's launcher"),
        ("hello-granian", 0.5, "our own server"),
    ):
        text = f"logistic regression, against hello world under {server}"
        yield Bar(text, results.ratio((_OURS, LR), (name, LR)), limit, "x")
    for model in (FOREST, SVM):
        text = f"{model.replace('-', ' ')}, against the logistic regression"
        yield Bar(text, results.ratio((_OURS, model), (_OURS, LR)), 0.75, "x")
    for model, limit in ((LR, 25.0), (FOREST, 70.0)):
        text = f"{model.replace('-', ' ')}, against the naive handler"
        yield Bar(text, results.ratio((_OURS, model), ("naive", model)), limit, "x")


def _latency(results: Results) -> Iterator[Bar]:
    cells = [results.contender(_OURS).cell(model, 8) for model in _MODELS]
    worst = max((cell.p99_ms / cell.p50_ms for cell in cells if cell), default=None)
    yield Bar("p99 against p50, 8 callers, worst model", worst, 4, "x", at_least=False)


def _profile(profile: Profile | None) -> Iterator[Bar]:
    whole = profile.whole if profile else {}
    speed = profile.rows_per_second if profile else {}
    for model, limit in ((LR, 60.0), (TREE, 60.0), (FOREST, 120.0), (SVM, 120.0)):
        text = f"one whole day without HTTP, {model.replace('-', ' ')}"
        yield Bar(text, whole.get(model), limit, "µs", at_least=False)
    for model, limit in ((LR, 300_000.0), (FOREST, 60_000.0)):
        text = f"10,000 rows encoded and scored, {model.replace('-', ' ')}"
        yield Bar(text, speed.get(model), limit, "rows/s")


def _rest(results: Results) -> Iterator[Bar]:
    ours, floor = results.contender(_OURS), results.contender("hello-granian")
    ratio = _ratio(ours.start, floor.start)
    yield Bar("start, against hello world under our server", ratio, 2.2, "x", at_least=False)
    yield Bar("start", ours.start, 0.45, "s", at_least=False)
    last = [one.mixed[-1].pss_bytes if one.mixed else None for one in (ours, floor)]
    text = "memory after mixed requests, against hello world under our server"
    yield Bar(text, _ratio(*last), 2.5, "x", at_least=False)
    yield Bar("its growth over their last half", growth(ours), 1, "%", at_least=False)


def growth(contender: Measured) -> float | None:
    """Growth of what memory is kept over the last half of the mixed requests, in percent."""
    samples = contender.mixed
    if len(samples) < 3:
        return None
    rests = [one.rested_bytes for one in samples if one.rested_bytes is not None]
    if not rests:  # figures of before there were any
        half = min(samples, key=lambda sample: abs(sample.requests - samples[-1].requests / 2))
        rests = [half.pss_bytes, samples[-1].pss_bytes]
    return 100 * (rests[-1] / rests[0] - 1)
