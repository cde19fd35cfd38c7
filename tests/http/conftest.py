"""One real server for all tests of the HTTP contract."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, serve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function with the committed models and default settings."""
    with serve(tmp_path_factory.mktemp("server") / "log") as running:
        yield running
