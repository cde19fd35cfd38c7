"""What all tests share: one real server, the committed data, and no test skipped unseen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from function.artifacts import Artifacts
from function.fill import Filler
from function.stations import Stations
from tests.serving import ROOT, Server, serve


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what tests/trust asks; an option must be known wherever the tests begin."""
    parser.addoption(
        "--full",
        action="store_true",
        help="try to break it as often as docs/reliability.md says, and record what came of it",
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function with the committed models and default settings."""
    with serve(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    return Artifacts(ROOT / "data")


@pytest.fixture(scope="session")
def stations(artifacts: Artifacts) -> Stations:
    return Stations.parse(artifacts.read("stations.csv"))


@pytest.fixture(scope="session")
def filler(artifacts: Artifacts) -> Filler:
    return Filler.load(artifacts)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Keeps a file's tests on one worker, which makes their fixtures once.

    And all tests of containers and of the browser on the same one: containers measure memory and
    time, and builds share layers, so that they come one after the other; and Chromium gives up
    connections whenever an address of the machine changes (ERR_NETWORK_CHANGED), as it does with
    every container's network.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "containers, browser" if Path(file).parent.name in {"container", "browser"} else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it."""
    items.sort(key=lambda item: not {"docker", "data"} & set(item.keywords))


# Processes that a test starts measure themselves where this is set.
_OF_PROCESSES = "COVERAGE_PROCESS_CONFIG"


class _Coverage:
    """Measures coverage where the function is tested, and nowhere else: it takes half more."""

    def __init__(self) -> None:
        # A worker's own, as of any process, and pytest-cov's.
        self._paused: list[Coverage] = []
        self._of_processes = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        if item.nodeid.startswith(("tests/function/", "tests/http/")):
            self._resume()
        else:
            self._pause()

    def _pause(self) -> None:
        while current := Coverage.current():
            current.stop()
            self._paused.append(current)
            self._of_processes = os.environ.pop(_OF_PROCESSES, self._of_processes)

    def _resume(self) -> None:
        while self._paused:
            self._paused.pop().start()
            os.environ[_OF_PROCESSES] = self._of_processes


def pytest_configure(config: pytest.Config) -> None:
    """Pause coverage where it is not wanted."""
    config.pluginmanager.register(_Coverage())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a test was skipped in CI: it has everything that any test needs."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Tests were skipped, which counts as a failure in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
