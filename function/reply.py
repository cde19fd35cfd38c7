"""Answers in the words of the contract, made from what the core computed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.call import Language
from function.forecast import Forecast, Score
from function.models import Models
from function.observation import COLUMNS, DATE, LOCATION, Observations, Raw, Value, present
from function.payload import ALL, FillRequest, PredictRequest
from function.stations import Stations

Document = dict[str, Any]
_Sentence = Callable[[str, Document], str]
_json: Final = msgspec.json.encode
_FIRST: Final = slice(1)
ROWS: Final = 256
"""Rows that become text at once: objects take ten times the memory of their text."""


def predictions(
    request: PredictRequest, forecast: Forecast, stations: Stations, language: Language
) -> bytes | Iterator[bytes]:
    """JSON answer of /predict; a large one in pieces, each made when it is sent."""
    names = stations.names
    towns = [names[int(station)] for station in request.observations.raw[:, LOCATION].tolist()]
    sentence, filled = _SENTENCES[language], _filled(forecast)
    if request.many:
        pieces = _predictions(request, forecast, filled, towns, sentence)
        return pieces if len(towns) > ROWS else b"".join(pieces)
    answers = {
        name: {"prediction": _documents(score, _FIRST, filled, towns, sentence)[0]}
        for name, score in forecast.scores.items()
    }
    said = {"models": answers} if request.model == ALL else answers[request.model]
    return _json({"model": request.model, **said, "fill": request.fill})


def _predictions(
    request: PredictRequest,
    forecast: Forecast,
    filled: Sequence[msgspec.Raw | None],
    towns: Sequence[str],
    sentence: _Sentence,
) -> Iterator[bytes]:
    def part(score: Score) -> Iterator[bytes]:
        yield b'"predictions":['
        for start in range(0, len(towns), ROWS):
            block = slice(start, start + ROWS)
            documents = _documents(score, block, filled[block], towns[block], sentence)
            yield (b"," if start else b"") + _json(documents)[1:-1]
        yield b"]"

    yield b'{"model":' + _json(request.model)
    if request.model in forecast.scores:
        yield b","
        yield from part(forecast.scores[request.model])
    else:
        opening = b',"models":{'
        for name, score in forecast.scores.items():
            yield opening + _json(name) + b":{"
            yield from part(score)
            yield b"}"
            opening = b","
        yield b"}"
    yield b',"fill":' + _json(request.fill) + b"}"


def filled_observations(
    request: FillRequest,
    located: Observations,
    rows: Raw,
    cells: NDArray[np.bool_],
    stations: Stations,
) -> bytes:
    """JSON answer of /random-fill.

    `located` are the request's rows with their stations drawn, `rows` these filled, and `cells`
    tells where.
    """
    observations: list[Mapping[str, Value]] = []
    for row, date in zip(rows.tolist(), located.dates, strict=True):
        values = {name: present(index, row[index]) for index, name in enumerate(COLUMNS)}
        values["Location"] = stations.names[int(row[LOCATION])]
        values["Date"] = None if date is None else date.isoformat()
        observations.append(values)
    filled = [[COLUMNS[index] for index in np.flatnonzero(row).tolist()] for row in cells]
    answer: Document = (
        {"observations": observations, "filled": filled}
        if request.many
        else {"observation": observations[0], "filled": filled[0]}
    )
    fill = request.fill
    return _json(answer | {"fill": {"strategy": fill.strategy, "seed": fill.seed}})


def filled_cells(request: FillRequest, rows: Raw) -> NDArray[np.bool_]:
    """Cells of the request's rows that have a value now; shape (rows, 22)."""
    put_in = np.isnan(request.observations.raw) & ~np.isnan(rows)
    put_in[:, DATE] = False  # today is a default and no draw
    return put_in


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


def _filled(forecast: Forecast) -> Sequence[msgspec.Raw | None]:
    """Values that the first draw put into each row, as JSON; None for a row without gaps."""
    if not forecast.gaps:
        return [None] * len(forecast.missing)
    return [
        _drawn(values, np.flatnonzero(missing).tolist())
        for values, missing in zip(forecast.first, forecast.missing, strict=True)
    ]


def _drawn(values: Raw, columns: Sequence[int]) -> msgspec.Raw | None:
    filled = {COLUMNS[index]: present(index, float(values[index])) for index in columns}
    return msgspec.Raw(_json(filled)) if filled else None


def _documents(
    score: Score,
    block: slice,
    filled: Sequence[msgspec.Raw | None],
    towns: Sequence[str],
    sentence: _Sentence,
) -> list[Document]:
    """Predictions of a block of rows."""
    probabilities = score.probability[block].tolist()
    lacking = [None] * len(probabilities)
    intervals = lacking if score.interval is None else score.interval[block].tolist()
    columns = (score.rain_tomorrow[block], probabilities, intervals, filled, towns)
    answers: list[Document] = []
    for rain, probability, interval, drawn, town in zip(*columns, strict=True):
        answer = {"rain_tomorrow": rain, "probability": probability, "threshold": score.threshold}
        if interval is not None:
            answer["interval"] = interval
        if drawn is not None:
            answer["filled"] = drawn
        if score.narrowing is not None:
            answer["sensitivity"] = score.narrowing
        answer["message"] = sentence(town, answer)
        answers.append(answer)
    return answers


def _english(town: str, answer: Document) -> str:
    """Say it in one honest sentence: the chance, how sure it is, and why it counts as rain."""
    probability, threshold, low, high = _percents(answer)
    spread = f" (between {low} and {high} in most draws)" if low != high else ""
    verdict, word = ("at or above", "rain") if answer["rain_tomorrow"] else ("below", "no rain")
    return (
        f"The chance of rain tomorrow in {town} is {probability}{spread}; that is {verdict} this "
        f"model's threshold of {threshold}, so the answer is {word}."
    )


def _french(town: str, answer: Document) -> str:
    # A decimal comma, and spaces that no line may be broken at.
    told = [each.replace(".", ",").replace("%", "\xa0%") for each in _percents(answer)]
    probability, threshold, low, high = told
    spread = f" (entre {low} et {high} dans la plupart des tirages)" if low != high else ""
    rain = answer["rain_tomorrow"]
    verdict, word = ("atteint", "pluie") if rain else ("n'atteint pas", "pas de pluie")
    sentence = (
        f"Le risque de pluie demain à {town} est de {probability}{spread} ; il {verdict} le seuil "
        f"de ce modèle, {threshold}, la réponse est donc : {word}."
    )
    # The narrow one belongs before a semicolon.
    return sentence.replace(" ;", "\u202f;").replace(" :", "\xa0:")


def _percents(answer: Document) -> Sequence[str]:
    """Probability, threshold, and both ends of the interval, in percent.

    Without decimals, unless a probability below the threshold would look the same.
    """
    values = (answer["probability"], answer["threshold"], *answer.get("interval", ()))
    told = [f"{value:.0%}" for value in values]
    decimals = 0
    while told[0] == told[1] and not answer["rain_tomorrow"]:
        decimals += 1
        told = [f"{value:.{decimals}%}" for value in values]
    return told if "interval" in answer else [*told, "", ""]


_SENTENCES: Final[Mapping[Language, _Sentence]] = {"en": _english, "fr": _french}
