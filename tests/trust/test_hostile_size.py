"""What is as large as it may be costs a second of a processor, and memory of a few times its size.

The inputs that mutation makes are small; these are made to cost the most that a body or a header
of the largest size can.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil
import pytest

from scripts.reliability import Figure
from tests.serving import Server, serve
from tests.trust.conftest import COMMAND
from tests.trust.hostile.run import HANG_SECONDS

MEGABYTE: Final = 10**6
LARGEST: Final = 8 * 1024 * 1024
EXTRA_BYTES: Final = 100 * MEGABYTE
"""Of memory, at the worst moment, beside what the server takes: the body comes several times."""
JSON: Final = {"Content-Type": "application/json"}
CSV: Final = {"Content-Type": "text/csv"}
NDJSON: Final = {"Content-Type": "application/x-ndjson"}
GZIP: Final = {**JSON, "Content-Encoding": "gzip"}
INFER: Final = "/v2/models/random-forest/infer"
DAY: Final = b'{"Location":"Hobart"}'


def filled(before: bytes, unit: bytes, after: bytes = b"") -> bytes:
    """Text of the largest size, nearly all of it one unit over and over."""
    return before + unit * ((LARGEST - len(before) - len(after)) // len(unit)) + after


def names(count: int, first: str = "") -> bytes:
    """Members of an object, none like another."""
    return b",".join(b'"%s%d":1' % (first.encode(), number) for number in range(count))


def gzips(count: int) -> bytes:
    return zlib.compress(b"", wbits=31) * count


BODIES: Final[Mapping[str, tuple[str, Mapping[str, str], Callable[[], bytes], int]]] = {
    "objects": ("/predict", JSON, lambda: filled(b'{"observations":[', b"{},", b"1]}"), 413),
    "objects, NaN": ("/predict", JSON, lambda: filled(b'{"observations":[', b"{},", b"NaN]}"), 413),
    "lists": ("/predict", JSON, lambda: filled(b'{"observation":[', b"[],", b"1]}"), 413),
    "nested": ("/predict", JSON, lambda: filled(b"", b"["), 413),
    "numbers": ("/random-fill", JSON, lambda: filled(b'{"observations":[', b"1.5,", b"1]}"), 413),
    "texts": ("/predict", JSON, lambda: filled(b'{"observations":[', b'"ab",', b"1]}"), 413),
    "names": ("/predict", JSON, lambda: b'{"observation":{' + names(760_000) + b"}}", 413),
    "names that may be": (
        "/predict",
        JSON,
        lambda: b'{"observation":{' + names(240_000) + b"}}",
        422,
    ),
    "names nearly right": (
        *("/predict", JSON),
        lambda: b'{"observation":{' + names(5000, "mteiMNpTmniTemp9dirwind") + b"}}",
        422,
    ),
    "rows that may be": (
        *("/predict", JSON),
        lambda: b'{"observations":[' + b",".join([DAY] * 10_999) + b"]}",
        413,
    ),
    "one text": ("/predict", JSON, lambda: filled(b'{"model":"', b"a", b'"}'), 422),
    "one number": ("/predict", JSON, lambda: filled(b'{"model":', b"1", b"}"), 422),
    "spaces": ("/", JSON, lambda: filled(b'{"action":"status"}', b" "), 200),
    "escapes": ("/", JSON, lambda: filled(b'{"action":"', b"\\u0041", b'"}'), 422),
    "event": (
        *("/", {"Content-Type": "application/cloudevents+json"}),
        lambda: filled(b'{"data":[', b"{},", b"1]}"),
        413,
    ),
    "shape": (
        *(INFER, JSON),
        lambda: filled(
            b'{"inputs":[{"name":"a","datatype":"FP64","data":[],"shape":[', b"1,", b"1]}]}"
        ),
        413,
    ),
    "tensors": (
        *(INFER, JSON),
        lambda: filled(
            b'{"inputs":[', b'{"name":"a","datatype":"FP64","shape":[1],"data":[1]},', b"1]}"
        ),
        413,
    ),
    "colons": (
        *(INFER, JSON),
        lambda: filled(b'{"id":"', b":", b'","inputs":[{"name":"a","datatype":"","shape":[1]}]}'),
        400,
    ),
    "empty lines of CSV": ("/predict", CSV, lambda: filled(b"Location\nHobart\n", b"\n"), 413),
    "empty lines, CR": ("/predict", CSV, lambda: filled(b"Location\rHobart\r", b"\r"), 413),
    "empty cells": ("/predict", CSV, lambda: filled(b"Location,\n", b",\n"), 413),
    "wide lines": (
        *("/predict", CSV),
        lambda: filled(b"Location" + b"," * 16_000 + b"\n", b"Hobart" + b"," * 16_000 + b"\n"),
        413,
    ),
    "columns": ("/predict", CSV, lambda: b"Location" + b",mteiMNp" * 2000 + b"\n", 422),
    "open quote": ("/predict", CSV, lambda: filled(b'Location\n"', b"\n"), 413),
    "preamble": ("/predict", CSV, lambda: filled(b"", b"{station 0" + b"0" * 16_000 + b"}\n"), 400),
    "empty lines of NDJSON": ("/predict", NDJSON, lambda: filled(DAY, b"\n"), 413),
    "short lines of NDJSON": ("/predict", NDJSON, lambda: filled(b"", b"7\n"), 413),
    "gzips": ("/predict", GZIP, lambda: gzips(LARGEST // 20), 400),
    "gzips that may be": (
        "/predict",
        GZIP,
        lambda: gzips(999) + zlib.compress(b"[", wbits=31)[:-1],
        400,
    ),
    "zeros after a gzip": ("/predict", GZIP, lambda: filled(gzips(1), b"\0"), 400),
    "gzip bomb": ("/predict", GZIP, lambda: zlib.compress(bytes(64 * MEGABYTE), wbits=31), 413),
}
HEADERS: Final = {
    "accept": ("GET", "/", {"Accept": "a/b;q=0.1," * 4000}),
    "accept parameters": ("GET", "/", {"Accept": "a/b" + ";q=1" * 10_000}),
    "encodings": ("GET", "/metrics", {"Accept-Encoding": "gzip;" + "a;," * 13_000}),
    "languages": ("POST", "/predict", {**JSON, "Accept-Language": "fr;q=0.1," * 4000}),
    "tag of spaces": ("GET", "/metrics", {"If-None-Match": "a" + " " * 40_000 + "b"}),
    "tag of quotes": ("GET", "/metrics", {"If-None-Match": '"a' * 20_000}),
    "type parameters": ("POST", "/predict", {"Content-Type": "application/json" + ";a=b" * 10_000}),
    "type continued": ("POST", "/predict", {"Content-Type": "text/csv" + ";a*0*=b" * 5000}),
    "scrape": ("GET", "/prometheus", {"Accept": "a;b;," * 8000}),
    "query": ("POST", "/predict?" + "a=b&" * 10_000, JSON),
    "path": ("GET", "/stations/" + "a" * 40_000, {}),
    "segments": ("GET", "/v2/models" + "/a" * 20_000, {}),
}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The production server with default settings, warm."""
    with serve(tmp_path_factory.mktemp("size") / "log", "granian") as running:
        for _ in range(4):
            running.call("POST", "/predict", data=b" " * LARGEST, headers=JSON)
        yield running


