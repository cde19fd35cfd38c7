"""What all tests share: one real server, the committed data, and no test skipped unseen."""

import os
from collections.abc import Iterator

import pytest

from function.artifacts import Artifacts
from function.fill import Filler
from function.stations import Stations
from tests.serving import ROOT, Server, serve


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests on one worker, which makes their fixtures once; and all of an engine's.

    Containers measure memory and time, and builds share layers: they come one after the other.
    """
    for item in items:
        folder = item.path.parent.name
        group = folder if folder == "container" else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a test was skipped in CI: it has everything that any test needs."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Tests were skipped, which counts as a failure in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
