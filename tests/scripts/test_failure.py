"""How commands end early."""

import errno
import os
from pathlib import Path

import pytest

from scripts.training.failure import Failure, run


def ended(error: BaseException) -> str:
    """What a command that meets this says at its end."""

    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as exit_:
        run(command)
    return str(exit_.value)


def test_failure_is_its_sentence() -> None:
    assert ended(Failure("Do this.")) == "Do this."


def test_interruption_promises_nothing() -> None:
    assert ended(KeyboardInterrupt()) == "Interrupted."


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "x").read_bytes()
    sentence = f"{tmp_path}/x cannot be written or read (No such file or directory)."
    assert ended(missing.value) == sentence
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert ended(full) == "A file cannot be written or read (No space left on device)."


def test_what_is_not_of_a_file_is_not_hidden() -> None:
    with pytest.raises(ConnectionResetError):
        ended(ConnectionResetError(errno.ECONNRESET, "reset"))
