"""What a run measured, as it is kept in JSON."""

import statistics
from pathlib import Path
from typing import Self

import msgspec

from scripts.training.failure import Failure


class Cell(msgspec.Struct, frozen=True):
    """One question asked by `callers` at the same time, for `seconds`.

    `p50_ms` and `p99_ms` are percentiles of the answers' latency, in milliseconds; `cpu_us` is the
    processor time of all the server's processes for each answer, in microseconds.
    """

    model: str
    rows: int
    draws: int
    callers: int
    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


class Sample(msgspec.Struct, frozen=True):
    """Memory after so many requests: proportional set size of all processes, in bytes.

    `rested_bytes` is what was left of it a moment later, where there was one.
    """

    requests: int
    pss_bytes: int
    rested_bytes: int | None = None


class Measured(msgspec.Struct):
    """One contender: its cells, seconds from exec to the first right answer, bytes after load.

    `missing` tells in words why there are none; `mixed` is its memory under mixed requests.
    """

    name: str
    title: str
    missing: str = ""
    cells: list[Cell] = []
    starts: list[float] = []
    pss_bytes: int | None = None
    mixed: list[Sample] = []

    def cell(self, model: str, callers: int, rows: int = 1, draws: int = 1) -> Cell | None:
        """Find a cell; one that was asked no model answers for every model."""
        asked = (rows, draws, callers)
        for cell in self.cells:
            if cell.model in {"", model} and (cell.rows, cell.draws, cell.callers) == asked:
                return cell
        return None

    @property
    def start(self) -> float | None:
        """Median start, in seconds."""
        return statistics.median(self.starts) if self.starts else None


class Turns(msgspec.Struct, frozen=True):
    """Answers per second of one question of a whole day from 32 callers, in each round.

    In a round all contenders have their turn, so that the machine's speed is the same for all.
    """

    name: str
    model: str
    per_second: list[float]


class Profile(msgspec.Struct, frozen=True):
    """What a prediction costs without HTTP, median, in microseconds, on one core; by model.

    `stages` and `whole` are of one whole day; `rows` and `draws` are the whole cost against the
    number of rows, and of draws for one day with gaps; `rows_per_second` is how many are encoded
    and scored when 10,000 come in one request.
    """

    stages: dict[str, dict[str, float]]
    whole: dict[str, float]
    rows: dict[str, dict[int, float]]
    draws: dict[str, dict[int, float]]
    rows_per_second: dict[str, float]


class Results(msgspec.Struct):
    """A run: machine and versions, contenders, profile, turns; what was not asked for is empty."""

    about: dict[str, str]
    contenders: list[Measured] = []
    profile: Profile | None = None
    turns: list[Turns] = []

    def rates(self, name: str, model: str) -> list[float]:
        """A contender's answers per second in each round; one that greets does so for any model."""
        known = (one for one in self.turns if one.name == name and one.model in {"", model})
        return next((one.per_second for one in known), [])

    def ratio(self, one: tuple[str, str], other: tuple[str, str]) -> float | None:
        """Median of the rounds' ratios between two contenders, each with a model."""
        rounds = [*zip(self.rates(*one), self.rates(*other), strict=False)]
        return statistics.median(mine / theirs for mine, theirs in rounds) if rounds else None

    def contender(self, name: str) -> Measured:
        """Find a contender; one that did not take part has no figures."""
        return next((one for one in self.contenders if one.name == name), Measured(name, name))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a run's JSON; raises Failure."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise Failure(
                f"{path} holds no figures of a run ({error}); measure them with scripts/bench."
            ) from error

    def write(self, path: Path) -> None:
        """Write the run as JSON that people can read."""
        content = msgspec.json.format(msgspec.json.encode(self), indent=1)
        path.write_bytes(content + b"\n")
