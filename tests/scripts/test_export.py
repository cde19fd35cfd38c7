"""Graphs against the scikit-learn models that they were made from, on invented features."""

from pathlib import Path

import joblib
import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.pipeline import Pipeline

from function.encode import FEATURES, Floats, Matrix
from scripts.training import export
from scripts.training.estimators import ESTIMATORS
from tests.scripts.invented import features


@pytest.fixture(scope="module")
def graphs(fitted: dict[str, Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    for name, estimator in fitted.items():
        export.to_onnx(name, estimator, folder / name)
    return folder


def said(graph: Path, matrix: Matrix) -> Floats:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (probability,) = session.run(["probability"], {"features": matrix.astype(np.float64)})
    assert probability.shape == (len(matrix), 1)
    return np.asarray(probability)[:, 0]


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("stretch", [1, 30])
def test_graph_says_what_the_model_says(
    name: str, stretch: int, graphs: Path, fitted: dict[str, Pipeline]
) -> None:
    """Also far beyond what was learned from, where splines go on as straight lines."""
    matrix = features(1000, seed=2) * np.float32(stretch)
    reference = fitted[name].predict_proba(matrix.astype(np.float64))[:, 1]
    np.testing.assert_allclose(said(graphs / name, matrix), reference, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_row_alone_is_as_among_others(name: str, graphs: Path) -> None:
    matrix = features(50, seed=3)
    together = said(graphs / name, matrix)
    alone = [said(graphs / name, matrix[row : row + 1]).item() for row in range(5)]
    np.testing.assert_allclose(alone, together[:5], rtol=0, atol=1e-12)


def test_tree_branches_exactly_at_its_splits(graphs: Path, fitted: dict[str, Pipeline]) -> None:
    (calibrated,) = fitted["decision-tree"]["tree"].calibrated_classifiers_
    tree = calibrated.estimator.tree_
    inner = np.flatnonzero(tree.children_left >= 0)
    rows = np.zeros((3 * len(inner), len(FEATURES)), dtype=np.float32)
    for place, node in enumerate(inner):
        split = np.float32(tree.threshold[node])
        beside = [np.nextafter(split, side) for side in (np.float32(-np.inf), np.float32(np.inf))]
        rows[3 * place : 3 * place + 3, tree.feature[node]] = [split, *beside]
    reference = fitted["decision-tree"].predict_proba(rows)[:, 1]
    np.testing.assert_array_equal(said(graphs / "decision-tree", rows), reference)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_same_model_gives_the_same_bytes(
    name: str, graphs: Path, fitted: dict[str, Pipeline], tmp_path: Path
) -> None:
    export.to_onnx(name, fitted[name], tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (graphs / name).read_bytes()
    for path in ("one.joblib", "two.joblib"):
        export.to_joblib(fitted[name], tmp_path / path)
    assert (tmp_path / "one.joblib").read_bytes() == (tmp_path / "two.joblib").read_bytes()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_graph_is_pinned_and_tells_nothing_of_its_maker(name: str, graphs: Path) -> None:
    model = onnx.load(graphs / name)
    assert {opset.domain: opset.version for opset in model.opset_import} == {
        "": 18,
        "ai.onnx.ml": 5,
    }
    assert model.ir_version == 10
    assert not model.producer_version
    assert not model.metadata_props
    assert str(Path.cwd()).encode() not in (graphs / name).read_bytes()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_joblib_reads_back(name: str, fitted: dict[str, Pipeline], tmp_path: Path) -> None:
    export.to_joblib(fitted[name], tmp_path / "model.joblib")
    matrix = features(50, seed=4)
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(matrix), fitted[name].predict_proba(matrix))
