"""What is proved over HTTP holds under both servers."""

from collections.abc import Iterator
from typing import cast

import pytest

from tests.serving import LAUNCHERS, Launcher, Server, serve


@pytest.fixture(scope="session", params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> Launcher:
    """How the function is started."""
    return cast("Launcher", request.param)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, launcher: Launcher) -> Iterator[Server]:
    """The function with the committed models and default settings."""
    with serve(tmp_path_factory.mktemp("server") / "log", launcher) as running:
        yield running
