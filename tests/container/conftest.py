"""The images under test, built once, on a real engine."""

import pytest

from tests.container import engine

collect_ignore = ["clients", "naive"]  # what runs in images


@pytest.fixture(scope="session")
def bases() -> None:
    """The images that ours are built on."""
    engine.fetch_bases()


@pytest.fixture(scope="session")
def image(bases: None) -> str:  # noqa: ARG001
    """The function's image."""
    return engine.build(engine.IMAGE)
