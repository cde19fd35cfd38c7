import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest

from function.artifacts import Artifacts
from function.encode import FEATURES
from function.models import Models, Probabilities, _onnx
from function.observation import FIELDS, Raw
from function.problems import DeploymentError
from tests.serving import ROOT


def days(count: int) -> Raw:
    raw = np.full((count, len(FIELDS)), np.nan)
    raw[:, 0] = np.arange(count) % 49
    raw[:, 1] = 1 + np.arange(count) % 366
    return raw


def test_scores_are_probabilities_whatever_is_missing(models: Models) -> None:
    matrix = models.encode(days(400))
    for name in models.names:
        probabilities = models.score(name, matrix)
        assert probabilities.shape == (400,)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_many_rows_are_scored_as_each_alone(models: Models) -> None:
    matrix = models.encode(days(5000))
    for name in models.names:
        together = models.score(name, matrix)
        for row in (0, 2047, 2048, 4999):
            alone = models.score(name, matrix[row : row + 1])
            assert together[row] == pytest.approx(alone[0], abs=1e-12)


def test_rows_alone_keep_their_own_answers(models: Models) -> None:
    matrix = models.encode(days(64))
    rows = [matrix[row : row + 1] for row in range(64)]
    for name in models.names:
        together = models.score(name, matrix)
        alone = [models.score(name, row) for row in rows]  # one answer must not become the next's
        assert np.concatenate(alone) == pytest.approx(together, abs=1e-12)
        with ThreadPoolExecutor(8) as pool:  # nor one thread's another's
            at_once = list(pool.map(lambda row, name=name: models.score(name, row), 50 * rows))
        assert np.array_equal(np.concatenate(at_once), np.tile(np.concatenate(alone), 50))


def test_what_a_model_was_read_from_is_not_kept() -> None:
    content = (ROOT / "data" / "models" / "decision-tree.onnx").read_bytes()
    before = sys.getrefcount(content)
    scorer = _onnx(content)
    assert sys.getrefcount(content) == before
    assert scorer(np.zeros((2, len(FEATURES)), np.float32)).shape == (2,)


def test_both_formats_agree(artifacts: Artifacts, models: Models) -> None:
    reference = Models(artifacts, "joblib")
    matrix = models.encode(days(500))
    for name in models.names:
        assert np.abs(models.score(name, matrix) - reference.score(name, matrix)).max() <= 1e-5


def test_default_may_be_set(artifacts: Artifacts) -> None:
    assert Models(artifacts, default="decision-tree").default == "decision-tree"
    with pytest.raises(DeploymentError, match="oracle"):
        Models(artifacts, default="oracle")


@pytest.mark.parametrize(
    "broken",
    [
        lambda rows: rows * np.nan,
        lambda rows: np.where(len(rows) > 1, np.nan, 0.5 + 0 * rows),
    ],
    ids=["always", "for several rows"],
)
def test_check_finds_a_model_that_no_longer_answers(
    artifacts: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[Probabilities], Probabilities],
) -> None:
    models = Models(artifacts)
    monkeypatch.setitem(models._scorers, "random-forest", lambda matrix: broken(matrix[:, 0]))
    with pytest.raises(DeploymentError, match="random-forest"):
        models.check()


def test_pickle_of_another_scikit_learn_is_refused(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sklearn.__version__", "0.1")
    with pytest.raises(DeploymentError, match=r"0\.1 is installed"):
        Models(artifacts, "joblib")


def test_joblib_without_scikit_learn_says_what_to_do() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import os; os.environ['MODEL_FORMAT'] = 'joblib'\n"
        "import function.main"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "scripts/requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_file_that_the_registry_does_not_list(artifacts: Artifacts) -> None:
    with pytest.raises(DeploymentError, match="does not list"):
        artifacts.read("secrets.txt")


def test_registry_of_another_shape(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_bytes(msgspec.json.encode({"default": "x"}))
    with pytest.raises(DeploymentError, match="damaged"):
        Artifacts(tmp_path)
