"""A broken deployment stops before its port opens, with a sentence and status 1."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.serving import ROOT, Launcher, command, environment, free_port, serve

DATA = ROOT / "data"
LEARNED = ["climatology.npz", "encoder.npz", "stations.csv", "numeric_ranges.csv", "metrics.json"]
MODEL = "models/logistic-regression.onnx"
Stop = Callable[..., str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder to break."""
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("train_test", "raw", ".training-*"))
    return folder


@pytest.fixture
def stop_sentence(launcher: Launcher) -> Stop:
    """Start the function with settings that stop it; gives what it says on its way out."""

    def stop(**settings: str) -> str:
        ended = subprocess.run(
            command(free_port(), launcher),
            env=environment(settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1, ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr
        (sentence,) = ended.stderr.splitlines()
        assert sentence.startswith("rain-tomorrow cannot start: ")
        return sentence

    return stop


@pytest.mark.parametrize("file", [*LEARNED, MODEL, "registry.json", "credentials"])
def test_missing_file(stop_sentence: Stop, data: Path, file: str) -> None:
    (data / file).unlink()
    assert Path(file).name in stop_sentence(DATA_DIR=str(data))


@pytest.mark.parametrize("file", [*LEARNED, MODEL])
def test_truncated_file(stop_sentence: Stop, data: Path, file: str) -> None:
    content = (data / file).read_bytes()
    (data / file).write_bytes(content[: len(content) // 2])
    assert Path(file).name in stop_sentence(DATA_DIR=str(data))


@pytest.mark.parametrize("file", [*LEARNED, MODEL])
def test_altered_file(stop_sentence: Stop, data: Path, file: str) -> None:
    content = bytearray((data / file).read_bytes())
    content[len(content) // 2] ^= 1
    (data / file).write_bytes(content)
    assert "not the file that the registry describes" in stop_sentence(DATA_DIR=str(data))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"default": 1}'])
def test_damaged_registry(stop_sentence: Stop, data: Path, content: bytes) -> None:
    (data / "registry.json").write_bytes(content)
    assert "registry.json" in stop_sentence(DATA_DIR=str(data))


def older() -> bytes:
    """A graph as an earlier version made them, in single precision."""
    from onnx import TensorProto, helper, numpy_helper

    doubles = helper.make_node("Cast", ["features"], ["doubles"], to=TensorProto.DOUBLE)
    largest = helper.make_node("ReduceMax", ["doubles", "one"], ["probability"], keepdims=0)
    read = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 80])
    given = helper.make_tensor_value_info("probability", TensorProto.DOUBLE, ["rows"])
    one = numpy_helper.from_array(np.array([1]), "one")
    graph = helper.make_graph([doubles, largest], "older", [read], [given], [one])
    opsets = [helper.make_opsetid("", 18)]
    content: bytes = helper.make_model(
        graph, opset_imports=opsets, ir_version=10
    ).SerializeToString()
    return content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"no graph", "does not load"), (older(), "made for another version of the function")],
    ids=["no graph", "older"],
)
def test_file_that_the_registry_describes_but_that_does_not_load(
    stop_sentence: Stop, data: Path, content: bytes, sentence: str
) -> None:
    import hashlib

    (data / MODEL).write_bytes(content)
    registry = json.loads((data / "registry.json").read_text())
    for model in registry["models"]:
        if model["artifacts"]["onnx"]["file"] == MODEL:
            model["artifacts"]["onnx"]["sha256"] = hashlib.sha256(content).hexdigest()
    (data / "registry.json").write_text(json.dumps(registry))
    checksum = hashlib.sha256((data / "registry.json").read_bytes()).hexdigest()
    settings = {"DATA_DIR": str(data), "REGISTRY_CHECKSUM": checksum}
    assert sentence in stop_sentence(**settings)
    assert f"set REGISTRY_CHECKSUM={checksum}" in stop_sentence(DATA_DIR=str(data))


@pytest.mark.parametrize(
    "content",
    [
        *("", "# nobody\n", "alice:wonderland\n", "alice\n", "alice:$scrypt$ln=14,r=8$x$y\n"),
        "alice:$scrypt$ln=40,r=8,p=1$c2FsdA$c2FsdA\n",
        "alice:$scrypt$ln=14,r=8,p=1$c2FsdA$c2FsdA\n",
    ],
)
def test_credentials_that_are_none(stop_sentence: Stop, tmp_path: Path, content: str) -> None:
    path = tmp_path / "users"
    path.write_text(content)
    assert str(path) in stop_sentence(CREDENTIALS_FILE=str(path))


def test_credentials_that_cannot_be_read(stop_sentence: Stop, tmp_path: Path) -> None:
    assert str(tmp_path) in stop_sentence(CREDENTIALS_FILE=str(tmp_path))
    (tmp_path / "users").write_bytes(b"\xff\xfe")
    assert "UTF-8" in stop_sentence(CREDENTIALS_FILE=str(tmp_path / "users"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_FORMAT", "pmml"),
        ("MODEL_DEFAULT", "oracle"),
        ("MAX_BODY_BYTES", "8MB"),
        ("MAX_ROWS", "0"),
        ("WRONG_PASSWORDS", "0"),
        ("FORWARDED_HOPS", "-1"),
        ("REGISTRY_CHECKSUM", "304077CD"),
        ("MAX_SAMPLES", "-5"),
        ("DATA_DIR", "/nowhere"),
    ],
)
def test_setting_that_is_not_valid(stop_sentence: Stop, name: str, value: str) -> None:
    assert value in stop_sentence(**{name: value})


def test_serve_names_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [ROOT / "scripts" / "serve"],
            env={**os.environ, "PORT": port, "HOST": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert port in sentence


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1"])
def test_serve_names_a_port_that_is_none(port: str) -> None:
    ended = subprocess.run(
        [ROOT / "scripts" / "serve"],
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"PORT={port}" in ended.stderr


def test_sigterm_ends_it_cleanly(tmp_path: Path, launcher: Launcher) -> None:
    with serve(tmp_path / "log", launcher) as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=20) == 0
