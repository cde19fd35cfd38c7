"""What was learned and who may call, altered in every way: refused before the port opens."""

import hashlib
import itertools
import os
import pickle
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from function import pinned
from function.arrays import read
from function.artifacts import Artifacts
from function.encode import Climate
from function.fill import Filler
from function.models import Models
from function.passwords import ScryptHash
from function.problems import DeploymentError
from function.service import Service
from function.settings import Settings
from function.stations import Stations
from function.users import UsersFile, parse
from scripts.reliability import Figure
from tests.serving import LAUNCHERS, ROOT, Launcher, command, environment, free_port
from tests.trust.conftest import COMMAND

DATA: Final = ROOT / "data"
MODELS: Final = sorted(f"models/{path.name}" for path in (DATA / "models").glob("*.onnx"))
LEARNED: Final = (
    *("climatology.npz", "encoder.npz", "metrics.json"),
    *("numeric_ranges.csv", "stations.csv"),
)
ORIGINALS: Final = sorted(f"models/{path.name}" for path in (DATA / "models").glob("*.joblib"))
Content = bytes | None
"""Of a file that is missing, None."""


class Trap:
    """A pickle of this makes a file when it is opened."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Callable[[str, int], int], tuple[str, int]]:
        """What to call, and with what, instead of making an object."""
        return os.open, (str(self._made), os.O_CREAT)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to alter."""
    folder = tmp_path_factory.mktemp("tampered") / "data"
    shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("train_test", "raw", ".training-*"))
    return folder


