"""README begins with what a newcomer needs."""

from tests.docs.blocks import blocks
from tests.serving import ROOT


def sessions(name: str) -> list[str]:
    return [block.code for block in blocks() if block.document == ROOT / name]


def test_two_commands_come_first() -> None:
    for name in ("README.md", "README.fr.md"):
        first, second, *_ = sessions(name)
        assert first == "$ ./scripts/serve\n"
        assert second.startswith("$ scripts/call predict\n")
