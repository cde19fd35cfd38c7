"""What the process asks of the system: its signals, sockets, allocators, threads and turns."""

import contextlib
import ctypes
import functools
import gc
import mmap
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from function.problems import DeploymentError

# Granian's allocator, jemalloc, reads this when it is loaded. By default, many threads each keep
# some of what it has freed, 5 MB or more, and what a large body took is kept for ten seconds.
ALLOCATOR: Final = "narenas:1,tcache:false,dirty_decay_ms:1000"
_STACK: Final = 2 * 1024 * 1024  # bytes of a thread of Granian's
# Of <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def begin() -> None:
    """Prepare the process for serving, before anything is imported that reads what this sets."""
    # Nothing of what is loaded now will ever be garbage.
    gc.disable()
    os.environ["_RJEM_MALLOC_CONF"] = os.environ.get("_RJEM_MALLOC_CONF") or ALLOCATOR
    # NumPy's: the slots share the processors already, and it ends the process where it gets none.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ.get("OPENBLAS_NUM_THREADS") or "1"
    # The first process of a container is deaf to signals that it does not handle, and what comes
    # next takes half a second. Granian handles them later.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    _set_malloc()  # before the first thread gets an arena of its own


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)  # each time, this would make classes, which are garbage for long


def _set_malloc() -> None:
    """Let glibc's malloc give back what is free; another C library has ways of its own."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = _libc().mallopt
        # Large blocks go back to the system at once: 16 MB for each first password, say. Not what
        # 100 rows take, nor the end of the heap: getting that anew took a third of their time.
        mallopt(_M_MMAP_THRESHOLD, 512 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 2 * 1024 * 1024)
        # Another arena, of some of the threads, would keep what its largest request has taken.
        mallopt(_M_ARENA_MAX, 1)


def start_thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    """Start a thread that does not outlive the process.

    Raises:
        DeploymentError: The system gives no more.

    """
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise DeploymentError(
            f"the system lets this process have no more than {threading.active_count()} threads; "
            "raise its limit of processes (or of memory), or set a smaller MAX_WAITING."
        ) from error
    return thread


def check_threads(number: int) -> None:
    """Have that many threads for a moment: Granian would abort when it cannot make one.

    Raises:
        DeploymentError: The system does not give as many.

    """
    seen = threading.Event()
    usual = threading.stack_size(_STACK)
    try:
        threads = [start_thread("check", seen.wait) for _ in range(number)]
    finally:
        seen.set()
        threading.stack_size(usual)
    for thread in threads:
        thread.join()


def more_sockets(than: int) -> bool:
    """Whether more sockets are open, most of which are connections; or may be, if nothing tells."""
    left = than
    try:
        for descriptor in Path("/dev/fd").iterdir():
            with contextlib.suppress(OSError):  # closed in the meantime, as that of the list is
                left -= stat.S_ISSOCK(os.fstat(int(descriptor.name)).st_mode)
            if left < 0:
                return True
    except OSError:
        return True
    return False


def trim() -> None:
    """Give back what is free between blocks that are in use; by itself, malloc keeps it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        _libc().malloc_trim(0)


def unmap() -> None:
    """Unmap what was read of libraries so far: most of it, only starting needed.

    It stays in the page cache of the system, from which a page is mapped again when it is needed.
    To be called while nothing else loads a library.
    """
    with contextlib.suppress(OSError, AttributeError):  # Linux has these
        madvise = _libc().madvise
        for start, size in list(_unwritten()):
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), mmap.MADV_DONTNEED)


def _unwritten() -> Iterator[tuple[int, int]]:
    """Address and size, in bytes, of what is mapped of files, cannot be written and never was.

    What the loader has relocated was, and would be lost. See proc_pid_smaps(5).
    """
    start, size, fixed, written = 0, 0, False, 0
    with Path("/proc/self/smaps").open() as lines:
        for line in lines:
            first, *rest = line.split()
            if not first.endswith(":"):  # addresses, permissions, offset, device, inode, path
                start, end = (int(address, 16) for address in first.split("-"))
                size, fixed, written = end - start, "w" not in rest[0] and rest[3] != "0", 0
            elif first in {"Anonymous:", "Swap:"}:
                written += int(rest[0])
            elif first == "VmFlags:" and fixed and not written:  # the last of each
                yield start, size


def schedule(policy: str) -> None:
    """Let the system schedule this thread, and those that it starts, by a policy of sched(7)."""
    with contextlib.suppress(OSError, AttributeError):  # Linux has these, and may forbid them
        os.sched_setscheduler(0, getattr(os, policy), os.sched_param(0))


def take_turns() -> None:
    """Keep threads from interrupting one another whenever something arrives.

    The server's own thread would take the processor from the one that computes for every single
    packet: a third of what a quick request costs. So, each ends its turn of a few milliseconds.
    """
    schedule("SCHED_BATCH")