def load(data: Path, file: str) -> object:
    """Read a file as a start does."""
    artifacts = Artifacts(data, pinned.REGISTRY_SHA256)
    if file in {"climatology.npz", "numeric_ranges.csv"}:
        return Filler.load(artifacts)
    if file == "encoder.npz":
        return read(Climate, artifacts, file)
    if file == "stations.csv":
        return Stations.parse(artifacts.read(file))
    if file == "metrics.json":
        return artifacts.read(file)
    if file == "registry.json":
        return artifacts.registry
    name, form = Path(file).stem, Path(file).suffix[1:]
    (card,) = (card for card in artifacts.registry.models if card.name == name)
    models = Models.__new__(Models)
    models.form = "onnx" if form == "onnx" else "joblib"
    return models._load(artifacts, card)


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Content with one byte altered."""
    altered = bytearray(content)
    altered[chance.randrange(len(altered))] ^= chance.randrange(1, 256)
    return bytes(altered)


def altered(file: str, trap: bytes, times: int, chance: random.Random) -> Iterator[Content]:
    """A file's content in all the ways that it is not to be; `times` of each that is random."""
    content = (DATA / file).read_bytes()
    for _ in range(times):
        yield flipped(content, chance)
    for _ in range(times // 4 + 1):
        yield content[: chance.randrange(len(content))]
    for _ in range(times // 8 + 1):
        at = chance.randrange(len(content))
        yield content[:at] + chance.randbytes(chance.randrange(1, 99)) + content[at:]
    others = sorted({*MODELS, *ORIGINALS, *LEARNED, "registry.json", "credentials"} - {file})
    yield from ((DATA / other).read_bytes() for other in others)
    yield from (trap, content + b"\n", content * 2, b"\0" * len(content), b"", None)


def put(path: Path, content: Content) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)


def trap_for(made: Path) -> bytes:
    """A pickle that makes a file; and, so that it is no dud, the proof."""
    trap = pickle.dumps(Trap(made))
    os.close(pickle.loads(trap))  # noqa: S301
    assert made.exists()
    made.unlink()
    return trap


def test_every_altered_file_is_refused(
    data: Path, tmp_path: Path, full: bool, record: Callable[[Figure], None]
) -> None:
    """By the code that a start runs, one file at a time."""
    chance, made = random.Random(7), tmp_path / "made"  # noqa: S311
    trap = trap_for(made)
    tried = 0
    for file in (*LEARNED, "registry.json", *MODELS, *ORIGINALS):
        load(data, file)
        for content in altered(file, trap, 520 if full else 8, chance):
            put(data / file, content)
            with pytest.raises(DeploymentError) as refused:
                load(data, file)
            assert Path(file).name in str(refused.value)
            tried += 1
        put(data / file, (DATA / file).read_bytes())
        load(data, file)
    assert not made.exists()
    assert tried >= (10_000 if full else 400)
    record(
        Figure(
            "tampered artifacts tried: flipped, cut, grown, swapped, a pickle, missing",
            ">= 10,000, all refused",
            f"{tried:,} tried, {tried:,} refused, no pickle opened",
            met=True,
            command=COMMAND,
        )
    )


def test_altered_registry_is_refused_whatever_it_says(data: Path) -> None:
    """It is whole, and every file agrees with it: but it is not the one that the code knows."""
    content = (DATA / "stations.csv").read_bytes().replace(b"Hobart,", b"Hobard,")
    registry = (DATA / "registry.json").read_text()
    for file in (DATA / "stations.csv").read_bytes(), content:
        registry = registry.replace(hashlib.sha256(file).hexdigest(), "0" * 64)
    put(data / "stations.csv", content)
    forged = registry.replace("0" * 64, hashlib.sha256(content).hexdigest())
    put(data / "registry.json", forged.encode())
    try:
        Stations.parse(Artifacts(data).read("stations.csv"))
        with pytest.raises(DeploymentError, match="set REGISTRY_CHECKSUM=") as refused:
            Service(Settings.read({"DATA_DIR": str(data)}))
        # Whoever trained anew says so, with the very value that the sentence gives.
        checksum = str(refused.value).partition("REGISTRY_CHECKSUM=")[2].rstrip(".")
        settings = {"DATA_DIR": str(data), "REGISTRY_CHECKSUM": checksum}
        assert Service(Settings.read(settings)).stations.find("Hobard") is not None
    finally:
        for name in ("stations.csv", "registry.json"):
            put(data / name, (DATA / name).read_bytes())


def test_code_knows_the_registry_that_is_committed() -> None:
    content = (DATA / "registry.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == pinned.REGISTRY_SHA256


def test_chain_covers_every_file() -> None:
    """From the code to the registry, and from it to all else; but for who may call."""
    registry = Artifacts(DATA, pinned.REGISTRY_SHA256).registry
    listed = {*registry.files, "registry.json", "credentials"}
    listed |= {each.file for card in registry.models for each in card.artifacts.values()}
    ignored = {"train_test", "raw"}
    found = {str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file()}
    assert {file for file in found if file.partition("/")[0] not in ignored} == listed


def test_altered_credentials_let_nobody_else_in(
    tmp_path: Path, full: bool, record: Callable[[Figure], None]
) -> None:
    """What a flip leaves readable is a user less, or one under another name, and never one more.

    There is no checksum that would tell: operators write this file themselves.
    """
    chance, path = random.Random(7), tmp_path / "credentials"  # noqa: S311
    content = (DATA / "credentials").read_bytes()
    trap = trap_for(tmp_path / "made")
    whole = {*UsersFile(DATA / "credentials").users.values()}
    tried = refused = 0
    for altered_content in altered("credentials", trap, 2000 if full else 200, chance):
        put(path, altered_content)
        tried += 1
        try:
            users = UsersFile(path).users
        except DeploymentError:
            refused += 1
            continue
        assert len(users) <= len(whole)
        strangers = [scrypt for scrypt in users.values() if scrypt not in whole]
        # A line that is not one of ours any more has a hash whose password nobody knows.
        assert len(strangers) <= 1
    assert not (tmp_path / "made").exists()
    assert parse(content, path)
    record(
        Figure(
            "tampered credentials files tried",
            "none lets in who was not before; no checksum is possible",
            f"{tried:,} tried, {refused:,} refused, the rest with a user less or renamed",
            met=True,
            command=COMMAND,
        )
    )


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_altered_hash_is_nobodys(user: str) -> None:
    """A salt or a digest with a flipped byte has no password that was ever given out."""
    users = UsersFile(DATA / "credentials").users
    known = {"alice": b"wonderland", "bob": b"builder"}[user]
    scrypt = users[user]
    for other in (
        ScryptHash(flipped(scrypt.salt, random.Random(1)), scrypt.digest, scrypt.cost),  # noqa: S311
        ScryptHash(scrypt.salt, flipped(scrypt.digest, random.Random(1)), scrypt.cost),  # noqa: S311
    ):
        assert other.derive(known) != other.digest


def started(launcher: Launcher, settings: Mapping[str, str], cwd: Path) -> tuple[int, str, int]:
    """Start the function, which ends by itself: its status, what it said, and its port."""
    port = free_port()
    ended = subprocess.run(
        command(port, launcher),
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )
    return ended.returncode, ended.stdout + ended.stderr, port


SERVED: Final = [*LEARNED, "registry.json", *MODELS, "credentials"]


def test_processes_end_with_a_sentence_and_a_closed_port(
    data: Path, tmp_path: Path, full: bool, record: Callable[[Figure], None]
) -> None:
    chance, made = random.Random(7), tmp_path / "made"  # noqa: S311
    trap = trap_for(made)
    # Of credentials a single flip may leave a file that has a meaning.
    ways: list[Callable[[bytes], Content]] = [
        lambda content: flipped(content, chance),
        lambda content: content[: len(content) // 2],
        lambda _: trap,
        lambda _: None,
    ]
    cases = [(file, way) for file in SERVED for way in ways if (file, way) != (SERVED[-1], ways[0])]
    if not full:
        cases = chance.sample(cases, 6)
    starts = list(zip(cases, itertools.cycle(LAUNCHERS), strict=False))
    for (file, way), launcher in starts:
        put(data / file, way((DATA / file).read_bytes()))
        status, said, port = started(launcher, {"DATA_DIR": str(data)}, tmp_path)
        put(data / file, (DATA / file).read_bytes())
        assert status == 1, said
        (sentence,) = said.splitlines()
        assert sentence.startswith("rain-tomorrow cannot start: ")
        assert Path(file).name in sentence
        with socket.socket() as caller:
            assert caller.connect_ex(("127.0.0.1", port)) != 0
    for file in ORIGINALS[:1] if not full else ORIGINALS:
        put(data / file, trap)
        settings = {"DATA_DIR": str(data), "MODEL_FORMAT": "joblib"}
        status, said, _ = started("granian", settings, tmp_path)
        put(data / file, (DATA / file).read_bytes())
        assert (status, said.count("\n")) == (1, 1), said
        assert Path(file).name in said
    assert not made.exists()
    count = len(starts) + len(ORIGINALS)
    record(
        Figure(
            "processes started on a tampered artifact",
            "status 1, one sentence that names the file, port closed",
            f"{count} of {count}",
            met=True,
            command=COMMAND,
        )
    )


def test_nothing_listens_while_the_artifacts_are_verified(data: Path, tmp_path: Path) -> None:
    """Not even for a moment: a process that is stopped at the altered file has no listener."""
    import psutil

    file = data / MODELS[-1]
    file.unlink()
    os.mkfifo(file)
    port = free_port()
    process = subprocess.Popen(
        command(port, "granian"),
        env=environment({"DATA_DIR": str(data)}),
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    try:
        with file.open("wb") as writer:  # waits until the process opens it
            assert psutil.Process(process.pid).net_connections() == []
            writer.write(b"altered")
        _, told = process.communicate(timeout=60)
        assert process.returncode == 1
        assert file.name in told.decode()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        put(file, (DATA / MODELS[-1]).read_bytes())
