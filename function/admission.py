"""Admission control: who computes, who waits for that, and who is told to come back later.

A few slots bound how many requests compute at once; the next wait for one in the order of their
coming, and beyond a limit they are refused at once, for a fifth of what an answer costs. What
computes nothing, as a health check, needs no slot and waits for nobody.

Waiting takes a thread, and so does a caller who sends or reads slowly; but many threads that all
take requests would take turns at Python's global lock, which costs quick requests a third of their
throughput or more. So where requests are quick, one thread takes them, and what waits does so in
the server's own queue, whose length a probe tells. The other threads are parked, and stand in for
those that are held up; and where requests take long, for those that wait, and some more beside.
"""

import itertools
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from function import process
from function.probe import Probe

CGROUPS: Final = Path("/sys/fs/cgroup")
WAITING: Final = 64
_SPARE: Final = 16  # threads for what neither computes nor waits
_KEPT: Final = 8  # of these, for what is never refused
_HELD_UP_SECONDS: Final = 0.02
_LARGE_SECONDS: Final = 5  # until who waits to send a large body is told to come back
_LOOKS: Final = 10
# Turns of slots in the latest looks: 1,700 a second, until there are fewer than 1,000.
_QUICK, _STILL_QUICK = 340, 200
_RESTING: Final = 25  # looks at which nothing was computed, half a second
_TRIMMING: Final = 50  # looks, a second
_LATE_SECONDS: Final = 0.0003  # of waiting in the server, for each that may wait
_LEAST_LATE_SECONDS: Final = 0.01  # twice as long as a thread may keep Python's lock
_UNSEEN_SECONDS: Final = 0.05  # of waiting there, from which on more threads take requests
_FEWER, _LITTLE_MORE, _MORE = 0.85, 1.02, 1.05
_WARY: Final = 150  # looks, three seconds
_MOST: Final = 1000  # turns of slots between two looks; there are never so many
_NEVER: Final = math.inf


def cpus(cgroups: Path = CGROUPS) -> float:
    """CPUs that this process may use: its affinity, or its cgroup's quota (v2, v1) if smaller."""
    # Not every system has affinities; macOS has none.
    affinity = getattr(os, "sched_getaffinity", None)
    usable = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    for files in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):
        try:
            quota, period = " ".join((cgroups / file).read_text() for file in files).split()
            if float(quota) > 0:  # -1, in v1, is no limit
                usable = min(usable, float(quota) / float(period))
        except (OSError, ValueError):  # not this version, or "max", which is no limit
            continue
    return usable


def _places(number: int) -> SimpleQueue[None]:
    """A semaphore, in effect, that takes a tenth of the time of `threading`'s."""
    places: SimpleQueue[None] = SimpleQueue()
    for _ in range(number):
        places.put(None)
    return places


class _Life:
    """Ends with its thread, whose locals go with it, and strikes it off."""

    def __init__(self, thread: int, since: dict[int, float]) -> None:
        self._thread, self._since = thread, since

    def __del__(self) -> None:
        self._since.pop(self._thread, None)


