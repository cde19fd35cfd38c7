"""Answers in the words of the contract, made from what the core computed."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from function.fill import Completion
from function.forecast import Forecast, Score
from function.models import Models
from function.observation import COLUMNS, DATE, LOCATION, Observations, Value, present
from function.payload import FillRequest, PredictRequest
from function.stations import Stations

Document = dict[str, Any]


def predictions(request: PredictRequest, forecast: Forecast, stations: Stations) -> bytes:
    """JSON answer of /predict."""
    filled = _filled(forecast.completion)
    towns = [stations.names[int(index)] for index in request.observations.raw[:, LOCATION]]
    by_model = {
        name: [_prediction(score, row, filled.get(row), town) for row, town in enumerate(towns)]
        for name, score in forecast.scores.items()
    }

    def shape(rows: list[Document]) -> Document:
        return {"predictions": rows} if request.many else {"prediction": rows[0]}

    answer: Document = {"model": request.model}
    if request.model in by_model:
        answer |= shape(by_model[request.model])
    else:
        answer["models"] = {name: shape(rows) for name, rows in by_model.items()}
    return msgspec.json.encode(answer | {"fill": request.fill})


def filled_observations(
    request: FillRequest, located: Observations, completion: Completion, stations: Stations
) -> bytes:
    """JSON answer of /random-fill; `located` are the request's rows with their stations drawn."""
    rows = completion.first()
    observations: list[Mapping[str, Value]] = []
    for row, date in zip(rows.tolist(), located.dates, strict=True):
        values = {name: present(index, row[index]) for index, name in enumerate(COLUMNS)}
        values["Location"] = stations.names[int(row[LOCATION])]
        values["Date"] = None if date is None else date.isoformat()
        observations.append(values)
    put_in = np.isnan(request.observations.raw) & ~np.isnan(rows)
    put_in[:, DATE] = False  # today is a default and no draw
    filled = [[COLUMNS[index] for index in np.flatnonzero(row).tolist()] for row in put_in]
    answer: Document = (
        {"observations": observations, "filled": filled}
        if request.many
        else {"observation": observations[0], "filled": filled[0]}
    )
    fill = request.fill
    return msgspec.json.encode(answer | {"fill": {"strategy": fill.strategy, "seed": fill.seed}})


def models(served: Models) -> Document:
    """Answer of /models."""
    cards = []
    for card in served.cards.values():
        artifact = card.artifacts[served.form]
        cards.append(
            {
                "name": card.name,
                "title": card.title,
                "version": card.version,
                "default": card.name == served.default,
                "threshold": card.threshold,
                "training": card.training,
                "scikit_learn": card.scikit_learn,
                "format": served.form,
                "sha256": artifact.sha256,
                "size_bytes": artifact.size_bytes,
                # All are verified and warm before the port opens.
                "available": True,
            }
        )
    return {"default": served.default, "models": cards}


def _filled(completion: Completion) -> dict[int, Mapping[str, Value]]:
    """Values that the first draw put in, by row; rows without gaps do not appear."""
    first = completion.samples[len(completion.whole) :: completion.draws].tolist()
    return {
        row: {
            COLUMNS[index]: present(index, values[index])
            for index in np.flatnonzero(completion.missing[row]).tolist()
        }
        for row, values in zip(completion.gappy.tolist(), first, strict=True)
    }


def _prediction(score: Score, row: int, filled: Mapping[str, Value] | None, town: str) -> Document:
    answer: Document = {
        "rain_tomorrow": bool(score.rain_tomorrow[row]),
        "probability": float(score.probability[row]),
        "threshold": score.threshold,
    }
    if score.interval is not None:
        answer["interval"] = score.interval[row].tolist()
    if filled is not None:
        answer["filled"] = filled
    answer["message"] = _message(town, answer)
    return answer


def _message(town: str, answer: Document) -> str:
    """Say it in one honest sentence: the chance, how sure it is, and why it counts as rain."""
    low, high = answer.get("interval", (0, 0))
    spread = f" (between {low:.0%} and {high:.0%} in most draws)" if high > low else ""
    verdict = "at or above" if answer["rain_tomorrow"] else "below"
    return (
        f"The chance of rain tomorrow in {town} is {answer['probability']:.0%}{spread}; that is "
        f"{verdict} this model's threshold of {answer['threshold']:.0%}, so the answer is "
        f"{'rain' if answer['rain_tomorrow'] else 'no rain'}."
    )
