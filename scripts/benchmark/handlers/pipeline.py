"""What the peers' runtimes share with the naive handler: pandas, and scikit-learn's pipelines."""

from pathlib import Path
from typing import Final

import joblib
import pandas as pd

from function.arrays import read
from function.artifacts import Artifacts
from function.encode import Climate, Encoder
from function.observation import FIELDS, Reader
from function.stations import Stations

MODELS: Final = ("decision-tree", "logistic-regression", "random-forest", "support-vector-machine")
_DATA: Final = Path("data")


class Pipeline:
    """One model, as scikit-learn trained it, with all that it needs to read raw observations."""

    def __init__(self, name: str) -> None:
        artifacts = Artifacts(_DATA)
        self._encoder = Encoder(read(Climate, artifacts, "encoder.npz"))
        self._stations = Stations.parse(artifacts.read("stations.csv"))
        self._estimator = joblib.load(_DATA / "models" / f"{name}.joblib")

    def probabilities(self, table: pd.DataFrame) -> list[float]:
        """Probability of rain for each row of raw observations without gaps."""
        rows = table.reindex(columns=[field.name for field in FIELDS]).to_dict("records")
        observations = Reader(self._stations, []).read(rows, [""] * len(rows))
        features = pd.DataFrame(self._encoder.encode(observations.raw).astype(float))
        rain: list[float] = self._estimator.predict_proba(features.to_numpy())[:, 1].tolist()
        return rain
