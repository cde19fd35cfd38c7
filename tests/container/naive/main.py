"""What one would write in an afternoon: scikit-learn's own pipeline, fed by a pandas table."""

from pathlib import Path
from typing import Any

import functions_framework
import joblib
import pandas as pd
from flask import Request

from function.arrays import read
from function.artifacts import Artifacts
from function.encode import Climate, Encoder
from function.observation import COLUMNS, FIELDS, Reader
from function.stations import Stations

DATA = Path("data")
ARTIFACTS = Artifacts(DATA)
ENCODER = Encoder(read(Climate, ARTIFACTS, "encoder.npz"))
STATIONS = Stations.parse(ARTIFACTS.read("stations.csv"))
MODELS = {
    card.name: joblib.load(DATA / card.artifacts["joblib"].file)
    for card in ARTIFACTS.registry.models
}


@functions_framework.http
def predict(request: Request) -> dict[str, Any]:
    """Answer /predict for one observation without gaps."""
    document = request.get_json()
    table = pd.DataFrame([document["observation"]], columns=[field.name for field in FIELDS])
    observations = Reader(STATIONS, []).read(table.to_dict("records"), [""])
    features = pd.DataFrame(ENCODER.encode(observations.raw).astype(float))
    probability = MODELS[document["model"]].predict_proba(features.to_numpy())[0, 1]
    return {"prediction": {"probability": probability}, "columns": len(COLUMNS)}
