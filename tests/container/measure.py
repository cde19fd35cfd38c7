"""Measures the image and prints a table; `scripts/measure-image` runs it."""

import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import requests
from rich.console import Console
from rich.table import Table

from tests.container.engine import (
    CONTEXT,
    IMAGE,
    NAIVE,
    build,
    build_naive,
    copy,
    fetch_bases,
    layers,
    running,
    size_above_base,
)
from tests.container.load import send
from tests.serving import ALICE

STARTS: Final = 10
LIMITS: Final = ("--memory", "128m", "--memory-swap", "128m")
PUBLISHED: Final = ("--publish", "127.0.0.1::8080")
_DAY: Final = {"observation": {"Location": "Sydney", "Humidity3pm": 81, "Pressure3pm": 1004.2}}


def start_seconds() -> float:
    """From `docker run` to the first right prediction, the image being warm."""
    start = time.perf_counter()
    with running(IMAGE, *PUBLISHED) as container:
        url = container.url
        while True:
            with contextlib.suppress(requests.ConnectionError):
                answer = requests.post(f"{url}/predict", json=_DAY, auth=ALICE, timeout=10)
                if 0 < answer.json()["prediction"]["probability"] < 1:
                    return time.perf_counter() - start
            time.sleep(0.005)


def memory() -> tuple[int, int, str]:
    """Bytes after the start, and after 10,000 mixed requests under 128 MiB; and how that went."""
    with running(IMAGE, *PUBLISHED, *LIMITS) as container:
        url = container.await_ready()
        before = container.memory
        answered, wrong = send(url, callers=4, go_on=lambda sent: sent < 2500)
        return before, container.memory, f"{answered} answered, {len(wrong)} failed"


def rebuild() -> tuple[float, int]:
    """Seconds to build after one line of the function has changed, and how many layers changed."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        copy(context, *CONTEXT)
        before = layers(build(IMAGE, context=context))
        with (context / "function" / "problems.py").open("a") as module:
            module.write(f"# {time.time()}\n")
        start = time.perf_counter()
        after = layers(build("rain-tomorrow:changed", context=context))
        changed = sum(one != other for one, other in zip(before, after, strict=True))
        return time.perf_counter() - start, changed


def main() -> None:
    """Measure, and print."""
    fetch_bases()
    build(IMAGE)
    build_naive()
    ours, naive = size_above_base(IMAGE), size_above_base(NAIVE)
    starts = sorted(start_seconds() for _ in range(STARTS))
    fresh, used, how = memory()
    seconds, changed = rebuild()
    table = Table("what", "figure", title="The image")
    table.add_row("size above the base", f"{ours / 1e6:.0f} MB")
    table.add_row("naive image above the base", f"{naive / 1e6:.0f} MB")
    table.add_row("ours of that", f"{ours / naive:.0%}")
    table.add_row(
        f"docker run to first prediction, median of {STARTS}",
        f"{statistics.median(starts):.2f} s ({starts[0]:.2f}-{starts[-1]:.2f})",
    )
    table.add_row("memory after the start", f"{fresh / 1e6:.0f} MB")
    table.add_row("memory after 10,000 mixed requests, limit 128 MiB", f"{used / 1e6:.0f} MB")
    table.add_row("those requests", how)
    table.add_row("rebuild after one line", f"{seconds:.1f} s, {changed} layer changed")
    Console().print(table)


if __name__ == "__main__":
    main()
