"""Measures the image, for docs/container.md; `scripts/measure-image` runs it."""

import argparse
import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
import requests
from rich.console import Console
from rich.table import Table

from scripts import measured
from scripts.training.failure import run
from tests.container.engine import (
    CONTEXT,
    IMAGE,
    NAIVE,
    build,
    build_naive,
    copy,
    fetch_bases,
    layers,
    require_engine,
    running,
    size_above_base,
)
from tests.container.load import send
from tests.serving import ALICE, ROOT

STARTS: Final = 10
BEGIN: Final = "<!-- measured by scripts/measure-image -->"
LIMITS: Final = ("--memory", "128m", "--memory-swap", "128m")
PUBLISHED: Final = ("--publish", "127.0.0.1::8080")
_DAY: Final = {"observation": {"Location": "Sydney", "Humidity3pm": 81, "Pressure3pm": 1004.2}}


class Image(msgspec.Struct, frozen=True):
    """What was measured of the image and of the naive one, in bytes and seconds."""

    bytes_above_base: int
    naive_bytes_above_base: int
    start_seconds: float
    memory_after_start_bytes: int
    memory_after_requests_bytes: int
    rebuild_seconds: float


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


def table(image: Image) -> list[list[str]]:
    """What was measured, in words and figures."""
    return [
        ["size above the base", f"{image.bytes_above_base / 1e6:.0f} MB"],
        [
            "the same with scikit-learn, pandas and functions-framework's launcher",
            f"{image.naive_bytes_above_base / 1e6:.0f} MB",
        ],
        [
            f"`docker run` to the first prediction, median of {STARTS}",
            f"{image.start_seconds:.2f} s",
        ],
        ["memory after the start", f"{image.memory_after_start_bytes / 1e6:.0f} MB"],
        [
            "memory after 10,000 mixed requests, under a limit of 128 MiB",
            f"{image.memory_after_requests_bytes / 1e6:.0f} MB",
        ],
        ["rebuild after a line of the function has changed", f"{image.rebuild_seconds:.1f} s"],
    ]


def write(image: Image, docs: Path) -> None:
    """Keep the figures as JSON, and write the document's table of them."""
    content = msgspec.json.format(msgspec.json.encode(image), indent=1)
    (docs / "container.json").write_bytes(content + b"\n")
    shown = measured.table(("what", "figure"), table(image))
    measured.replace(docs / "container.md", BEGIN, [shown])


def main() -> None:
    """Measure, print, and write the document."""
    argparse.ArgumentParser(
        prog="scripts/measure-image",
        description="Build and measure the image; write docs/container.json and docs/container.md.",
    ).parse_args()
    require_engine()
    fetch_bases()
    build(IMAGE)
    build_naive()
    ours, naive = size_above_base(IMAGE), size_above_base(NAIVE)
    starts = sorted(start_seconds() for _ in range(STARTS))
    fresh, used, how = memory()
    seconds, changed = rebuild()
    image = Image(ours, naive, statistics.median(starts), fresh, used, seconds)
    shown = Table("what", "figure", title="The image")
    for row in table(image):
        shown.add_row(*row)
    shown.add_row("starts, from and to", f"{starts[0]:.2f} s, {starts[-1]:.2f} s")
    shown.add_row("those requests", how)
    shown.add_row("layers that the rebuild changed", f"{changed}")
    Console().print(shown)
    write(image, ROOT / "docs")


if __name__ == "__main__":
    run(main)
