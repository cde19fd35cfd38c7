"""Passwords that exist nowhere else are sent everywhere, and looked for in all that comes out."""

import base64
import contextlib
import gzip
import itertools
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
import requests

from function.passwords import Cost, ScryptHash
from function.routes import ROUTES
from scripts.reliability import Figure
from tests.serving import LAUNCHERS, Launcher, Server, serve
from tests.trust.conftest import COMMAND

PATHS: Final = [
    (
        route.method,
        route.path.replace("<model>", "random-forest")
        .replace("<version>", "1.0.0")
        .replace("<station>", "Hobart")
        .replace("<file>", "page.js"),
    )
    for route in ROUTES
]
DAY: Final = {"Location": "Hobart", "Humidity3pm": 70}
TENSOR: Final = {"name": "Location", "shape": [1], "datatype": "BYTES", "data": ["Hobart"]}


class Canaries:
    """Passwords that are sent, and every form in which they might come out again."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def new(self) -> str:
        """Another one."""
        self.sent.append(f"Canary{secrets.token_hex(12)}")
        return self.sent[-1]

    def found(self, content: bytes, sent: Sequence[str] | None = None) -> list[str]:
        """Which of them stand in something: in clear, or in base64 at any offset."""
        text = content.decode("latin-1")
        # 16 characters of the middle are the same however the base64 falls.
        return [
            canary
            for canary in (self.sent if sent is None else sent)
            if canary[6:] in text or any(part in text for part in _in_base64(canary))
        ]


def _in_base64(canary: str) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + canary.encode()).decode()
        yield encoded[4:-4]


def test_canaries_are_found_where_they_are() -> None:
    """The search itself is no dud."""
    canaries = Canaries()
    one, other = canaries.new(), canaries.new()
    assert canaries.found(f"password={one}".encode()) == [one]
    for user in ("a", "ab", "abc"):
        hidden = base64.b64encode(f"{user}:{other}".encode())
        assert canaries.found(b"Basic " + hidden + b"\r\n") == [other]
    assert canaries.found(b"nothing") == []


def headers(canary: str, user: str = "canary") -> list[Mapping[str, str]]:
    """Headers with a password in them, in good form and in bad."""
    token = base64.b64encode(f"{user}:{canary}".encode()).decode()
    return [
        {"Authorization": f"Basic {token}"},
        {"Authentication": token},
        {"Authorization": f"Basic {canary}"},
        {"Authorization": f"Bearer {canary}"},
        {"Authorization": f"Basic {token} {token}"},
        {"Authorization": f"{user}:{canary}"},
        {"Authentication": f"{user}:{canary}"},
        {"Authorization": f"Basic {token[:-2]}", "Authentication": f"{user}:{canary} x y"},
        {"Authorization": f'Digest username="{user}", response="{canary}"'},
        {"Proxy-Authorization": f"Basic {token}", "Cookie": f"session={canary}"},
    ]


def bodies(canary: str) -> list[tuple[str, bytes]]:
    """Bodies for every decoder, right and wrong, with a password where people leave one."""
    event = {"specversion": "1.0", "type": "x", "source": f"//canary:{canary}@host", "id": canary}
    documents: list[tuple[str, object]] = [
        ("application/json", {"observation": DAY, "password": canary}),
        ("application/json", {"observation": {**DAY, "Humidity9am": canary}}),
        ("application/json", {"action": "predict", "observation": {**DAY, canary: 1}}),
        ("application/json", {"inputs": [{**TENSOR, "data": [canary]}], "id": "x"}),
        ("application/json", {"inputs": [{**TENSOR, "name": canary}]}),
        ("application/cloudevents+json", {**event, "data": {"password": canary}}),
        ("application/x-ndjson", {**DAY, "password": canary}),
    ]
    encoded = [(kind, json.dumps(document).encode()) for kind, document in documents]
    form = f"user=canary&password={canary}".encode()
    return [
        *encoded,
        ("application/json", f'{{"password": "{canary}"'.encode()),
        ("application/json", b"\xff" + canary.encode()),
        ("text/csv", f"Location,password\nHobart,{canary}\n".encode()),
        ("text/csv", f"{canary}\n".encode()),
        ("application/x-www-form-urlencoded", form),
        (f"text/{canary}", form),
        ("application/octet-stream", canary.encode()),
    ]


def raw(server: Server, request: bytes) -> bytes:
    """What comes back for bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        # The connection may be reset, or be kept open for more.
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                answer += piece
    return answer


def whole(answer: requests.Response) -> bytes:
    """Everything of an answer."""
    told = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return f"{answer.status_code} {answer.reason}\n{told}".encode() + answer.content


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder for temporary files of a server."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def send_headers(running: Server, canaries: Canaries, password: str) -> int:
    """Send passwords in every header to every path, wrong ones and the right one; how many."""
    sent = 0
    for (method, path), index in itertools.product(PATHS, range(len(headers("")))):
        for canary in (canaries.new(), password):
            given = headers(canary)[index]
            answer = running.call(method, path, auth=None, headers=given, data=b"{}")
            assert answer.status_code < 500
            assert canaries.found(whole(answer)) == []
            sent += 1
    return sent


