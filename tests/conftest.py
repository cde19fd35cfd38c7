"""What all tests share: one real server, and no test that is skipped unseen."""

import os
from collections.abc import Iterator

import pytest

from tests.serving import Server, serve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function with the committed models and default settings."""
    with serve(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a test was skipped in CI: it has everything that any test needs."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Tests were skipped, which counts as a failure in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
