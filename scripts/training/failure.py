"""The one way in which a command ends early: with a sentence."""

import errno
import signal
import sys
from collections.abc import Callable

from function.problems import DeploymentError


class Failure(Exception):
    """A command cannot go on; the message is a sentence that says what to do."""


def run(command: Callable[[], None]) -> None:
    """Run a command; a failure or an interruption ends it with a sentence and status 1.

    So does a file that cannot be written or read. SIGTERM interrupts as Ctrl-C does: what it
    started, a server say, would go on without it.
    """
    usual = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command()
    except (Failure, DeploymentError) as failure:
        sys.exit(str(failure))
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise  # not of a file
        sys.exit(f"{error.filename or 'A file'} cannot be written or read ({error.strerror}).")
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
    finally:
        signal.signal(signal.SIGTERM, usual)
