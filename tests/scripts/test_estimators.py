"""The four models, on invented features."""

import io
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from function.encode import Floats
from scripts.training.estimators import ESTIMATORS
from tests.scripts.invented import features, followed_by_rain


class _Recorder(pickle.Unpickler):
    """Notes which packages a pickle opens with."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.packages: set[str] = set()

    def find_class(self, module: str, name: str) -> object:
        self.packages.add(module.partition(".")[0])
        return super().find_class(module, name)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_learns_and_is_calibrated(name: str, fitted: dict[str, Pipeline]) -> None:
    unseen = features(3000, seed=1)
    rain = followed_by_rain(unseen, seed=1)
    probability: Floats = fitted[name].predict_proba(unseen)[:, 1]
    assert roc_auc_score(rain, probability) > 0.7
    assert ((probability >= 0) & (probability <= 1)).all()
    # Two samples of rain stand between them, of 1,500 days and of 3,000.
    assert probability.mean() == pytest.approx(rain.mean(), abs=0.05)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_same_rows_give_the_same_model(name: str, fitted: dict[str, Pipeline]) -> None:
    _, make = ESTIMATORS[name]
    rows = features(1500, seed=0)
    again = make().fit(rows.astype(np.float64), followed_by_rain(rows, seed=0))
    np.testing.assert_array_equal(again.predict_proba(rows), fitted[name].predict_proba(rows))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickle_opens_without_this_project(name: str, fitted: dict[str, Pipeline]) -> None:
    recorder = _Recorder(pickle.dumps(fitted[name]))
    recorder.load()
    assert "sklearn" in recorder.packages
    assert not recorder.packages & {"function", "scripts", "tests", "__main__"}


@pytest.mark.parametrize(
    ("name", "find", "kind"),
    [
        ("decision-tree", lambda p: p["tree"].estimator, DecisionTreeClassifier),
        ("logistic-regression", lambda p: p["logistic"], LogisticRegression),
        ("random-forest", lambda p: p["forest"].estimator, RandomForestClassifier),
        ("support-vector-machine", lambda p: p["machine"].estimator, LinearSVC),
    ],
)
def test_model_is_what_its_name_says(
    name: str, find: Callable[[Pipeline], BaseEstimator], kind: type
) -> None:
    _, make = ESTIMATORS[name]
    assert type(find(make())) is kind


def test_all_randomness_is_seeded() -> None:
    for _, make in ESTIMATORS.values():
        seeds = {k: v for k, v in make().get_params().items() if k.endswith("__random_state")}
        # Not in the logistic regression: its solver draws nothing.
        assert all(
            seed is not None or key == "logistic__random_state" for key, seed in seeds.items()
        ), seeds
