"""A station, and the weather that it usually has at this time of the year."""

import datetime as dt
from typing import Any

import msgspec
import numpy as np

from function import payload
from function.call import Answer, Call
from function.climatology import Usual
from function.observation import (
    COMPASS,
    DIRECTIONS,
    FIELDS,
    NUMERIC,
    RAIN_TODAY,
    calendar_day,
    day_of_year,
    suggestion,
)
from function.problems import FieldError, NotFound


def describe(call: Call, name: str) -> Answer:
    """Answer of /stations/{name}, for the day that the query names, or else the station's today.

    Raises:
        NotFound: There is no such station.
        Invalid: The query asks for something else, or for no day.

    """
    stations = call.service.stations
    index = stations.find(name)
    if index is None:
        close = suggestion(name, stations.names)
        raise NotFound(f"There is no such station{close}. GET /stations lists them.")
    date = _date(call) or stations.today(index)
    usual = call.service.filler.sampler.usual(index, int(day_of_year(date)))
    document = {
        **msgspec.to_builtins(stations.listed[index]),
        "date": date.isoformat(),
        "fields": _fields(usual),
    }
    return Answer(msgspec.json.encode(document))


def _date(call: Call) -> dt.date | None:
    if not call.environ.get("QUERY_STRING"):
        return None
    body = payload.members(call.parameters(), ("date",), "/query")
    errors, date = list(body.errors), None
    if "date" in body.given:
        try:
            date = calendar_day(body.given["date"])
        except ValueError as error:
            errors.append(FieldError("/query/date", str(error)))
    if errors:
        raise payload.invalid(errors)
    return date


def _fields(usual: Usual) -> list[dict[str, Any]]:
    """Every field but station and date, and what is usual for it."""
    fields = []
    for index, field in enumerate(FIELDS):
        told: dict[str, Any]
        if index in NUMERIC:
            low, median, high = usual.numbers[:, NUMERIC.index(index)].tolist()
            told = {"low": low, "median": median, "high": high}
        elif index in DIRECTIONS:
            told = {"commonest": COMPASS[int(np.argmax(usual.winds[DIRECTIONS.index(index)]))]}
        elif index == RAIN_TODAY:
            told = {"share": usual.rained}
        else:
            continue
        unit = {"unit": field.unit} if field.unit else {}
        fields.append({"name": field.name, "title": field.title, **unit, "usual": told})
    return fields
