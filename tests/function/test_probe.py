import contextlib
import socket
from collections.abc import Iterator

import pytest

from function.probe import Probe


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def probe() -> Iterator[Probe]:
    with contextlib.closing(Probe()) as made:
        yield made


def accepted(probe: Probe, listener: socket.socket) -> socket.socket:
    """The server's side of the probe's connection, through which one has come."""
    probe.look(listener.getsockname(), 0)
    connection, _ = listener.accept()
    assert connection.recv(1000).startswith(f"GET {probe.path} HTTP/1.1\r\n".encode())
    probe.passed(1000)
    assert probe.ahead == 0  # it waited to be accepted, not for others
    return connection


def test_those_that_are_computed_meanwhile_were_in_front(
    probe: Probe, listener: socket.socket
) -> None:
    address = listener.getsockname()
    with accepted(probe, listener) as connection:
        for first, last in [(1000, 1070), (1100, 1100)]:
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            probe.look(address, first)
            assert connection.recv(1000).startswith(b"GET ")
            probe.passed(last)
            assert probe.ahead == last - first


def test_what_passes_before_one_that_waits_counts_already(
    probe: Probe, listener: socket.socket
) -> None:
    address = listener.getsockname()
    with accepted(probe, listener) as connection:
        probe.look(address, 1000)
        probe.look(address, 1200)
        assert probe.ahead == 200
        assert connection.recv(1000).count(b"GET ") == 1


def test_closed_connection_is_made_anew(probe: Probe, listener: socket.socket) -> None:
    address = listener.getsockname()
    with accepted(probe, listener):
        probe.look(address, 1000)
        probe.look(address, 1200)
    assert probe.ahead == 200
    accepted(probe, listener).close()


def test_nobody_listens(probe: Probe, listener: socket.socket) -> None:
    address = listener.getsockname()
    listener.close()
    for computed in (0, 500):
        probe.look(address, computed)
        assert probe.ahead == 0


def test_path_is_a_secret() -> None:
    assert Probe().path != Probe().path
    assert len(Probe().path) > 32
