"""The image as it runs: hardened, limited, misconfigured, and stopped."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
import requests

from tests.container.engine import docker, inspect, running
from tests.container.load import send
from tests.serving import ALICE, ROOT, await_ready, free_port

pytestmark = pytest.mark.docker
PUBLISHED: Final = ("--publish", "127.0.0.1::8080")
HARDENED: Final = (
    *("--read-only", "--cap-drop", "ALL", "--user", "65532"),
    *("--security-opt", "no-new-privileges"),
)
SLOW: Final = {
    "model": "all",
    "observations": [{"Location": "Hobart"}] * 10,
    "fill": {"draws": 1000},
}
LARGEST: Final = {"model": "all", "observations": [{"Location": "Hobart"}] * 10_000}


@pytest.mark.usefixtures("image")
def test_the_commands_of_the_readme() -> None:
    """With a port of our own, and the network that this machine's builds need."""
    (command,) = re.findall(
        r"^\$ (docker build .+)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    port, name = free_port(), f"rain-{uuid.uuid4().hex[:12]}"
    ours = command.replace("127.0.0.1:8080:", f"127.0.0.1:{port}:")
    ours = ours.replace("--rm ", f"--rm --name {name} ").replace("build ", "build --network host ")
    shell = subprocess.Popen(
        ours, shell=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_ready(shell, port)
        answer = requests.post(
            f"http://127.0.0.1:{port}/predict",
            json={"observation": {"Location": "Sydney"}},
            auth=ALICE,
            timeout=10,
        )
        assert answer.status_code == 200
    finally:
        docker("stop", name)
    assert shell.wait(timeout=20) == 0


def handles(status: Path, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, by its file in /proc."""
    (mask,) = re.findall(r"^SigCgt:\t([0-9a-f]+)$", status.read_text(), re.MULTILINE)
    return bool(int(mask, 16) >> (number - 1) & 1)


def health(name: str) -> str:
    """The engine's verdict, when it has one."""
    deadline = time.monotonic() + 60
    while (status := inspect(name)["State"]["Health"]["Status"]) == "starting":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return str(status)


@pytest.mark.parametrize(
    ("options", "command"),
    [((), ()), ((), ("--port", "9000", "--host", "127.0.0.1")), (("--init",), ("--port", "9000"))],
)
def test_healthy_with_nothing_it_may_do(
    image: str, options: tuple[str, ...], command: tuple[str, ...]
) -> None:
    given = (*HARDENED, "--network", "none", *options)
    with running(image, *given, command=command) as container:
        assert health(container.name) == "healthy"
        docker("stop", container.name)
        assert container.state["ExitCode"] == 0


def test_unhealthy_when_nobody_answers(image: str) -> None:
    asked = ("python3", "-m", "function.health")
    with running(image, *PUBLISHED) as container:
        container.await_ready()
        docker("exec", container.name, *asked)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            docker("exec", "--env", "PORT=9", container.name, *asked)
    assert refused.value.returncode == 1


@pytest.mark.parametrize("share", ["0.5", "1.5"])
def test_it_knows_the_cpus_that_it_may_use(image: str, share: str) -> None:
    program = ("python3", "-c", "from function.admission import cpus; print(cpus())")
    given = ("--rm", "--cpus", share, "--entrypoint", *program[:1], image, *program[1:])
    assert docker("run", *given) == share


def test_ten_thousand_requests_in_128_mib(image: str) -> None:
    limits = ("--memory", "128m", "--memory-swap", "128m")
    with running(image, *HARDENED, *PUBLISHED, *limits) as container:
        url = container.await_ready()
        answered, wrong = send(url, callers=4, go_on=lambda sent: sent < 2500)
        assert (answered, wrong) == (10_000, [])
        assert container.memory <= 110e6
        assert container.state["Running"]
        assert not container.state["OOMKilled"]


def test_two_of_the_largest_answers_at_once_in_128_mib(image: str) -> None:
    limits = ("--memory", "128m", "--memory-swap", "128m", "--cpus", "0.5")
    with running(image, *HARDENED, *PUBLISHED, *limits) as container:
        url = container.await_ready()

        def call(_number: int) -> int:
            answer = requests.post(f"{url}/predict", json=LARGEST, auth=ALICE, timeout=120)
            return len(answer.json()["models"])

        with ThreadPoolExecutor(2) as callers:
            assert list(callers.map(call, range(4))) == [4] * 4
        assert not container.state["OOMKilled"]


def test_stop_before_it_listens(image: str) -> None:
    """From its first line on; the second that loading takes at half a CPU included."""
    with running(image, "--cpus", "0.5") as container:
        status = Path(f"/proc/{container.state['Pid']}/status")
        while not handles(status, signal.SIGTERM):
            pass
        assert container.log() == []
        docker("stop", container.name)
        assert container.state["ExitCode"] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--env", "PORT=abc"), "PORT=abc"),
        (("--env", "THREADS=0"), "THREADS=0"),
        (("--env", "MAX_ROWS=many"), "MAX_ROWS=many"),
        (("--env", "DATA_DIR=/nowhere"), "/nowhere"),
        (("--env", "MODEL_FORMAT=joblib"), "scikit-learn"),
        (("--env", "CREDENTIALS_FILE=/etc/shadow"), "/etc/shadow cannot be read"),
        (("--tmpfs", "/app/data"), "registry.json"),
        (("--pids-limit", "60"), "no more than 60 threads; raise its limit of processes"),
        (("--pids-limit", "1"), "no more than 1 threads"),
    ],
)
def test_what_cannot_start_says_why(image: str, options: tuple[str, ...], told: str) -> None:
    with running(image, *HARDENED, *options) as container:
        assert container.wait() == 1
        (sentence,) = container.log()
        assert sentence.startswith("rain-tomorrow cannot start: ")
        assert told in sentence


def test_as_many_callers_as_a_limit_of_processes_allows(image: str) -> None:
    limits = ("--pids-limit", "60", "--env", "THREADS=2", "--env", "MAX_WAITING=30")
    with running(image, *HARDENED, *PUBLISHED, *limits) as container:
        url = container.await_ready()

        def call(_number: int) -> int:
            answer = requests.post(f"{url}/predict", json=SLOW, auth=ALICE, timeout=60)
            return answer.status_code

        with ThreadPoolExecutor(60) as callers:
            assert set(callers.map(call, range(120))) == {200, 503}
        assert container.state["Running"]
        docker("stop", container.name)
        assert container.state["ExitCode"] == 0


def test_credentials_that_it_may_not_read(image: str, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("eve:x")
    users.chmod(0o600)
    given = ("--volume", f"{users}:/users:ro", "--env", "CREDENTIALS_FILE=/users")
    with running(image, *HARDENED, *given) as container:
        assert container.wait() == 1
        (sentence,) = container.log()
        assert "/users cannot be read (Permission denied)" in sentence


def test_users_change_in_a_folder(image: str, tmp_path: Path) -> None:
    """As docs/container.md has it: a file by itself would stay what it was."""

    def change(*arguments: str) -> None:
        command = [sys.executable, "-m", "scripts.deployment.credentials", str(tmp_path / "users")]
        subprocess.run([*command, *arguments], cwd=ROOT, input=b"secret", check=True)

    def status(name: str) -> int:
        return requests.get(f"{url}/whoami", auth=(name, "secret"), timeout=30).status_code

    change("add", "eve")
    given = (
        *("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{tmp_path}:/secrets:ro"),
        *("--env", "CREDENTIALS_FILE=/secrets/users"),
    )
    with running(image, *HARDENED, *PUBLISHED, *given) as container:
        url = container.await_ready()
        assert (status("eve"), status("adam")) == (200, 401)
        change("add", "adam")
        change("remove", "eve")
        deadline = time.monotonic() + 10
        while status("adam") != 200:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert status("eve") == 401


def test_stop_under_load_answers_what_was_accepted(image: str) -> None:
    with running(image, *HARDENED, *PUBLISHED) as container:
        url = container.await_ready()

        def call(_number: int) -> int:
            answer = requests.post(f"{url}/predict", json=SLOW, auth=ALICE, timeout=30)
            return answer.status_code

        with ThreadPoolExecutor(8) as callers:
            statuses = callers.map(call, range(8))
            deadline = time.monotonic() + 30
            while not any('"/predict"' in line for line in container.log()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            docker("stop", container.name)
            assert list(statuses) == [200] * 8
        assert container.state["ExitCode"] == 0
