import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from function import admission
from function.admission import Admission

NOWHERE = ("127.0.0.1", 0)


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight CPUs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [("50000 100000", 0.5), ("150000 100000", 1.5), ("max 100000", 8), ("1600000 100000", 8)],
)
def test_quota_of_cgroup_v2(tmp_path: Path, content: str, expected: float) -> None:
    (tmp_path / "cpu.max").write_text(content + "\n")
    assert admission.cpus(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("50000", 0.5), ("-1", 8), ("200000", 2)])
def test_quota_of_cgroup_v1(tmp_path: Path, quota: str, expected: float) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert admission.cpus(tmp_path) == expected


@pytest.mark.parametrize("content", [None, "", "nonsense", "a b"])
def test_no_quota_leaves_the_affinity(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cpu.max").write_text(content)
    assert admission.cpus(tmp_path) == 8


def test_system_without_affinities_counts_its_cpus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert admission.cpus(tmp_path) == 6


def started(act: Callable[[], None]) -> threading.Thread:
    """A thread that acts."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_slots_go_to_who_waits_longest() -> None:
    control, order = Admission(1, 3), list[int]()
    control.begin()

    def wait(number: int) -> None:
        control.begin()
        order.append(number)
        control.end()

    threads = []
    for number in range(3):
        assert not control.full
        threads.append(started(lambda number=number: wait(number)))  # type: ignore[misc]
        wait_until(lambda: len(control._queue) == len(threads))
    wait_until(lambda: control.full)
    control.end()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2]
    assert not control.full
    control.begin()  # the slot is free


def test_a_thread_too_many_is_parked_and_stands_in_for_one_that_is_held_up() -> None:
    control = Admission(1)
    control._quick = True
    started(lambda: control.watch(NOWHERE, int))
    held, parked = threading.Event(), threading.Event()

    def park() -> None:
        control.enter()
        wait_until(lambda: len(control._since) == 2)
        control._quick = True
        control._settle()
        if control.leave():
            control.park()
        parked.set()

    def hold() -> None:
        control.enter()
        held.wait(10)
        control.leave()

    thread = started(park)
    other = started(hold)  # after a while it is held up, and then both may take requests
    assert parked.wait(10)
    held.set()
    thread.join(10)
    other.join(10)


def test_threads_are_parked_before_they_compute() -> None:
    control = Admission(3, 4)
    threads, many = list[threading.Thread](), control.threads - 4
    while not control._mustered():
        threads.append(started(control.step_aside))
        wait_until(lambda: len(control._parked) == len(threads))
    assert len(threads) == many
    control._settle()
    # One for each slot and another may take requests.
    wait_until(lambda: sum(thread.is_alive() for thread in threads) == many - 4)
    for place in control._parked:
        place.release()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(
    ("quick", "waiting", "unseen", "parked"),
    [
        (True, 0, 0.0, 15),
        (True, 3, 0.1, 12),
        (False, 0, 0.0, 11),
        (False, 0, 0.1, 4),
        (False, 2, 0.0, 9),
        (False, 3, 0.0, 1),
    ],
)
def test_as_many_threads_take_requests_as_it_takes(
    *, quick: bool, waiting: int, unseen: float, parked: int
) -> None:
    """One that does not wait where they are quick; else one or more beside those that compute."""
    control = Admission(4, 4)
    control._quick, control.probe.wait = quick, unseen
    control._queue.extend(threading.Lock() for _ in range(waiting))
    control._since = dict.fromkeys(range(16), math.inf)
    control._settle()
    threads = [started(control.park) for _ in range(16)]
    wait_until(lambda: len(control._parked) == parked)
    assert not control._crowded
    for place in control._parked:
        place.release()
    for thread in threads:
        thread.join(10)


def test_a_thread_that_ends_is_struck_off() -> None:
    control = Admission(1)

    def once() -> None:
        control.enter()
        control.leave()

    started(once).join(10)
    wait_until(lambda: not control._since)


def test_slow_callers_do_not_take_the_last_threads() -> None:
    control, done = Admission(1, 1), threading.Event()

    def hold() -> None:
        control.enter()
        done.wait(10)
        control.leave()

    threads = [started(hold) for _ in range(control.threads - 9)]
    wait_until(lambda: len(control._since) == len(threads))
    assert not control.full
    threads.append(started(hold))
    wait_until(lambda: control.full)
    done.set()
    for thread in threads:
        thread.join(10)


def test_nobody_is_refused_for_what_was_long_ago() -> None:
    control = Admission(1)
    control._allowed = 1.0
    started(lambda: control.watch(NOWHERE, int))
    wait_until(lambda: control._allowed == math.inf)


def test_memory_is_given_back_every_second_and_last_at_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    control, trims, busy = Admission(1), list[int](), True
    monkeypatch.setattr(control.probe, "look", lambda *_: control.end() if busy else None)
    monkeypatch.setattr(control.probe, "keep", lambda *_: None)
    control.end()
    started(lambda: control.watch(NOWHERE, lambda: trims.append(control._computed)))
    every = admission._TRIMMING
    wait_until(lambda: control._computed > 2 * every + admission._RESTING)
    assert trims == [1 + every, 1 + 2 * every]
    busy = False
    looks = admission._LOOKS + admission._RESTING + every
    time.sleep(2 * looks * admission._HELD_UP_SECONDS)
    known = trims[:]
    assert known[-1] == control._computed
    time.sleep(2 * every * admission._HELD_UP_SECONDS)
    assert trims == known


@pytest.fixture
def late() -> Admission:
    """Admission where the probe has waited for a second, behind too many."""
    control = Admission(1, more_sockets=lambda than: than < 82)
    control.probe.wait, control.probe.ahead = 1.0, 82
    return control


def compute(control: Admission) -> int:
    """Compute what is let in; as many as there are, if they are not many."""
    computed = 0
    while not control.full and computed < 50:
        control.begin()
        control.end()
        computed += 1
    return computed


def test_fewer_compute_while_the_probe_waits_long_and_more_when_it_does_not(
    late: Admission,
) -> None:
    assert compute(late) == 50
    computed = [50]
    for _ in range(6):
        late._allow(computed[-1])
        computed.append(compute(late))
    assert computed[-1] == 1  # and never none: nobody is refused for ever
    assert computed == sorted(computed, reverse=True)
    late.probe.wait = 0.001
    for _ in range(200):  # four seconds
        late._allow(computed[-1])
        computed.append(compute(late))
    assert computed[-1] == 50
    assert late._allowed > 1000


def test_after_too_many_were_refused_nearly_as_many_compute_as_could(late: Admission) -> None:
    compute(late)
    late._allow(50)
    late._allow(compute(late))
    late.probe.wait = 0.001
    late._allow(compute(late))
    assert 30 < compute(late) < 50


def test_where_the_probe_waits_behind_few_little_more_is_allowed(late: Admission) -> None:
    late._allowed, late.probe.ahead = 20.0, 60
    for _ in range(5):
        late._allow(compute(late))
    assert 20 < late._allowed < 25
    for _ in range(500):
        late._allow(compute(late))
    assert compute(late) == 50


def test_for_a_while_after_too_many_nobody_waits_long(late: Admission) -> None:
    """Else, the queue would grow long again before it is seen that it did."""
    late._allow(20)
    late.probe.ahead = 60
    for _ in range(5):
        late._allow(compute(late))
    assert late._allowed < 10
    late.probe.wait = 0.001
    before = late._allowed
    late._allow(compute(late))
    assert before < late._allowed < before + 1
    late.probe.wait = 1.0
    for _ in range(500):
        late._allow(compute(late))
    assert compute(late) == 50  # that was long ago


def test_a_probe_of_before_the_rest_is_no_reason_to_refuse(
    late: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[float] = []

    def look(*_: object) -> None:
        allowed.append(late._allowed)
        if len(allowed) > 1:
            late.probe.wait = 0.0

    monkeypatch.setattr(late.probe, "look", look)
    monkeypatch.setattr(late.probe, "keep", lambda *_: None)
    started(lambda: late.watch(NOWHERE, int))
    time.sleep(0.1)  # at rest, with a probe that has waited for a second behind many
    compute(late)
    wait_until(lambda: len(allowed) > 1)
    assert allowed[:2] == [math.inf, math.inf]


def test_requests_that_are_never_refused_are_no_reason_to_refuse_others() -> None:
    control = Admission(1)
    for _ in range(100):
        control.enter()
        control.leave()
    assert control._taken == 0
    assert control.admit()
    assert control._taken == 1


def test_as_few_as_may_wait_are_not_refused_however_long_the_probe_waits(late: Admission) -> None:
    late.probe.ahead = 81  # and sixteen that overtook the probe
    for _ in range(10):
        late._allow(50)
        assert compute(late) == 50


def test_there_are_never_more_than_connections_however_many_overtook_the_probe() -> None:
    connections = 81
    control = Admission(1, more_sockets=lambda than: than < connections)
    control.probe.wait, control.probe.ahead = 1.0, 500
    for _ in range(10):
        control._allow(50)
        assert compute(control) == 50
    connections = 82
    for _ in range(10):
        control._allow(50)
    assert compute(control) < 50
