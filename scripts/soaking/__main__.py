"""`scripts/soak`: use the function for a while, watch it, and tell."""

import argparse
import functools
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from scripts import measured, reliability
from scripts.benchmark.contenders import Ours
from scripts.benchmark.processes import ROOT, Request, Running, Unavailable, free_port, running
from scripts.soaking import callers, pictures
from scripts.soaking.callers import Answers, Tally
from scripts.soaking.questions import Kind, kinds
from scripts.soaking.samples import Growth, Sample, growth, sample
from scripts.training.failure import Failure, run

_CALLERS: Final = 6
DOCS: Final = ROOT / "docs"
_LONG: Final = 30  # minutes; a shorter one is a trial
_WARM_UP: Final = 0.2  # of the time
_REST: Final = 2  # seconds, after which the allocators have given back what they do not need
_MOST_GROWTH: Final = 0.01


class Soaked(msgspec.Struct, frozen=True):
    """What came of it."""

    samples: Sequence[Sample]
    growth: Growth
    answered: int
    wrong: Sequence[str]

    @property
    def met(self) -> bool:
        """Whether nothing was wrong, and nothing grew."""
        grown = self.growth
        steady = grown.descriptors <= 0 and grown.threads <= 0
        return not self.wrong and grown.memory <= _MOST_GROWTH and steady


def soak(minutes: float, every: float = 10.0) -> Soaked:
    """Use the function for some minutes, and look at it every few seconds.

    Raises:
        Unavailable: The function does not start.

    """
    asked = kinds()
    with _serving() as server:  # what another process answers, this one must as well
        answers = callers.learn(server.port, asked)
    missing = [kind.name for kind in asked if kind.same and kind.name not in answers]
    if missing:
        raise Failure(f"These have no right answer: {', '.join(missing)}.")
    tally = Tally()
    with _serving() as server:
        samples, rests, began = list[Sample](), list[Sample](), time.monotonic()
        for until in (_WARM_UP * minutes, minutes):
            with _using(server.port, asked, answers, tally):
                samples += _watched(server, tally, began, until, every)
            rested = time.monotonic()
            # What is under way takes memory, and connections; who has left may still be seen off.
            server.settle()
            time.sleep(_REST)
            rests.append(sample(server, until, tally.answered.total(), tally.take()))
            began += time.monotonic() - rested  # the minutes are those of use
    return Soaked(samples, growth(*rests), tally.answered.total(), tally.wrong)


@contextmanager
def _serving() -> Iterator[Running]:
    port, deployed = free_port(), Ours()
    command = deployed.command(sys.executable, port)
    with running(command, port, None, deployed.variables) as server:
        server.await_answer(Request("/health/ready", method="GET"))
        yield server


@contextmanager
def _using(port: int, asked: Sequence[Kind], answers: Answers, tally: Tally) -> Iterator[None]:
    stop = threading.Event()
    largest = max(
        (kind for kind in asked if kind.statuses == {200} and kind.same),
        key=lambda kind: len(answers[kind.name]),
    )

    def use(seed: int) -> None:
        callers.use(port, asked, answers, tally, seed)

    def vanish(seed: int) -> None:
        callers.vanish(port, random.Random(seed))  # noqa: S311
        tally.right("who left")
        stop.wait(0.2)

    def dawdle(seed: int) -> None:
        kind = asked[seed % 4] if seed % 8 else largest
        callers.dawdle(port, kind, answers, tally, stop)

    acts = [*[use] * _CALLERS, vanish, *[dawdle] * 3]
    threads = [
        threading.Thread(target=functools.partial(callers.repeat, act, tally, stop, number * 10**6))
        for number, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _watched(
    server: Running, tally: Tally, began: float, until: float, every: float
) -> Iterator[Sample]:
    """Look at the server until so many minutes have passed since it all began."""
    while (passed := time.monotonic() - began) < until * 60:
        time.sleep(min(every, until * 60 - passed))
        if server.process.poll() is not None:
            tally.fail("the server", f"ended with {server.process.returncode}")
            return
        now = (time.monotonic() - began) / 60
        yield sample(server, now, tally.answered.total(), tally.take())
        server.forget()


def tell(soaked: Soaked) -> None:
    """Print a table of about twenty lines, and the sums."""
    print("minutes   memory MiB  descriptors  threads   answered    p50 ms    p99 ms")
    for one in soaked.samples[:: max(1, len(soaked.samples) // 20)]:
        print(
            f"{one.minutes:7.1f} {one.memory / 2**20:12.1f} {one.descriptors:12} {one.threads:8}"
            f" {one.answered:10} {one.p50_ms:9.1f} {one.p99_ms:9.1f}"
        )
    for line in soaked.wrong[:20]:
        print(f"wrong: {line}")
    print(words(soaked))


def words(soaked: Soaked) -> str:
    """What came of it, in a sentence."""
    grown = soaked.growth
    return (
        f"{soaked.answered:,} answers, {len(soaked.wrong)} wrong; memory {grown.memory:+.1%}, "
        f"descriptors {grown.descriptors:+.0f}, threads {grown.threads:+.0f}"
    )


def write(soaked: Soaked, minutes: float, docs: Path) -> None:
    """Keep what came of it among the figures, and draw its picture."""
    pictures.draw(soaked.samples, docs)
    what = f"soak, {minutes:g} minutes of all routes and models, good callers and bad"
    bar = "0 wrong; memory at rest <= 1 % after warm-up; descriptors and threads constant"
    command = f"./scripts/soak --minutes {minutes:g}"
    figure = reliability.Figure(what, bar, words(soaked), soaked.met, command)
    reliability.record(figure, docs)
    reliability.write_docs(docs)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument(
        "--docs", type=Path, help="folder of figure and picture; from 30 minutes on, docs"
    )
    options = parser.parse_args()
    if not options.minutes > 0:
        parser.error("--minutes must be more than 0")
    docs = options.docs or (DOCS if options.minutes >= _LONG else None)
    if docs:
        measured.require(docs / reliability.DOCUMENT, reliability.BEGIN)
    try:
        soaked = soak(options.minutes)
    except Unavailable as reason:
        raise Failure(f"The function {reason}.") from reason
    tell(soaked)
    if docs:
        write(soaked, options.minutes, docs)
    if not soaked.met:
        raise Failure("It did not hold; the table tells what changed.")


if __name__ == "__main__":
    run(main)
