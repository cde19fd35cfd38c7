"""Hostile requests that are kept, each with the statuses that answer it; any that did harm is here.

A file's bytes are sent as they are, `NAME.STATUS.http`, or `NAME.STATUS,STATUS.http` where they are
more than one request, or look like it to somebody.
"""

import contextlib
from collections.abc import Iterator, Mapping
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


ASKED: Final[list[tuple[Launcher, Path]]] = [
    *(("granian", path) for path in FILES),
    *(
        ("functions-framework", path)
        for path in FILES
        if path.parent.name not in OF_THE_SERVER and path.name.partition(".")[0] not in DIFFERENT
    ),
]


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Launcher, Server]]:
    """The function with default settings, launched in both ways."""
    folder = tmp_path_factory.mktemp("corpus")
    with contextlib.ExitStack() as stack:
        yield {each: stack.enter_context(serve(folder / each, each)) for each in LAUNCHERS}
    for each in LAUNCHERS:
        assert '"ERROR"' not in (folder / each).read_text(errors="replace")


@pytest.mark.parametrize(("launcher", "path"), ASKED, ids=str)
def test_kept(launched: Mapping[Launcher, Server], launcher: Launcher, path: Path) -> None:
    sent = (CORPUS / path).read_bytes() + wire.LAST
    told, _ = wire.exchange(launched[launcher].port, sent)
    answers = list(wire.parsed(told))
    assert [each for answer in answers for each in wire.complaints(*answer)] == []
    statuses = [status for status, _, _ in answers]
    expected = [int(status) for status in path.suffixes[0][1:].split(",")]
    assert statuses[: len(expected)] == expected
    # The last request is answered where the connection is still of use.
    assert statuses[len(expected) :] in ([], [200])


def test_there_are_some_of_every_kind() -> None:
    assert len(FILES) > 150
    assert len({path.parent for path in FILES}) > 10
