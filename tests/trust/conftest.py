"""What the function withstands: a sample in seconds, or with --full as often as the bars say."""

from collections.abc import Callable

import pytest

from scripts import reliability
from scripts.reliability import Figure

COMMAND = "./scripts/test --full tests/trust"


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether to try as often as the bars say, and not only a sample."""
    asked: bool = pytestconfig.getoption("--full")
    return asked


@pytest.fixture(scope="session")
def record(full: bool) -> Callable[[Figure], None]:
    """Record a figure in `docs/reliability.json` and `docs/reliability.md`; a sample is none."""

    def kept(figure: Figure) -> None:
        if full:
            reliability.record(figure)
            reliability.write_docs()

    return kept
