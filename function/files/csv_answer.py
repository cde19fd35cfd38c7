"""Predictions as CSV (RFC 4180): the observations, with columns of the answers after them."""

import csv
import io
from collections.abc import Iterator, Sequence

from function.files.table import Table
from function.forecast import Forecast, Score
from function.observation import COLUMNS, DATE, LOCATION, Observations, Value, present
from function.payload import PredictRequest
from function.reply import ROWS
from function.stations import Stations

_Row = Sequence[Value]


def predictions(
    request: PredictRequest, forecast: Forecast, stations: Stations, table: Table | None
) -> bytes | Iterator[bytes]:
    """CSV answer of /predict; a large one in pieces, each made when it is sent.

    The observations are as the caller's table has them, where there is one in the data set's
    columns; otherwise in all columns of the data set, with nothing where a value was missing.
    """
    pieces = _predictions(request, forecast, stations, table)
    return pieces if len(request.observations.raw) > ROWS else b"".join(pieces)


def _predictions(
    request: PredictRequest, forecast: Forecast, stations: Stations, table: Table | None
) -> Iterator[bytes]:
    scores = forecast.scores
    names = [
        name if len(scores) == 1 else f"{model}_{name}"
        for model, score in scores.items()
        for name in _names(score)
    ]
    header: Sequence[str] = COLUMNS
    rows: Iterator[_Row]
    if table is None or table.bureau:
        rows = _observations(request.observations, stations)
    else:
        header, rows = table.header, (cells for _, cells in table.body())
    answers = zip(*(_answers(score) for score in scores.values()), strict=True)
    text = io.StringIO()
    write = csv.writer(text).writerow
    write([*header, *names])
    for count, (row, parts) in enumerate(zip(rows, answers, strict=True), start=1):
        write([*row, *(value for part in parts for value in part)])
        if count % ROWS == 0:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    """What was written, which makes room for more."""
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def _names(score: Score) -> Sequence[str]:
    interval = () if score.interval is None else ("interval_low", "interval_high")
    return ("probability", "rain_tomorrow", *interval)


def _answers(score: Score) -> Iterator[_Row]:
    rain = ["Yes" if each else "No" for each in score.rain_tomorrow]
    if score.interval is None:
        yield from zip(score.probability.tolist(), rain, strict=True)
        return
    columns = (score.probability.tolist(), rain, *score.interval.T.tolist())
    yield from zip(*columns, strict=True)


def _observations(observations: Observations, stations: Stations) -> Iterator[_Row]:
    for values, date in zip(observations.raw.tolist(), observations.dates, strict=True):
        row = [present(index, value) for index, value in enumerate(values)]
        row[LOCATION] = stations.names[int(values[LOCATION])]
        row[DATE] = date.isoformat() if date else None
        yield row
