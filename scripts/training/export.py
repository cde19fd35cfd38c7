"""Writes fitted models as files: ONNX graphs to serve, scikit-learn pickles as the reference.

The graphs are made here rather than by a converter, for three reasons. Everything between the
float32 matrix and the probability is computed in double precision, as scikit-learn does, so that
no decision can flip. The linear work around the splines and the kernel is folded into the weights,
which makes a prediction several times faster: for a single row, each node costs as much as what it
computes. And trees are written as the `TreeEnsemble` of ai.onnx.ml 5, whose arrays are a third of
the size of the older operator's.

Each graph reads `features`, float64 (n, features), and gives `probability`, float64 (n, 1).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.pipeline import Pipeline

from function.encode import FEATURES, Floats
from function.models import INPUT, OUTPUT

_OPSETS: Final = (helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5))
_IR_VERSION: Final = 10
_COMPRESSION: Final = ("xz", 9)
# Codes of the TreeEnsemble operator.
_BRANCH_LEQ: Final = 0
_SUM: Final = 1


class _Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant and give its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def apply(self, operator: str, *inputs: str | NDArray[Any], **attributes: Any) -> str:
        """Add a node and give the name of its value; arrays become constants."""
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        domain = "ai.onnx.ml" if operator == "TreeEnsemble" else ""
        value = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, names, [value], domain=domain, **attributes))
        return value

    def finish(self, name: str) -> onnx.ModelProto:
        """Make the model whose probability is the latest value, of shape (n, 1)."""
        self._nodes[-1].output[:] = [OUTPUT]
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, ["rows", len(FEATURES)])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["rows", 1])],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=_OPSETS, ir_version=_IR_VERSION, producer_name="rain-tomorrow"
        )
        onnx.checker.check_model(model)
        return model


def to_onnx(name: str, estimator: Pipeline, path: Path) -> None:
    """Write a fitted estimator of that name as an ONNX graph."""
    path.write_bytes(_WRITERS[name](name, estimator).SerializeToString(deterministic=True))


def to_joblib(estimator: Pipeline, path: Path) -> None:
    """Write a fitted estimator as a compressed pickle."""
    joblib.dump(estimator, path, compress=_COMPRESSION)


def _decision_tree(name: str, estimator: Pipeline) -> onnx.ModelProto:
    """One tree, whose leaves hold their calibrated probabilities."""
    (calibrated,) = estimator["tree"].calibrated_classifiers_
    (isotonic,) = calibrated.calibrators
    graph = _Graph()
    _trees(graph, [calibrated.estimator], isotonic.predict)
    return graph.finish(name)


def _random_forest(name: str, estimator: Pipeline) -> onnx.ModelProto:
    """Mean of the trees' leaf frequencies, calibrated."""
    (calibrated,) = estimator["forest"].calibrated_classifiers_
    graph = _Graph()
    share = _trees(graph, calibrated.estimator.estimators_, lambda frequencies: frequencies)
    _calibrate(graph, share, calibrated)
    return graph.finish(name)


def _trees(graph: _Graph, trees: Sequence[Any], weigh: Callable[[Floats], Floats]) -> str:
    """Mean over trees of their leaves' frequencies of rain, each weighed."""
    parts = [_branches(tree.tree_) for tree in trees]
    branches = np.cumsum([0, *(len(part["nodes_splits"]) for part in parts)])
    leaves = np.cumsum([0, *(len(part["leaf_weights"]) for part in parts)])
    for part, branch, leaf in zip(parts, branches, leaves, strict=False):
        for side in ("true", "false"):
            part[f"nodes_{side}nodeids"] += np.where(part[f"nodes_{side}leafs"], leaf, branch)
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    splits, weights = whole.pop("nodes_splits"), weigh(whole.pop("leaf_weights")) / len(trees)
    return graph.apply(
        "TreeEnsemble",
        INPUT,
        **{key: values.tolist() for key, values in whole.items()},
        nodes_splits=numpy_helper.from_array(splits),
        leaf_weights=numpy_helper.from_array(weights),
        nodes_modes=numpy_helper.from_array(np.full(len(splits), _BRANCH_LEQ, dtype=np.uint8)),
        leaf_targetids=[0] * len(weights),
        tree_roots=branches[:-1].tolist(),
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=0,
    )


