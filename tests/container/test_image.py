"""What the image is made of."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from tests.container.engine import (
    BASE,
    CONTEXT,
    build,
    build_naive,
    copy,
    docker,
    files,
    inspect,
    layers,
    running,
    size_above_base,
)
from tests.serving import ROOT

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("file", ["Dockerfile", "clients/Dockerfile", "naive/Dockerfile"])
def test_hadolint(file: str) -> None:
    path = ROOT / file if file == "Dockerfile" else ROOT / "tests" / "container" / file
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_size(image: str) -> None:
    assert size_above_base(image) <= 150e6
    assert size_above_base(image) <= 0.45 * size_above_base(build_naive())


@pytest.fixture(scope="session")
def held(image: str) -> Mapping[str, str]:
    """What the image holds, by path."""
    return files(image)


@pytest.fixture(scope="session")
def added(held: Mapping[str, str]) -> list[str]:
    """Paths that the image has and its base has not, or other than it."""
    before = files(BASE)
    return [path for path, file in held.items() if before.get(path) != file]


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"/pip3?[^/]*$", r"/(setuptools|wheel|ensurepip)/", r"/\.cache/", r"\.(whl|egg)$"),
        *(r"/(gcc|g\+\+|cc|clang|ld|make)$", r"\.(h|c|cc|cpp|pyx|pxd|a|lib)$", r"\.pyi$"),
        *(r"/tests?/", r"/test_[^/]+\.py$", r"\.joblib$", r"\.csv\.gz$", r"/\.git", r"/\.venv/"),
        *(r"/requirements\.txt$", r"/Dockerfile", r"^/app/README", r"^/(tmp|root|var)/."),
    ],
)
def test_nothing_that_serving_does_not_need(added: list[str], pattern: str) -> None:
    assert [path for path in added if re.search(pattern, path)] == []


def test_no_pip_at_all(image: str) -> None:
    """Neither what the base brought."""
    program = "import importlib.util as u; print([u.find_spec(n) for n in ('pip', 'ensurepip')])"
    assert docker("run", "--rm", "--entrypoint", "python3", image, "-c", program) == "[None, None]"


def test_everything_is_compiled(added: list[str]) -> None:
    modules = {path for path in added if path.startswith(("/app/", "/packages/"))}
    sources = [path for path in modules if path.endswith(".py")]
    assert len(sources) > 500
    for source in sources:
        folder, _, name = source.rpartition("/")
        assert f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-311.pyc" in modules


def test_no_credential_in_clear(image: str) -> None:
    history = docker("history", "--no-trunc", image) + str(inspect(image)["Config"])
    for secret in ("wonderland", "builder", "mandarine"):
        assert secret not in history
        program = [
            "grep",
            "--recursive",
            "--files-with-matches",
            secret,
            "/app",
        ]
        done = subprocess.run(
            ["docker", "run", "--rm", "--entrypoint", *program[:1], image, *program[1:]],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")


def test_what_it_says_of_itself(image: str) -> None:
    config = inspect(image)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["python3", "-m", "function.serve"]
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert labels.keys() >= {"title", "description", "licenses", "version", "revision"}
    version = re.search(r'__version__ = "(.+)"', (ROOT / "function/__init__.py").read_text())
    assert version is not None
    assert labels["version"] == version[1]


def test_two_builds_give_the_same_files(held: Mapping[str, str], tmp_path: Path) -> None:
    """Also where files were checked out for nobody but their owner."""
    copy(tmp_path, *CONTEXT)
    for path in tmp_path.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    again = build("rain-tomorrow:again", "--no-cache", context=tmp_path)
    assert files(again) == held


@pytest.mark.usefixtures("image")
def test_a_change_of_the_function_changes_the_last_layer_only(tmp_path: Path) -> None:
    before = layers(build("rain-tomorrow:before"))
    copy(tmp_path, *CONTEXT)
    with (tmp_path / "function" / "problems.py").open("a") as module:
        module.write("# one line more\n")
    changed = build("rain-tomorrow:changed", context=tmp_path)
    assert layers(changed)[:-1] == before[:-1]
    assert layers(changed)[-1] != before[-1]


@pytest.mark.usefixtures("bases")
def test_reference_models_by_build_argument() -> None:
    reference = build("rain-tomorrow:joblib", "--build-arg", "MODEL_FORMAT=joblib")
    with running(reference, "--publish", "127.0.0.1::8080") as container:
        models = requests.get(f"{container.await_ready()}/models", timeout=10).json()["models"]
    assert {model["format"] for model in models} == {"joblib"}
