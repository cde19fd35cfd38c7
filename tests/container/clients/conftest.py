"""What all testers share: the API, ready to be called, and the report that they print."""

import datetime as dt
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .api import MODELS, Api, setting


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """The API, ready to be called."""
    under_test = Api()
    if problem := under_test.wait():
        pytest.exit(f"The API at {under_test.url} did not become ready ({problem}).", 1)
    yield under_test
    under_test.session.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a model with MODEL, or with each of the four."""
    if "model" in metafunc.fixturenames:
        model = setting("MODEL", "")
        metafunc.parametrize("model", [model] if model else MODELS)


class Report:
    """Prints what was tested in sentences, which are the tests' docstrings, and keeps it."""

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}
        self.lines: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        """Read the docstrings."""
        for item in items:
            title = (item.function.__doc__ or item.name).partition("\n")[0].rstrip(".")
            parameters = getattr(item, "callspec", None)
            given = (
                ", ".join(str(value) for value in parameters.params.values()) if parameters else ""
            )
            self.titles[item.nodeid] = f"{title} [{given}]" if given else title

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Say nothing until the end."""
        if report.when == "call" or report.failed:
            return report.outcome, "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's line, and where it failed the reason."""
        if report.when != "call" and report.passed:
            return
        word = {"passed": "PASS", "failed": "FAIL"}.get(report.outcome, "SKIP")
        title = self.titles[report.nodeid]
        self.lines.append(f"  {word}  {title} ({report.duration * 1000:.0f} ms)")
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.failed:
            reason = crash.message if crash else str(report.longrepr)
            self.lines += [f"          {line}" for line in reason.splitlines()[:8]]

    def pytest_terminal_summary(
        self, terminalreporter: Any, exitstatus: int, config: pytest.Config
    ) -> None:
        """Print the report, and append it to the log where one is wanted."""
        api = Api()
        files = [Path(argument).stem for argument in config.args if argument.endswith(".py")]
        tested = ", ".join(name.removeprefix("test_") for name in files) or "everything"
        subject = " ".join(filter(None, (tested, setting("MODEL", ""))))
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        passed, failed = (
            sum(line.startswith(f"  {word}  ") for line in self.lines) for word in ("PASS", "FAIL")
        )
        verdict = "ok" if exitstatus == 0 else "NOT OK"
        text = "\n".join(
            [
                f"{subject}: {api.url} as {api.users[0][0]}, {now}",
                *self.lines,
                f"  {verdict}: {passed} passed, {failed} failed\n\n",
            ]
        )
        terminalreporter.write(text)
        if setting("LOG", "") == "1":
            with Path(setting("LOG_FILE", "/log/api_test.log")).open("a") as log:
                fcntl.flock(log, fcntl.LOCK_EX)  # testers write their reports whole
                log.write(text)


def pytest_configure(config: pytest.Config) -> None:
    """Use our own report."""
    config.pluginmanager.register(Report())
