"""Measures one contender: under load, from its start on, and its memory over many requests."""

import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

import msgspec

from scripts.benchmark.contenders import Contender
from scripts.benchmark.load import Asked, Load, ask_each, send
from scripts.benchmark.processes import Cores, Running, free_port, running
from scripts.benchmark.results import Cell, Sample, Turns
from scripts.benchmark.workload import ALL, Question, Reference, mixed
from scripts.training.failure import Failure

CALLERS: Final = (1, 8, 32)
_MIXED_CALLERS: Final = 8
_SAMPLES: Final = 20
_REST: Final = 1  # seconds, after which an allocator may have given back what is free


class Effort(msgspec.Struct, frozen=True):
    """How long to measure: seconds of cells and warm-up, starts, mixed requests, rounds."""

    seconds: float = 3
    warm_up: float = 1
    starts: int = 10
    requests: int = 100_000
    rounds: int = 12
    profile: float = 0.5
    everything: bool = True
    """Whether all questions are asked, or only those of one whole day."""


class Bench:
    """A machine's cores, and what is right.

    Args:
        cores: Which serve and ask.
        effort: How long to measure.

    """

    def __init__(self, cores: Cores, effort: Effort) -> None:
        self.cores = cores
        self.effort = effort
        self.reference = functools.cache(Reference().probabilities)

    @contextmanager
    def run(self, contender: Contender, python: str) -> Iterator[Running]:
        """Run a contender in its environment."""
        port = free_port()
        command = contender.command(python, port)
        with running(command, port, self.cores.server, contender.variables) as server:
            yield server

    def asked(self, contender: Contender, question: Question, server: Running) -> Asked:
        """Ask once, and hold the answer against scikit-learn's.

        Raises:
            Failure: It is wrong.
            Unavailable: There is none.

        """
        request = contender.request(question)
        body = server.await_answer(request)
        if not self._right(contender, question, body):
            raise Failure(f"{contender.name} answers {question} wrongly: {body[:200]!r}")
        return Asked(request, contender.constant(body))

    def _right(self, contender: Contender, question: Question, body: bytes) -> bool:
        try:
            said = contender.probabilities(body)
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        if said is None:
            return True
        known = self.reference(question)
        return len(said) == len(known) and all(
            abs(one - other) <= Reference.TOLERANCE for one, other in zip(said, known, strict=True)
        )

    def load(self, contender: Contender, python: str) -> tuple[list[Cell], int]:
        """Every question from every number of callers; the cells, and bytes of memory after them.

        Raises:
            Failure: An answer is wrong.
            Unavailable: It does not start.

        """
        wanted = contender.questions
        if not self.effort.everything:
            wanted = [each for each in wanted if (each.rows, each.draws) == (1, 1)]
        cells = []
        with self.run(contender, python) as server:
            for question in wanted:
                asked = self.asked(contender, question, server)
                if self.effort.warm_up:
                    self._send(server, asked, max(CALLERS), self.effort.warm_up)
                cells += [self._cell(server, question, asked, callers) for callers in CALLERS]
            return cells, server.pss()

    def _send(self, server: Running, asked: Asked, callers: int, seconds: float) -> Load:
        server.settle()
        return send(server.port, asked, callers, seconds, self.cores.load)

    def _cell(self, server: Running, question: Question, asked: Asked, callers: int) -> Cell:
        server.settle()
        before = server.cpu_seconds()
        load = send(server.port, asked, callers, self.effort.seconds, self.cores.load)
        took = server.cpu_seconds() - before
        return Cell(
            **{name: getattr(question, name) for name in ("model", "rows", "draws")},
            callers=callers,
            answers=load.right,
            seconds=round(load.seconds, 3),
            p50_ms=load.p50_ms,
            p99_ms=load.p99_ms,
            cpu_us=round(took / max(1, load.right) * 1e6, 1),
        )

    def turns(self, contenders: Sequence[tuple[Contender, str]]) -> list[Turns]:
        """Let contenders, each with its Python, answer a second each in turn, round after round.

        All run all the time, on the same core; but only one has something to do.

        Raises:
            Failure: An answer is wrong.
            Unavailable: One does not start.

        """
        with ExitStack() as stack:
            asked = []
            for contender, python in contenders:
                server = stack.enter_context(self.run(contender, python))
                for question in contender.questions:
                    if (question.rows, question.draws) == (1, 1):
                        turns = Turns(contender.name, question.model, [])
                        asked.append((turns, server, self.asked(contender, question, server)))
            # The first warms up.
            for round_ in range(1 + self.effort.rounds):
                for turns, server, one in asked:
                    load = self._send(server, one, max(CALLERS), 1)
                    if round_:
                        turns.per_second.append(round(load.right / load.seconds, 1))
        return [turns for turns, *_ in asked]

    def starts(self, contender: Contender, python: str) -> list[float]:
        """Seconds from exec to the first right answer, each time anew; files are warm.

        Raises:
            Failure: An answer is wrong.
            Unavailable: It does not start.

        """
        question = contender.questions[0]
        took = []
        for _ in range(self.effort.starts):
            with self.run(contender, python) as server:
                body = server.await_answer(contender.request(question))
                took.append(round(server.since_start(), 4))
                if not self._right(contender, question, body):
                    raise Failure(f"{contender.name} starts with a wrong answer: {body[:200]!r}")
        return took

    def memory(self, contender: Contender, python: str) -> list[Sample]:
        """Memory along mixed requests; one that knows a single question is asked it as often.

        Raises:
            Failure: An answer is wrong.
            Unavailable: It does not start.

        """
        first, count = contender.questions[0], self.effort.requests
        mixable = set(ALL) <= set(contender.questions)
        questions = mixed(count) if mixable else [first] * count
        step = max(1, count // _SAMPLES)
        with self.run(contender, python) as server:
            self.asked(contender, first, server)
            samples = [Sample(0, server.pss())]
            answers = {one: self.asked(contender, one, server) for one in set(questions)}
            for begin in range(0, count, step):
                block = [answers[one] for one in questions[begin : begin + step]]
                ask_each(server.port, block, _MIXED_CALLERS)
                asked, pss = begin + len(block), server.pss()
                # What it keeps is compared between half way and the end.
                rests = begin < count / 2 <= asked or asked == count
                samples.append(Sample(asked, pss, self._rested(server) if rests else None))
        return samples

    def _rested(self, server: Running) -> int:
        server.settle()
        time.sleep(_REST)
        return server.pss()
