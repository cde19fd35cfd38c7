import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from function.probe import ASIDE, Probe
from tests.function.conftest import Clock


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def probe() -> Iterator[Probe]:
    with contextlib.closing(Probe()) as made:
        yield made


def accepted(probe: Probe, listener: socket.socket, clock: Clock) -> socket.socket:
    """The server's side of the probe's connection, through which one has come."""
    probe.look(listener.getsockname(), 0)
    connection, _ = listener.accept()
    assert connection.recv(1000).startswith(f"GET {probe.path} HTTP/1.1\r\n".encode())
    clock.now += 1
    probe.passed(100)
    assert (probe.wait, probe.ahead) == (0, 0)  # for being accepted, not for others
    return connection


def test_it_waits_as_long_as_others(probe: Probe, listener: socket.socket, clock: Clock) -> None:
    address = listener.getsockname()
    with accepted(probe, listener, clock) as connection:
        for seconds, taken in ((0.25, 130), (0.5, 190)):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            probe.look(address, 100)
            assert connection.recv(1000).startswith(b"GET ")
            clock.now += seconds
            probe.passed(taken)
            assert (probe.wait, probe.ahead) == (seconds, taken - 100)


def test_one_that_still_waits_counts_already(
    probe: Probe, listener: socket.socket, clock: Clock
) -> None:
    address = listener.getsockname()
    with accepted(probe, listener, clock) as connection:
        probe.look(address, 100)
        clock.now += 2
        probe.look(address, 150)
        assert (probe.wait, probe.ahead) == (2, 50)
        assert connection.recv(1000).count(b"GET ") == 1


def test_connection_is_kept_with_few_requests(
    probe: Probe, listener: socket.socket, clock: Clock
) -> None:
    address = listener.getsockname()
    with accepted(probe, listener, clock) as connection:
        connection.settimeout(0.1)
        probe.keep(address, 0)
        with pytest.raises(TimeoutError):
            connection.recv(1000)
        clock.now += 1
        probe.keep(address, 0)
        probe.keep(address, 0)
        assert connection.recv(1000).count(b"GET ") == 1


def test_closed_connection_is_made_anew(
    probe: Probe, listener: socket.socket, clock: Clock
) -> None:
    address = listener.getsockname()
    with accepted(probe, listener, clock):
        probe.look(address, 0)
        clock.now += 2
        probe.look(address, 0)
    assert probe.wait == 2
    accepted(probe, listener, clock).close()


def test_as_many_are_called_aside_as_it_takes(probe: Probe, listener: socket.socket) -> None:
    came = list[bytes]()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            while request := connection.recv(1000):
                came.append(request)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = threading.Thread(target=answer, daemon=True)
    server.start()
    probe.muster(listener.getsockname(), lambda: len(came) == 5)
    server.join(10)
    assert all(request.startswith(f"GET {probe.path}?{ASIDE} ".encode()) for request in came)
    assert len(came) == 5


def test_nobody_is_called_for_long(probe: Probe, listener: socket.socket) -> None:
    address = listener.getsockname()
    began = time.monotonic()
    probe.muster(address, lambda: False)  # it is not accepted
    listener.close()
    probe.muster(address, lambda: False)  # nor listened to
    assert time.monotonic() - began < 1


def test_nobody_listens(probe: Probe, listener: socket.socket, clock: Clock) -> None:
    address = listener.getsockname()
    listener.close()
    for _ in range(2):
        probe.look(address, 0)
        clock.now += 2
        assert probe.wait == 0


def test_path_is_a_secret() -> None:
    assert Probe().path != Probe().path
    assert len(Probe().path) > 32
