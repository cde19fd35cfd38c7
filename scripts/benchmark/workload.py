"""What is asked of the contenders, and what they must answer.

Whole days lack nothing, so that nothing is filled; of a day that is drawn 200 times, four fields
are known. Days differ from row to row.
"""

import json
from typing import Any, Final

import msgspec
import numpy as np

from function.forecast import forecast
from function.service import Service
from function.settings import Settings

MODELS: Final = ("decision-tree", "logistic-regression", "random-forest", "support-vector-machine")
SEED: Final = 7
_DAY: Final = json.loads(
    """{"Location": "Sydney", "Date": "2026-08-12", "MinTemp": 9.4, "MaxTemp": 16.8,
    "Rainfall": 3.2, "Evaporation": 2.6, "Sunshine": 1.5, "WindGustDir": "SSE",
    "WindGustSpeed": 44, "WindDir9am": "WSW", "WindDir3pm": "S", "WindSpeed9am": 13,
    "WindSpeed3pm": 22, "Humidity9am": 82, "Humidity3pm": 71, "Pressure9am": 1009.1,
    "Pressure3pm": 1007.4, "Cloud9am": 7, "Cloud3pm": 6, "Temp9am": 11.3, "Temp3pm": 15.1,
    "RainToday": "Yes"}"""
)
_KNOWN: Final = ("Location", "Date", "Humidity3pm", "Pressure3pm")


class Question(msgspec.Struct, frozen=True):
    """A prediction by `model` for `rows` days, each drawn `draws` times where it has `gaps`."""

    model: str
    rows: int = 1
    draws: int = 1
    gaps: bool = False

    def days(self) -> list[dict[str, Any]]:
        """Observations, as a caller names them."""
        return [self._day(row) for row in range(self.rows)]

    def document(self) -> dict[str, Any]:
        """Body of /predict; the seed is fixed where the probability depends on it."""
        days = self.days()
        asked = {"observation": days[0]} if self.rows == 1 else {"observations": days}
        fill = {"fill": {"draws": self.draws, "seed": SEED}} if self.gaps else {}
        return {"model": self.model, **asked, **fill}

    def body(self) -> bytes:
        """Body of /predict as JSON in UTF-8."""
        return json.dumps(self.document()).encode()

    def _day(self, row: int) -> dict[str, Any]:
        day = {
            **_DAY,
            "Humidity3pm": 20 + (51 + row) % 80,
            "Date": f"2026-{1 + (7 + row) % 12:02}-12",
        }
        return {name: day[name] for name in _KNOWN} if self.gaps else day


ONE_DAY: Final = tuple(Question(model) for model in MODELS)
ALL: Final = tuple(
    Question(model, rows, draws, gaps=draws > 1)
    for draws in (1, 200)
    for rows in (1, 100)
    for model in MODELS
)
# Of 1,000 mixed requests, by rows and draws.
MIX: Final = {(1, 1): 800, (1, 200): 100, (100, 1): 98, (100, 200): 2}


def mixed(count: int) -> list[Question]:
    """Questions over all models, rows and draws in the proportions of `MIX`; always the same."""
    chance = np.random.default_rng(SEED)
    weights = np.array([*MIX.values()], dtype=float)
    kinds = chance.choice([*MIX], size=count, p=weights / weights.sum())
    models = chance.choice(MODELS, size=count)
    return [
        Question(str(model), int(rows), int(draws), gaps=bool(draws > 1))
        for model, (rows, draws) in zip(models, kinds, strict=True)
    ]


class Reference:
    """What scikit-learn's own models say; needs the training environment."""

    TOLERANCE: Final = 1e-6

    def __init__(self) -> None:
        self._service = Service(Settings(model_format="joblib"))

    def probabilities(self, question: Question) -> list[float]:
        """Probability of rain for each day asked."""
        service = self._service
        request = service.payloads.predict(question.document())
        names = (question.model,)
        answer = forecast(request.observations, request.fill, names, service.models, service.filler)
        known: list[float] = answer.scores[question.model].probability.tolist()
        return known
