"""What a process takes, over time, and whether that grows."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from scripts.benchmark.processes import Running


class Sample(msgspec.Struct, frozen=True):
    """What the server took at one moment; latencies are those since the sample before.

    `minutes` are since the start, `memory` is the proportional set size in bytes.
    """

    minutes: float
    memory: int
    descriptors: int
    threads: int
    answered: int
    p50_ms: float
    p99_ms: float


def sample(server: Running, minutes: float, answered: int, took: Sequence[float]) -> Sample:
    """Look at a server; `took` are the milliseconds of its latest answers, in order."""
    process = Path(f"/proc/{server.process.pid}")
    return Sample(
        minutes,
        server.pss(),
        len([*(process / "fd").iterdir()]),
        len([*(process / "task").iterdir()]),
        answered,
        _quantile(took, 0.5),
        _quantile(took, 0.99),
    )


class Growth(msgspec.Struct, frozen=True):
    """What changed between the first and the last third of the time after the warm-up.

    `memory` is the growth as a share, the others are differences of medians.
    """

    memory: float
    descriptors: float
    threads: float


def growth(samples: Sequence[Sample], warm_up: float = 0.2) -> Growth:
    """Growth after a share of the time has passed, which is the warm-up."""
    kept = samples[int(len(samples) * warm_up) :]
    third = max(1, len(kept) // 3)
    first, last = kept[:third], kept[-third:]
    return Growth(
        median(one.memory for one in last) / median(one.memory for one in first) - 1,
        median(one.descriptors for one in last) - median(one.descriptors for one in first),
        median(one.threads for one in last) - median(one.threads for one in first),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