class Admission:
    """The slots, the queue for them, and the threads of the server that takes requests.

    Where nobody waits, a request takes no lock here.

    Args:
        slots: Requests that compute at the same time; 0 for two for each CPU, at least 2.
        waiting: Requests that may wait for a slot before more are refused.
        more_sockets: Tells whether more than a number of them are open.

    """

    def __init__(
        self,
        slots: int = 0,
        waiting: int = WAITING,
        more_sockets: Callable[[int], bool] = process.more_sockets,
    ) -> None:
        self.slots = slots or max(2, math.ceil(2 * cpus()))
        self.threads = self.slots + waiting + _SPARE
        """Threads that a server needs for this; callers who are slow take those of who waits."""
        self.probe: Final = Probe()
        self._waiting = waiting
        self._more_sockets = more_sockets
        self._free = _places(self.slots)
        self._queue: deque[threading.Lock] = deque()
        self._large = threading.BoundedSemaphore(self.slots)
        self._lingering = _places(max(1, waiting // 4))
        # Threads by their identity, and since when each has been at its present step; never, where
        # it waits here or is at no request.
        self._since: dict[int, float] = {}
        self._lives = threading.local()
        self._parked: list[threading.Lock] = []
        self._held_up = 0
        self._crowded = False
        # Requests that could be refused, and turns of slots, roughly: threads that count at once
        # may count as one.
        self._taken = self._computed = 0
        self._quick = False
        self._full = self._overrun = False
        self._wary = 0  # looks for which it is remembered that there were too many
        # Turns between two looks, and the count of turns at which that is used up.
        self._allowed = self._last = math.inf
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether the next request has to be refused."""
        return self._full or self._computed >= self._last

    def admit(self) -> bool:
        """Count a request that could be refused, and tell whether it may compute."""
        self._taken += 1
        return not self.full

    def enter(self) -> None:
        """Note that this thread has taken a request."""
        thread = threading.get_ident()
        if thread not in self._since:
            self._meet(thread, time.monotonic())
            self._settle()
        else:
            self._since[thread] = time.monotonic()

    def _meet(self, thread: int, since: float) -> None:
        # The server ends threads that are idle for long, and tells nobody.
        self._lives.this = _Life(thread, self._since)
        self._since[thread] = since

    def leave(self) -> bool:
        """Note that this thread has answered its request; gives whether it should `park`."""
        self._since[threading.get_ident()] = _NEVER
        return self._crowded

    def begin(self) -> None:
        """Take a slot, after those who came before."""
        try:
            self._free.get_nowait()
        except Empty:
            self._wait()

    def end(self) -> None:
        """Give the slot to who waits longest."""
        self._computed += 1
        self._free.put(None)
        if self._queue:
            self._next()

    def begin_large(self) -> bool:
        """Wait until a body may be read that takes much memory: there are never many at once.

        False where that takes too long, as it does where those before it come slowly.
        """
        return self._large.acquire(timeout=_LARGE_SECONDS)

    def end_large(self) -> None:
        """Let the next large body be read."""
        self._large.release()

    def linger(self) -> bool:
        """Whether this thread may wait for what a caller still sends, of no use; then `part`."""
        try:
            self._lingering.get_nowait()
        except Empty:
            return False
        return True

    def part(self) -> None:
        """Let another thread linger."""
        self._lingering.put(None)

    def park(self) -> None:
        """Keep this thread from taking requests until it is needed."""
        with self._lock:
            if self._surplus() <= 0:
                return
            place = self._parking()
            self._crowded = self._surplus() > 0
        place.acquire()

    def _parking(self) -> threading.Lock:
        place = threading.Lock()
        place.acquire()
        self._parked.append(place)
        return place

    def step_aside(self) -> None:
        """Keep this thread, which was called aside, until it is needed."""
        self._meet(threading.get_ident(), _NEVER)
        with self._lock:
            place = self._parking()
        place.acquire()

    def probed(self) -> None:
        """Note that the probe came through."""
        self.probe.passed(self._taken)

    def watch(self, address: tuple[str, int], trim: Callable[[], object]) -> None:
        """See who is held up and who waits in the server at this address, for ever.

        Args:
            address: The server's; one for all interfaces will do.
            trim: Gives memory back; called every second, and last when nothing has been computed
                for a while.

        """
        counts, looked, mustered, idle = deque([0], maxlen=_LOOKS + 1), False, False, 0
        for looks in itertools.count(1):
            time.sleep(_HELD_UP_SECONDS)
            if not mustered:
                self.probe.muster(address, self._mustered)
                mustered = self._mustered()
            counts.append(self._computed)
            lately = counts[-1] - counts[0]
            # While most are refused, few compute.
            limited = self._allowed < math.inf
            least = _STILL_QUICK if self._quick else _QUICK
            self._quick = lately > least or (self._quick and limited)
            if lately or self._queue or limited:
                self.probe.look(address, self._taken)
                if looked:  # else, the probe tells of long ago
                    self._allow(counts[-1] - counts[-2])
                looked, idle = True, 0
            else:
                self.probe.keep(address, self._taken)
                looked, idle = False, idle + 1
            if idle == _RESTING or (idle < _RESTING and looks % _TRIMMING == 0):
                trim()
            self._settle()

    def _mustered(self) -> bool:
        """Whether the server has made all threads but those that take the first requests.

        It makes another whenever none is idle, and soon has as many as it may. Each would compute
        once before it was found to be too many, and keep what memory that takes.
        """
        return len(self._since) >= self.threads - self.slots - 1

    def _allow(self, computed: int) -> None:
        """Let fewer compute than last time where the probe waits long, and more where it does not.

        Quickly fewer and slowly more, as the Internet's congestion control does. While there are
        too many, only one more, until the others are refused, which is soon done. Never fewer
        because of as few callers as may wait, however long they do; except where there were too
        many a moment ago: the queue would be long again before it is seen that there still are.
        """
        late = self.probe.wait > max(_LEAST_LATE_SECONDS, _LATE_SECONDS * self._waiting)
        # Where several threads take requests, some overtake the probe, and it seems behind more
        # than there are: of each connection, one at a time is taken.
        many = late and self.probe.ahead > self.threads
        overrun = many and (self._wary > 0 or self._more_sockets(self.threads))
        if overrun:
            # Once nearly all are refused, how many were computed says little.
            before = self._allowed if self._overrun else min(self._allowed, computed)
            self._allowed = max(1.0, _FEWER * before)
            self._wary = _WARY
        elif self._wary:
            self._wary -= 1
            fewer = max(1.0, _FEWER * min(self._allowed, computed))
            self._allowed = fewer if late else 0.5 + _LITTLE_MORE * self._allowed
        else:
            self._allowed = _LITTLE_MORE * self._allowed if late else 1 + _MORE * self._allowed
        if self._allowed > _MOST:
            self._allowed = math.inf
        self._overrun = overrun
        self._last = self._computed + (1 if overrun else self._allowed)

    def _wait(self) -> None:
        turn = threading.Lock()
        turn.acquire()
        self._queue.append(turn)
        thread = threading.get_ident()
        known = thread in self._since
        if known:
            self._since[thread] = _NEVER
        self._next()  # somebody may have left in the meantime
        self._settle()
        turn.acquire()
        if known:
            self._since[thread] = time.monotonic()

    def _next(self) -> None:
        """Give a slot that is free to who waits longest."""
        with self._lock:
            if self._queue:
                try:
                    self._free.get_nowait()
                except Empty:
                    return
                self._queue.popleft().release()
                if self._full:
                    self._see_whether_full()

    def _settle(self) -> None:
        """See who is held up, and let as many threads stand in for them."""
        with self._lock:
            late = time.monotonic() - _HELD_UP_SECONDS
            steps = list(self._since.values())
            self._held_up = sum(since < late for since in steps)
            while self._parked and self._surplus() < 0:
                self._parked.pop().release()
            self._crowded = self._surplus() > 0
            self._see_whether_full()

    def _see_whether_full(self) -> None:
        steps, waiting = list(self._since.values()), len(self._queue)
        busy = len(steps) - steps.count(_NEVER) + waiting
        self._full = waiting >= self._waiting or busy >= self.threads - _KEPT

    def _surplus(self) -> int:
        """How many more threads take requests than should."""
        waiting = len(self._queue)
        # Where they are not quick, others overtake those that wait, and are refused. A single
        # thread seldom gets Python's lock from those that compute, and health would wait for it;
        # but more cost up to a third of the throughput where nobody needs to be refused.
        many = 2 * waiting > self._waiting or self.probe.wait > _UNSEEN_SECONDS
        beside = min(2 * self.slots, _KEPT) if many else 1
        wanted = waiting + (1 if self._quick else self.slots + beside)
        return len(self._since) - len(self._parked) - self._held_up - wanted
