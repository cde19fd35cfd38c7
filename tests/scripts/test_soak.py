"""The soak's own parts, and a soak of a few seconds."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts import reliability
from scripts.soaking import __main__ as command
from scripts.soaking import pictures
from scripts.soaking.__main__ import Soaked, soak, words
from scripts.soaking.questions import kinds
from scripts.soaking.samples import Growth, Sample, growth
from scripts.training.failure import Failure, run
from tests.serving import ROOT


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


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documents of a soak that takes no time."""
    soaked = Soaked([at(1, 10**8), at(2, 10**8)], Growth(0.0, 0, 0), 5, [])
    monkeypatch.setattr(command, "soak", lambda _: soaked)
    monkeypatch.setattr(command, "DOCS", tmp_path)
    shutil.copy(reliability.DOCS / reliability.DOCUMENT, tmp_path)
    return tmp_path


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr("sys.argv", ["soak", *map(str, arguments)])
    run(command.main)


def test_trial_is_kept_only_where_it_is_told(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, "--minutes", "1")
    assert [path.name for path in docs.iterdir()] == [reliability.DOCUMENT]
    start(monkeypatch, "--minutes", "30")
    start(monkeypatch, "--minutes", "1", "--docs", docs)
    commands = [figure.command for figure in reliability.figures(docs)]
    assert commands == ["./scripts/soak --minutes 30", "./scripts/soak --minutes 1"]
    assert (docs / pictures.PICTURE).is_file()


@pytest.mark.parametrize("minutes", ["0", "-1", "nan"])
def test_no_time_at_all(
    minutes: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        start(monkeypatch, "--minutes", minutes)
    assert "must be more than 0" in capsys.readouterr().err


def test_documents_that_are_none_are_found_beforehand(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "soak", lambda _: pytest.fail("it began"))
    with pytest.raises(SystemExit, match=r"nowhere/reliability\.md cannot be written or read"):
        start(monkeypatch, "--docs", docs / "nowhere")


def test_function_that_does_not_start_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr("sys.argv", ["soak", "--minutes", "0.1"])
    with pytest.raises(Failure, match="The function did not start"):
        command.main()


def test_a_few_seconds_of_all_callers() -> None:
    soaked = soak(0.1, every=1)
    assert soaked.wrong == []
    assert soaked.answered > len(kinds())
    assert len(soaked.samples) >= 5
    assert "0 wrong" in words(soaked)


def test_one_that_is_ended_takes_its_server_along() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.soaking", "--minutes", "5"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline, server = time.monotonic() + 60, None
    while server is None or not server.net_connections():  # it looks after what it has started
        assert time.monotonic() < deadline
        time.sleep(0.01)
        server = next(iter(psutil.Process(process.pid).children()), None)
    process.terminate()
    assert process.communicate(timeout=60)[1] == "Interrupted.\n"
    assert process.returncode == 1
    assert not server.is_running()