@pytest.fixture(scope="module")
def worst(record: Callable[[Figure], None]) -> Iterator[list[tuple[float, int]]]:
    """What each input cost, in processor seconds and bytes; recorded after the last of them."""
    costs: list[tuple[float, int]] = []
    yield costs
    seconds, peak = (max(column) for column in zip(*costs, strict=True))
    everything = len(costs) == len(BODIES) + len(HEADERS)
    record(
        Figure(
            what="bodies of 8 MiB and headers of 40 KiB that are made to cost the most",
            bar=f"processor <= {HANG_SECONDS:.0f} s, memory <= {EXTRA_BYTES // MEGABYTE} MB more",
            measured=f"{len(costs)}: at most {seconds:.2f} s, {peak / MEGABYTE:.0f} MB",
            met=everything and seconds < HANG_SECONDS and peak < EXTRA_BYTES,
            command=COMMAND,
        )
    )


@pytest.mark.parametrize("name", BODIES)
def test_body(production: Server, worst: list[tuple[float, int]], name: str) -> None:
    path, headers, make, status = BODIES[name]
    body = make()
    assert len(body) <= LARGEST
    seconds, peak = cost(production, "POST", path, headers, body, status)
    worst.append((seconds, peak))
    assert seconds < HANG_SECONDS
    assert peak < EXTRA_BYTES


@pytest.mark.parametrize("name", HEADERS)
def test_headers(production: Server, worst: list[tuple[float, int]], name: str) -> None:
    method, target, headers = HEADERS[name]
    seconds, _ = cost(production, method, target, headers, b'{"observation":' + DAY + b"}", None)
    worst.append((seconds, 0))
    assert seconds < HANG_SECONDS


def cost(
    running: Server,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    status: int | None,
) -> tuple[float, int]:
    """Processor seconds until the answer, and bytes of memory above those before, at the worst.

    Another process that keeps the processor does not count.
    """
    process = psutil.Process(running.process.pid)
    before, spent = process.memory_info().rss, process.cpu_times()
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # forget the highest so far
    answer = running.call(method, target, headers=headers, data=body)
    assert answer.status_code == status or (status is None and answer.status_code < 500)
    after = process.cpu_times()
    seconds = after.user + after.system - spent.user - spent.system
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    highest = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return seconds, highest * 1024 - before
