"""The one way in which a command ends early: with a sentence."""

import sys
from collections.abc import Callable

from function.problems import DeploymentError


class Failure(Exception):
    """A command cannot go on; the message is a sentence that says what to do."""


def run(command: Callable[[], None]) -> None:
    """Run a command; a failure or an interruption ends it with a sentence and status 1."""
    try:
        command()
    except (Failure, DeploymentError) as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing was changed.")
