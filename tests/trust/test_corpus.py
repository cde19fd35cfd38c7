"""Hostile requests that are kept, each with the statuses that answer it; any that did harm is here.

A file's bytes are sent as they are, `NAME.STATUS.http`, or `NAME.STATUS,STATUS.http` where they are
more than one request, or look like it to somebody.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.serving import LAUNCHERS, ROOT, Launcher, Server, serve
from tests.trust.hostile import wire

CORPUS: Final = ROOT / "tests" / "trust" / "corpus"
FILES: Final = sorted(path.relative_to(CORPUS) for path in CORPUS.rglob("*.http"))
OF_THE_SERVER: Final = {"framing", "headers", "request-line"}
"""Folders of what the server answers, which is another one for development."""
DIFFERENT: Final = {
    "absolute",
    "asterisk",
    "asterisk-get",
    "connect",
    "no-slash",
    "long-method",
    "long",
}
"""Targets, methods and lengths that gunicorn takes otherwise."""


@pytest.fixture(scope="module", params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> Launcher:
    """Both ways to start the function."""
    launched: Launcher = request.param
    return launched


@pytest.fixture(scope="module")
def launched(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function with default settings."""
    with serve(tmp_path_factory.mktemp("corpus") / "log", launcher) as running:
        yield running
        assert '"ERROR"' not in running.output.read_text(errors="replace")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_kept(launcher: Launcher, launched: Server, path: Path) -> None:
    sent = (CORPUS / path).read_bytes() + wire.LAST
    told, _ = wire.exchange(launched.port, sent)
    statuses = [status for status, _, _ in wire.parsed(told)]
    name, listed, _ = path.name.split(".")
    expected = [int(status) for status in listed.split(",")]
    if launcher != "granian" and (path.parent.name in OF_THE_SERVER or name in DIFFERENT):
        assert {status for status in statuses if status >= 500} <= {501, 505}
        return
    assert [each for answer in wire.parsed(told) for each in wire.complaints(*answer)] == []
    assert statuses[: len(expected)] == expected
    # The last request is answered where the connection is still of use.
    assert statuses[len(expected) :] in ([], [200])


def test_there_are_some_of_every_kind() -> None:
    assert len(FILES) > 150
    assert len({path.parent for path in FILES}) > 10
