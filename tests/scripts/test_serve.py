"""`scripts/serve` as a newcomer runs it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving import ROOT, free_port

pytestmark = pytest.mark.network  # the first run installs the serving environment
START_SECONDS = 300  # of the first run, with its downloads


class Shop:
    """A running `scripts/serve`."""

    def __init__(self, port: int, output: Path, **settings: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.output = output
        with output.open("wb") as sink:
            self.process = subprocess.Popen(
                [ROOT / "scripts" / "serve"],
                env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1", **settings},
                stdout=sink,
                stderr=sink,
            )

    def wait(self) -> None:
        """Wait for its first answer."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output.read_text()
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/health/ready", timeout=5).ok:
                    return
            time.sleep(0.01)
        raise AssertionError(self.output.read_text())

    def end(self, number: signal.Signals) -> int:
        """Send a signal; gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    running = Shop(free_port(), tmp_path / "output", DEBUG="1")
    running.wait()
    yield running
    running.process.kill()
    running.process.wait(timeout=30)


def test_what_it_prints_works(shop: Shop) -> None:
    first, _, rest = shop.output.read_text().partition("\n\n")
    assert shop.url in first
    curl, call, *_ = rest.split("\n\n")
    done = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)
    assert '"rain_tomorrow":' in done.stdout
    assert call.strip().startswith("scripts/call predict")
    done = subprocess.run(call, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "support-vector-machine" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(shop: Shop, number: signal.Signals) -> None:
    assert shop.end(number) == 0
    output = shop.output.read_text()
    assert "Traceback" not in output
    assert "development server" not in output
    with pytest.raises(requests.ConnectionError):
        requests.get(shop.url, timeout=5)


def test_second_start_installs_nothing(shop: Shop, tmp_path: Path) -> None:
    assert shop.end(signal.SIGTERM) == 0
    again = Shop(free_port(), tmp_path / "again")
    again.wait()
    assert again.end(signal.SIGTERM) == 0
    assert "Making the environment" not in again.output.read_text()


def test_reference_models_are_served_from_the_training_environment(tmp_path: Path) -> None:
    running = Shop(free_port(), tmp_path / "output", MODEL_FORMAT="joblib")
    running.wait()
    models = requests.get(f"{running.url}/models", timeout=5).json()["models"]
    assert {model["format"] for model in models} == {"joblib"}
    assert running.end(signal.SIGTERM) == 0


def test_broken_deployment_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "serve"],
        env={**os.environ, "PORT": str(free_port()), "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("rain-tomorrow cannot start: ")
    assert "Traceback" not in done.stderr
