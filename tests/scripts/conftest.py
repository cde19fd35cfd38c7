"""The four models, fitted once on invented features."""

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from scripts.training.estimators import ESTIMATORS
from tests.scripts.invented import features, followed_by_rain


@pytest.fixture(scope="session")
def fitted() -> dict[str, Pipeline]:
    rows = features(1500, seed=0)
    rain = followed_by_rain(rows, seed=0)
    # In doubles, as training does: scikit-learn would keep single precision throughout.
    return {
        name: make().fit(rows.astype(np.float64), rain) for name, (_, make) in ESTIMATORS.items()
    }