def send_addresses(running: Server, canaries: Canaries) -> int:
    """Send passwords in every part of the address, and in lines that are no headers; how many.

    Whoever sent one may be told of it, and nobody else.
    """
    sent = 0
    for method, path in PATHS:
        before, canary = canaries.sent.copy(), canaries.new()
        for target in (f"{path}/{canary}", f"{path}?password={canary}", f"/{canary}{path}"):
            answer = running.call(method, target, auth=None)
            assert answer.status_code < 500
            assert canaries.found(whole(answer), before) == []
            sent += 1
        absolute = f"{method} http://canary:{canary}@rain{path} HTTP/1.1\r\nHost: rain\r\n"
        for end in ("\r\n", f"{canary}\r\n\r\n", f"{canary}: x\r\n{canary}\r\n"):
            assert canaries.found(raw(running, (absolute + end).encode()), before) == []
            sent += 1
    return sent


def send_bodies(running: Server, canaries: Canaries, password: str) -> int:
    """Send passwords in bodies to every decoder, packed and not; how many."""
    sent = 0
    paths = [path for method, path in PATHS if method == "POST"]
    ways = itertools.product(paths, range(len(bodies(""))), ("identity", "gzip"))
    for path, index, encoding in ways:
        before, canary = canaries.sent.copy(), canaries.new()
        kind, body = bodies(canary)[index]
        given = {"Content-Type": kind, "Content-Encoding": encoding}
        data = gzip.compress(body) if encoding == "gzip" else body
        auth = ("canary", password)
        answer = running.call("POST", path, auth=auth, headers=given, data=data)
        assert answer.status_code < 500
        assert canaries.found(whole(answer), before) == []
        sent += 1
    return sent


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_no_credential_comes_out(
    launcher: Launcher, tmp_path: Path, temporary: Path, record: Callable[[Figure], None]
) -> None:
    canaries = Canaries()
    password = canaries.new()
    users = tmp_path / "users"
    users.write_text(f"canary:{ScryptHash.of(password, Cost(ln=4))}\n")
    settings = {
        "CREDENTIALS_FILE": str(users),
        "WRONG_PASSWORDS": "30" if launcher == "granian" else "100000",
        "TMPDIR": str(temporary),
        "PYTHONFAULTHANDLER": "1",
    }
    with serve(tmp_path / "log", launcher, **settings) as running:
        sent = send_headers(running, canaries, password)
        sent += send_addresses(running, canaries)
        sent += send_bodies(running, canaries, password)
        for path in ("/prometheus", "/status", "/openapi.json", "/models"):
            assert canaries.found(running.call("GET", path, auth=None).content) == []
        # A process that crashes writes where it was, and nothing of what it held.
        running.process.send_signal(signal.SIGABRT)
        assert running.process.wait(timeout=30) != 0
    output = (tmp_path / "log").read_bytes()
    assert output.count(b"\n") > sent // 2  # what is no HTTP is not logged
    if launcher == "granian":
        assert b"Fatal Python error: Aborted" in output
    assert canaries.found(output) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "log"]
    assert [path for path in files if canaries.found(path.read_bytes())] == []
    assert not [path for path in files if path.name.startswith("core")]
    if launcher == "granian":
        record(
            Figure(
                "passwords sent in headers, addresses and bodies, and looked for in all that came "
                "out: log, answers, metrics, crash dump, files",
                "none found",
                f"{len(canaries.sent):,} passwords, {sent:,} requests, 0 found",
                met=True,
                command=COMMAND,
            )
        )


def test_crash_leaves_no_memory_behind(tmp_path: Path) -> None:
    """Even where the operator's own limits would allow it."""
    with serve(tmp_path / "log", "granian") as running:
        limits = Path(f"/proc/{running.process.pid}/limits").read_text().splitlines()
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
        assert core[4:6] == ["1", "1"]
        assert running.call("GET", "/whoami").ok
        os.kill(running.process.pid, signal.SIGSEGV)
        assert running.process.wait(timeout=30) == -signal.SIGSEGV
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_failure_of_ours_tells_no_credential(tmp_path: Path) -> None:
    """An exception that quotes the caller's own header is told by its kind and place alone."""
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import function.routes as routes, functools\n"
        "import msgspec\n"
        "def fail(call):\n"
        "    raise RuntimeError(call.environ['HTTP_AUTHORIZATION'], call.user)\n"
        "whoami = routes._PLAIN['GET', '/whoami']\n"
        "routes._PLAIN['GET', '/whoami'] = msgspec.structs.replace(whoami, action=fail)\n"
    )
    canaries = Canaries()
    password = canaries.new()
    users = tmp_path / "users"
    users.write_text(f"canary:{ScryptHash.of(password, Cost(ln=4))}\n")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    settings = {"CREDENTIALS_FILE": str(users), "PYTHONPATH": path}
    with serve(tmp_path / "log", "granian", **settings) as running:
        answer = running.call("GET", "/whoami", auth=("canary", password))
    assert answer.status_code == 500
    assert canaries.found(whole(answer)) == []
    output = (tmp_path / "log").read_bytes()
    assert b"RuntimeError" in output
    assert canaries.found(output) == []
