"""What a process takes, over time, and whether that grows."""

from collections.abc import Sequence
from pathlib import Path

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
    """What changed between two moments at which nobody called: memory as a share."""

    memory: float
    descriptors: int
    threads: int


def growth(before: Sample, after: Sample) -> Growth:
    """Growth from one moment to a later one."""
    return Growth(
        after.memory / before.memory - 1,
        after.descriptors - before.descriptors,
        after.threads - before.threads,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