def _branches(tree: Any) -> dict[str, NDArray[Any]]:
    """Arrays of a TreeEnsemble with this one scikit-learn tree."""
    is_leaf = tree.children_left == -1
    number = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(~is_leaf)) - 1
    inner = ~is_leaf
    left, right = tree.children_left[inner], tree.children_right[inner]
    return {
        "nodes_featureids": tree.feature[inner],
        "nodes_splits": tree.threshold[inner],
        "nodes_truenodeids": number[left],
        "nodes_trueleafs": is_leaf[left].astype(np.int64),
        "nodes_falsenodeids": number[right],
        "nodes_falseleafs": is_leaf[right].astype(np.int64),
        "leaf_weights": tree.value[is_leaf, 0, 1],
    }


def _logistic_regression(name: str, estimator: Pipeline) -> onnx.ModelProto:
    """Turn a regression on splines of degree one into slopes that change at knots.

    On a feature x, f(x) = f(t0) + s0 (x - t0) + sum over inner knots t of change(t) max(x - t, 0),
    and max(x - t, 0) = max(x, t) - t. With a first knot at minus infinity, which lets x through,
    one Max and one product do it all, the standardisation folded into knots, slopes and intercept.
    Knots go before features, (n, knots, features), so that Max runs along whole rows.
    """
    scale, splines, logistic = (step for _, step in estimator.steps)
    # With degree one, each basis function is 1 at its own knot and 0 at the others.
    values = logistic.coef_[0].reshape(len(FEATURES), -1).T
    knots = scale.mean_ + np.outer(splines.bsplines_[0].t[1:-1], scale.scale_)
    slopes = np.diff(values, axis=0) / np.diff(knots, axis=0)
    changes = np.diff(slopes, axis=0)
    intercept = logistic.intercept_[0] + (values[0] - slopes[0] * knots[0]).sum()
    intercept -= (changes * knots[1:-1]).sum()
    bends = np.vstack([np.full_like(knots[:1], -np.inf), knots[1:-1]])
    weights = np.vstack([slopes[:1], changes])
    graph = _Graph()
    bent = graph.apply("Reshape", INPUT, np.array([-1, 1, len(FEATURES)]))
    bent = graph.apply("Max", bent, bends)
    bent = graph.apply("Reshape", bent, np.array([-1, bends.size]))
    odds = graph.apply("Gemm", bent, weights.reshape(-1, 1), np.array([[intercept]]))
    graph.apply("Sigmoid", odds)
    return graph.finish(name)


def _support_vector_machine(name: str, estimator: Pipeline) -> onnx.ModelProto:
    """exp(-g |x - z|^2) = exp(2 g x z - g |x|^2) exp(-g |z|^2) for each of the landmarks z.

    The second factor, the normalisation, and the division by the standard deviations are folded
    into the weights.
    """
    scale, kernel, calibrated = (step for _, step in estimator.steps)
    (machine,) = calibrated.calibrated_classifiers_
    landmarks: Floats = kernel.components_
    weights = kernel.normalization_.T @ machine.estimator.coef_[0]
    weights *= np.exp(-kernel.gamma * (landmarks**2).sum(axis=1))
    pull = 2 * kernel.gamma * (landmarks / scale.scale_).T
    graph = _Graph()
    away = graph.apply("Sub", INPUT, scale.mean_)
    squares = graph.apply("Mul", away, away)
    own = graph.apply("Gemm", squares, -kernel.gamma / scale.scale_[:, np.newaxis] ** 2)
    similarity = graph.apply("Exp", graph.apply("Gemm", away, pull, own))
    intercept = machine.estimator.intercept_[np.newaxis]
    margin = graph.apply("Gemm", similarity, weights[:, np.newaxis], intercept)
    _calibrate(graph, margin, machine)
    return graph.finish(name)


def _calibrate(graph: _Graph, score: str, calibrated: Any) -> None:
    """Isotonic regression: climb each step of the fitted staircase as far as the score goes."""
    (isotonic,) = calibrated.calibrators
    starts, values = isotonic.X_thresholds_[np.newaxis, :-1], isotonic.y_thresholds_
    # What cancels here leaves some 1e-12 where two steps nearly coincide.
    steepness = 1 / np.diff(isotonic.X_thresholds_)[np.newaxis]
    climb = graph.apply("Gemm", score, steepness, -starts * steepness)
    climb = graph.apply("Clip", climb, np.array(0.0), np.array(1.0))
    graph.apply("Gemm", climb, np.diff(values)[:, np.newaxis], values[:1, np.newaxis])


_WRITERS: Final[Mapping[str, Callable[[str, Pipeline], onnx.ModelProto]]] = {
    "decision-tree": _decision_tree,
    "logistic-regression": _logistic_regression,
    "random-forest": _random_forest,
    "support-vector-machine": _support_vector_machine,
}
