"""The four models, as scikit-learn pipelines over the encoder's matrix."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from function.encode import FEATURES

_SEED: Final = 0
# Rows come sorted by date, so that unshuffled folds are years: no day is calibrated by its eve.
_FOLDS: Final = KFold(5)


def decision_tree() -> Pipeline:
    """One tree whose leaves hold at least 200 days."""
    tree = DecisionTreeClassifier(criterion="entropy", min_samples_leaf=200, random_state=_SEED)
    return Pipeline([("tree", _calibrated(tree))])


def logistic_regression() -> Pipeline:
    """An additive model: each feature has a piecewise linear effect on the log-odds."""
    # In standard deviations; beyond the outermost, the effect goes on as a straight line.
    knots = np.repeat(np.linspace(-2.5, 2.5, 7)[:, np.newaxis], len(FEATURES), axis=1)
    return Pipeline(
        [
            ("scale", StandardScaler()),
            ("splines", SplineTransformer(degree=1, knots=knots, extrapolation="continue")),
            ("logistic", LogisticRegression(C=0.1, max_iter=500)),
        ]
    )


def random_forest() -> Pipeline:
    """Trees small enough to load at once, each on its own draw of the days."""
    forest = RandomForestClassifier(
        n_estimators=40,
        criterion="entropy",
        max_leaf_nodes=800,
        min_samples_leaf=10,
        max_features=20,
        max_samples=0.6,
        random_state=_SEED,
    )
    return Pipeline([("forest", _calibrated(forest))])


def support_vector_machine() -> Pipeline:
    """A support vector machine over an approximated Gaussian kernel."""
    machine = LinearSVC(C=0.1, dual=False, random_state=_SEED)
    return Pipeline(
        [
            ("scale", StandardScaler()),
            ("kernel", Nystroem(gamma=0.006, n_components=500, random_state=_SEED)),
            ("machine", _calibrated(machine)),
        ]
    )


def _calibrated(classifier: ClassifierMixin) -> CalibratedClassifierCV:
    """Learn on all years, and how far to trust it on years that it did not see."""
    # Folds run side by side, and each alone: threads within one would add up in any order.
    return CalibratedClassifierCV(
        classifier, method="isotonic", cv=_FOLDS, ensemble=False, n_jobs=2
    )


ESTIMATORS: Final[Mapping[str, tuple[str, Callable[[], Pipeline]]]] = {
    "decision-tree": ("Decision tree", decision_tree),
    "logistic-regression": ("Logistic regression", logistic_regression),
    "random-forest": ("Random forest", random_forest),
    "support-vector-machine": ("Support vector machine", support_vector_machine),
}
"""Title and maker of each model, by its name."""
