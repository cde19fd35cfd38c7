"""Answers in the words of the contract, made from what the core computed."""

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any, Final

import msgspec
import numpy as np

from function.forecast import Forecast, Score
from function.models import Models
from function.observation import COLUMNS, DATE, LOCATION, Observations, Raw, Value, present
from function.payload import FillRequest, PredictRequest
from function.stations import Stations

Document = dict[str, Any]
_json: Final = msgspec.json.encode
_ROWS: Final = 256  # made into JSON at once: objects take ten times the memory of their text


def predictions(request: PredictRequest, forecast: Forecast, stations: Stations) -> list[bytes]:
    """JSON answer of /predict, in pieces: a large one is never in one place."""
    rows = len(request.observations.raw)
    blocks: dict[str, list[bytes]] = {name: [] for name in forecast.scores}
    for start in range(0, rows, _ROWS):
        block = range(start, min(start + _ROWS, rows))
        locations = request.observations.raw[start : block.stop, LOCATION].tolist()
        towns = [stations.names[int(location)] for location in locations]
        filled = list(_filled(forecast, block))
        for name, score in forecast.scores.items():
            documents = list(map(_prediction, repeat(score), block, filled, towns))
            blocks[name] += b",", _json(documents)[1:-1]

    def shape(name: str) -> list[bytes]:
        _comma, *pieces = blocks[name]
        if request.many:
            return [b'"predictions":[', *pieces, b"]"]
        return [b'"prediction":', *pieces]

    answer = [b'{"model":', _json(request.model)]
    if request.model in blocks:
        answer += b",", *shape(request.model)
    else:
        opening = b',"models":{'
        for name in blocks:
            answer += opening, _json(name), b":{", *shape(name), b"}"
            opening = b","
        answer.append(b"}")
    answer += b',"fill":', _json(request.fill), b"}"
    return answer if rows > _ROWS else [b"".join(answer)]


def filled_observations(
    request: FillRequest, located: Observations, rows: Raw, stations: Stations
) -> bytes:
    """JSON answer of /random-fill.

    `located` are the request's rows with their stations drawn, and `rows` these filled.
    """
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
    return _json(answer | {"fill": {"strategy": fill.strategy, "seed": fill.seed}})


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


def _filled(forecast: Forecast, block: range) -> Iterator[msgspec.Raw | None]:
    """Values that the first draw put into each row, as JSON; None for a row without gaps."""
    first = forecast.first[block.start : block.stop].tolist()
    for values, missing in zip(first, forecast.missing[block.start : block.stop], strict=True):
        drawn = np.flatnonzero(missing).tolist()
        filled = {COLUMNS[index]: present(index, values[index]) for index in drawn}
        yield msgspec.Raw(_json(filled)) if filled else None


def _prediction(score: Score, row: int, filled: msgspec.Raw | None, town: str) -> Document:
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
