"""A real Docker engine: builds images, runs containers, and looks into both."""

import contextlib
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import requests

from scripts.training.failure import Failure
from tests.serving import ROOT

BASE: Final = "python:3.11-slim-bookworm"
IMAGE: Final = "rain-tomorrow:tested"
NAIVE: Final = "rain-tomorrow-naive:tested"
CONTEXT: Final = ("Dockerfile", ".dockerignore", "LICENSE", "function", "data", "scripts")
_UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def docker(*arguments: str | Path) -> str:
    """Output of a Docker command; raises CalledProcessError, with what it said, if it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, done.args, done.stdout, done.stderr[-2000:]
        )
    return done.stdout.strip()


def require_engine() -> None:
    """Raise `Failure` where no engine answers."""
    if shutil.which("docker"):
        with contextlib.suppress(subprocess.CalledProcessError):
            docker("info")
            return
    raise Failure("No Docker engine answers; start it, or join the group that may use it.")


def fetch_bases() -> None:
    """Have the images that ours are built on, or stand-ins of them."""
    subprocess.run([ROOT / "tests" / "container" / "stand-in"], check=True)


def build(tag: str, *options: str, context: Path = ROOT) -> str:
    """Build an image; gives its tag."""
    docker("build", "--quiet", "--network", "host", "--tag", tag, *options, context)
    return tag


def copy(folder: Path, *names: str) -> None:
    """Copy files and folders of the project, without what they hold of this machine's own."""
    ignored = shutil.ignore_patterns("__pycache__", "raw", "train_test", ".training-*")
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, folder / name)


def build_naive() -> str:
    """Build the image that ours is measured against; gives its tag."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        copy(context, "function", "data")
        shutil.copytree(ROOT / "tests" / "container" / "naive", context, dirs_exist_ok=True)
        pins = (ROOT / "scripts" / "requirements.txt").read_text()
        versions = re.findall(r"^[a-z0-9-]+==[^\\\n]+", pins, re.MULTILINE)
        (context / "versions.txt").write_text("\n".join(versions))
        return build(NAIVE, context=context)


def inspect(what: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    (details,) = json.loads(docker("inspect", what))
    known: dict[str, Any] = details
    return known


def size_above_base(image: str) -> int:
    """Bytes of an image's own layers."""
    return int(inspect(image)["Size"]) - int(inspect(BASE)["Size"])


def layers(image: str) -> list[str]:
    """Digests of an image's layers, from the base to the last."""
    digests: list[str] = inspect(image)["RootFS"]["Layers"]
    return digests


def files(image: str) -> dict[str, str]:
    """What an image holds: by path, the kind, mode, owner and content of each file."""
    name = docker("create", image, "none")
    try:
        exported = subprocess.run(["docker", "export", name], capture_output=True, check=True)
    finally:
        docker("rm", "--volumes", name)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(exported.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            content = hashlib.sha256(file.read()).hexdigest() if file else member.linkname
            kind = f"{member.type.decode()} {member.mode:o} {member.uid}:{member.gid}"
            found["/" + member.name.removeprefix("./")] = f"{kind} {content}"
    return found


class Container:
    """A container: started at once, and gone at the end."""

    def __init__(self, image: str, *options: str, command: tuple[str, ...] = ()) -> None:
        self.name = f"rain-{uuid.uuid4().hex[:12]}"
        docker("run", "--detach", "--name", self.name, *options, image, *command)

    @property
    def state(self) -> Mapping[str, Any]:
        """Its state, as the engine tells it."""
        state: Mapping[str, Any] = inspect(self.name)["State"]
        return state

    @property
    def url(self) -> str:
        """Where its port 8080 is published."""
        return "http://" + docker("port", self.name, "8080").splitlines()[0]

    @property
    def memory(self) -> int:
        """Bytes of its cgroup that cannot be had back, as `docker stats` counts them."""
        used = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", self.name)
        number, unit = re.match(r"([\d.]+)(\w+)", used).groups()  # type: ignore[union-attr]
        return int(float(number) * _UNITS[unit])

    def log(self) -> list[str]:
        """The lines that it wrote, errors last."""
        done = subprocess.run(
            ["docker", "logs", self.name], capture_output=True, text=True, check=True
        )
        return [*done.stdout.splitlines(), *done.stderr.splitlines()]

    def wait(self) -> int:
        """Status with which it ends."""
        return int(docker("wait", self.name))

    def await_ready(self) -> str:
        """Wait until every model answers; gives the URL."""
        url = self.url
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.state["Running"], self.log()
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/health/ready", timeout=5).ok:
                    return url
            time.sleep(0.02)
        raise AssertionError(self.log())

    def remove(self) -> None:
        """End it, if it runs, and remove it."""
        docker("rm", "--force", "--volumes", self.name)


@contextlib.contextmanager
def running(image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[Container]:
    """Run a container while the block lasts."""
    container = Container(image, *options, command=command)
    try:
        yield container
    finally:
        container.remove()
