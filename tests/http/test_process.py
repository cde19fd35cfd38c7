"""What a serving process is made of, and what it leaves alone."""

import ctypes
import mmap
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from function import process
from tests.serving import ROOT, Launcher, Server, serve

HEAVY = ("sklearn", "scipy", "pandas", "joblib", "onnx")


def test_serving_imports_nothing_of_training() -> None:
    program = (
        "import sys, function.main;"
        "from function.main import handle;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")


def test_production_server_imports_no_framework() -> None:
    """They are a fifth of a start, and a tenth of the memory."""
    program = (
        "import sys, function.serve, function.wsgi;"
        "frameworks = {'flask', 'werkzeug', 'functions_framework'};"
        "print(sorted(frameworks & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_code_that_only_starting_needs_takes_no_memory(tmp_path: Path) -> None:
    """Otherwise, 16 MB of ONNX Runtime's alone."""
    with serve(tmp_path / "log", "granian") as running:
        assert running.post("/predict", {"model": "all", "observation": {"Location": "Sydney"}}).ok
        mapped = psutil.Process(running.process.pid).memory_maps(grouped=False)
    code = {Path(part.path).name: part.rss for part in mapped if "x" in part.perms}
    (most,) = (size for name, size in code.items() if name.startswith("onnxruntime_pybind11"))
    assert 1_000_000 < most < 8_000_000


def test_open_sockets_are_counted() -> None:
    known = 0
    while process.more_sockets(known):
        known += 1
    with socket.socket(), socket.socket():
        assert process.more_sockets(known + 1)
        assert not process.more_sockets(known + 2)
    assert not process.more_sockets(known)


def test_where_the_system_does_not_tell_there_may_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> list[Path]:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "iterdir", fail)
    assert process.more_sockets(1000)


def test_what_was_written_is_not_unmapped(tmp_path: Path) -> None:
    """As the loader writes to a library's tables and protects them; that is in no file."""
    file = tmp_path / "library"
    file.write_bytes(b"file" * 1024)
    with file.open("r+b") as opened:
        pages = mmap.mmap(opened.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    pages[:4] = b"mine"
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    mprotect = ctypes.CDLL(None).mprotect
    assert mprotect(ctypes.c_void_p(start), ctypes.c_size_t(len(pages)), mmap.PROT_READ) == 0
    process.unmap()
    assert pages[:8] == b"minefile"


def test_nothing_phones_home(tmp_path: Path, launcher: Launcher) -> None:
    home = tmp_path / "home"
    home.mkdir()
    told = {"HOME": str(home), "TMPDIR": str(home), "ORT_DISABLE_TELEMETRY": ""}
    with serve(tmp_path / "log", launcher, **told) as running:
        body = {"model": "all", "observation": {"Location": "Sydney"}, "fill": {"draws": 50}}
        assert running.post("/predict", body).ok
        family = [running.process.pid, *_children(running)]
        for pid in family:
            seen = psutil.Process(pid)
            sockets = seen.net_connections(kind="inet")
            # It listens there, and asks itself how long others wait.
            assert all(running.port in (s.laddr.port, *s.raddr[1:]) for s in sockets)
            native = {_name(thread) for thread in Path(f"/proc/{pid}/task").iterdir()}
            assert not {name for name in native if "telemetry" in name or "upload" in name}
        assert list(home.iterdir()) == []


def _children(running: Server) -> list[int]:
    return [child.pid for child in psutil.Process(running.process.pid).children(recursive=True)]


def _name(thread: Path) -> str:
    return (thread / "comm").read_text().strip().casefold()


@pytest.mark.parametrize("form", ["onnx", "joblib"])
def test_both_formats_give_the_same_probabilities(
    server: Server, form: str, tmp_path: Path
) -> None:
    body = {
        "model": "all",
        "observations": [{"Location": "Hobart", "Date": "2024-03-01"}] * 20,
        "fill": {"strategy": "uniform", "draws": 5, "seed": 8},
    }
    expected = server.post("/predict", body).json()["models"]
    with serve(tmp_path / "log", MODEL_FORMAT=form) as other:
        models = other.call("GET", "/models").json()["models"]
        assert {model["format"] for model in models} == {form}
        answer = other.post("/predict", body).json()["models"]
    for name, rows in expected.items():
        for ours, theirs in zip(rows["predictions"], answer[name]["predictions"], strict=True):
            assert abs(ours["probability"] - theirs["probability"]) <= 1e-5
            assert ours["rain_tomorrow"] == theirs["rain_tomorrow"]
