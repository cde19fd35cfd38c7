"""The soak's own parts, and a soak of a few seconds."""

from pathlib import Path

from scripts.soaking import pictures
from scripts.soaking.__main__ import Soaked, soak, words
from scripts.soaking.questions import kinds
from scripts.soaking.samples import Growth, Sample, growth


def at(minutes: float, memory: int, threads: int = 9) -> Sample:
    return Sample(minutes, memory, 20, threads, 100, 1.0, 2.0)


def test_growth_is_between_two_moments() -> None:
    grown = growth(at(1, 1000), at(9, 1250, threads=10))
    assert grown == Growth(0.25, 0, 1)


def test_what_grows_or_is_wrong_does_not_hold() -> None:
    assert Soaked([], Growth(0.01, 0, 0), 5, []).met
    assert Soaked([], Growth(-0.2, -1, 0), 5, []).met
    assert not Soaked([], Growth(0.011, 0, 0), 5, []).met
    assert not Soaked([], Growth(0.0, 1, 0), 5, []).met
    assert not Soaked([], Growth(0.0, 0, 1), 5, []).met
    assert not Soaked([], Growth(0.0, 0, 0), 5, ["/predict: 500"]).met


def test_picture_is_the_same_for_the_same_samples(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        pictures.draw([at(1, 10**8), at(2, 10**8)], tmp_path)
        written.append((tmp_path / pictures.PICTURE).read_bytes())
    assert written[0] == written[1]


def test_a_few_seconds_of_all_callers() -> None:
    soaked = soak(0.1, every=1)
    assert soaked.wrong == []
    assert soaked.answered > len(kinds())
    assert len(soaked.samples) >= 5
    assert "0 wrong" in words(soaked)
