"""The weather observation: its fields, units and physical limits, and how a document becomes one.

The core's common currency is the raw matrix: float64 of shape (rows, 22), one column per field
in the order of `COLUMNS`, NaN where nothing is known. `Location` is the station's index,
`Date` the day of the year (1..366), directions are compass points (0 = N, clockwise to 15 = NNW),
`RainToday` is 0 or 1. The fields are those of the public "Rain in Australia" data set.
"""

import datetime as dt
import difflib
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from function.problems import FieldError
from function.stations import Stations, simplify

Raw = NDArray[np.float64]
Kind = Literal["station", "date", "number", "compass", "boolean"]
Value = str | float | int | None
_Row = list[float | None]

NAN: Final = math.nan
MAX_ERRORS: Final = 1000
"""Bad fields named in one answer; more would only make a hostile request costly."""
COMPASS: Final = (
    *("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE"),
    *("S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"),
)
RAIN_TODAY_ABOVE: Final = 1.0
"""Millimetres of rainfall above which a day counts as one with rain, in the data set's words."""


class Field(msgspec.Struct, frozen=True):
    """One field of an observation.

    `minimum` and `maximum` are physical limits, wide enough for every day on record;
    `decimals` is the resolution at which the instrument is read.
    """

    name: str
    kind: Kind
    title: str
    unit: str = ""
    minimum: float = NAN
    maximum: float = NAN
    decimals: int = 0


def _number(name: str, title: str, unit: str, limits: tuple[float, float], decimals: int) -> Field:
    return Field(name, "number", title, unit, *limits, decimals)


_TEMPERATURE: Final = (-30.0, 60.0)  # records: -23.0 Charlotte Pass, 50.7 Onslow
_PRESSURE: Final = (850.0, 1090.0)  # records: 870 Typhoon Tip, 1085 Mongolia
_WIND: Final = (0.0, 410.0)  # record: 408 Barrow Island

FIELDS: Final = (
    Field("Location", "station", "Station"),
    Field("Date", "date", "Day of the observation"),
    _number("MinTemp", "Minimum temperature to 9am", "deg C", _TEMPERATURE, 1),
    _number("MaxTemp", "Maximum temperature from 9am", "deg C", _TEMPERATURE, 1),
    _number("Rainfall", "Rain in the 24 hours to 9am", "mm", (0.0, 2000.0), 1),
    _number("Evaporation", "Class A pan evaporation to 9am", "mm", (0.0, 200.0), 1),
    _number("Sunshine", "Bright sunshine", "hours", (0.0, 16.0), 1),
    Field("WindGustDir", "compass", "Direction of the strongest gust"),
    _number("WindGustSpeed", "Speed of the strongest gust", "km/h", _WIND, 0),
    Field("WindDir9am", "compass", "Wind direction at 9am"),
    Field("WindDir3pm", "compass", "Wind direction at 3pm"),
    _number("WindSpeed9am", "Wind speed at 9am", "km/h", _WIND, 0),
    _number("WindSpeed3pm", "Wind speed at 3pm", "km/h", _WIND, 0),
    _number("Humidity9am", "Relative humidity at 9am", "%", (0.0, 100.0), 0),
    _number("Humidity3pm", "Relative humidity at 3pm", "%", (0.0, 100.0), 0),
    _number("Pressure9am", "Sea-level pressure at 9am", "hPa", _PRESSURE, 1),
    _number("Pressure3pm", "Sea-level pressure at 3pm", "hPa", _PRESSURE, 1),
    _number("Cloud9am", "Cloud cover at 9am", "oktas", (0.0, 9.0), 0),
    _number("Cloud3pm", "Cloud cover at 3pm", "oktas", (0.0, 9.0), 0),
    _number("Temp9am", "Temperature at 9am", "deg C", _TEMPERATURE, 1),
    _number("Temp3pm", "Temperature at 3pm", "deg C", _TEMPERATURE, 1),
    Field("RainToday", "boolean", "More than 1 mm of rain in the 24 hours to 9am"),
)
COLUMNS: Final = tuple(field.name for field in FIELDS)
COLUMN: Final = {name: index for index, name in enumerate(COLUMNS)}
NUMERIC: Final = tuple(i for i, field in enumerate(FIELDS) if field.kind == "number")
DIRECTIONS: Final = tuple(i for i, field in enumerate(FIELDS) if field.kind == "compass")

LOCATION: Final = COLUMN["Location"]
DATE: Final = COLUMN["Date"]
RAINFALL: Final = COLUMN["Rainfall"]
RAIN_TODAY: Final = COLUMN["RainToday"]
_OKTAS: Final = frozenset({COLUMN["Cloud9am"], COLUMN["Cloud3pm"]})


def _type(index: int, field: Field) -> Any:
    """Type of a field in the words of the documentation, as msgspec checks it."""
    if field.kind == "number":
        whole = 1 if index in _OKTAS else None
        limits = msgspec.Meta(ge=field.minimum, le=field.maximum, multiple_of=whole)
        return Annotated[float, limits]
    types: dict[Kind, Any] = {
        "station": str,
        "date": dt.date,
        "compass": Literal[COMPASS],
        "boolean": bool | Literal["Yes", "No"],
    }
    return types[field.kind]


Observation: Final = msgspec.defstruct(
    "Observation",
    [(field.name, _type(index, field) | None, None) for index, field in enumerate(FIELDS)],
    forbid_unknown_fields=True,
    frozen=True,
)
"""An observation written just as documented; `Reader` also reads what people write instead."""

_VALUES: Final = operator.attrgetter(*COLUMNS)
_ALIASES: Final = {simplify(name): index for name, index in COLUMN.items()}
_POINTS: Final = {point: float(index) for index, point in enumerate(COMPASS)}
_CODES: Final[Mapping[Any, float | None]] = {None: None, **_POINTS}
_RAINED: Final[Mapping[Any, float | None]] = {
    None: None,
    True: 1.0,
    False: 0.0,
    "Yes": 1.0,
    "No": 0.0,
}
_WORDS: Final = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_REFUSED: Final = -1.0
_LONGEST_NAME: Final = 64  # characters echoed of a name that nobody knows
_ISO_DATE_LENGTH: Final = len("2024-06-30")


class Observations(msgspec.Struct, frozen=True):
    """Observations, validated.

    `raw` is the raw matrix of shape (rows, 22); `dates` holds each row's calendar day, which is
    None only where neither a date nor a station (whose today it would be) was given.
    """

    raw: Raw
    dates: tuple[dt.date | None, ...]


def column(name: str) -> int | None:
    """Column of a field by its name, without regard to case, `_` and `-`."""
    index = COLUMN.get(name)
    return _ALIASES.get(simplify(name)) if index is None else index


def suggestion(name: str, known: Iterable[str]) -> str:
    """Ask, at the end of a sentence, whether a close known name was meant; may be empty."""
    if len(name) > _LONGEST_NAME:
        return ""
    by_simple = {simplify(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(simplify(name), by_simple, n=1)
    return f"; did you mean {by_simple[close[0]]}?" if close else ""


def pointer(*tokens: str | int) -> str:
    """JSON pointer (RFC 6901) to a place in the caller's document."""
    return "".join(
        f"/{str(token)[:_LONGEST_NAME].replace('~', '~0').replace('/', '~1')}" for token in tokens
    )


def day_of_year(date: dt.date) -> float:
    """Day of the year, 1..366, as the raw matrix holds it."""
    return float(date.toordinal() - dt.date(date.year, 1, 1).toordinal() + 1)


class Reader:
    """Reads documents into observations and collects every bad field on the way.

    Args:
        stations: The stations that an observation may be of.
        errors: Where the bad fields are collected, `MAX_ERRORS` at the most.
        location: Index of the station of an observation without `Location`.
        needs_location: Whether one is refused where that is None.

    """

    def __init__(
        self,
        stations: Stations,
        errors: list[FieldError],
        location: float | None = None,
        *,
        needs_location: bool = True,
    ) -> None:
        self.errors = errors
        self._stations = stations
        self._location = location
        self._needs_location = needs_location

    def quick(self, typed: Sequence[Any]) -> Observations | None:
        """Observations, from `Observation` objects; None where a station is not a known one."""
        rows, dates = [], []
        for observation in typed:
            row = list(_VALUES(observation))
            station = self._stations.find(row[LOCATION] or "")
            if station is None:
                return None
            row[LOCATION] = station
            for index in DIRECTIONS:
                row[index] = _CODES[row[index]]
            row[RAIN_TODAY] = _RAINED[row[RAIN_TODAY]]
            dates.append(self._complete(row, row[DATE], ""))
            rows.append(row)
        return _observations(rows, dates)

    def read(self, documents: Sequence[object], places: Sequence[str]) -> Observations:
        """Validate documents (decoded JSON objects); `places` are the pointers to them.

        What is bad lands in `errors`; the answer is of use only while that is empty.
        """
        return self.read_rows(zip(places, documents, strict=True))

    def read_rows(self, places_and_documents: Iterable[tuple[str, object]]) -> Observations:
        """Validate documents as `read` does, which may come one after the other."""
        rows, dates = [], []
        for place, document in places_and_documents:
            if len(self.errors) >= MAX_ERRORS:
                break
            row, date = self._row(document, place)
            rows.append(row)
            dates.append(date)
        return _observations(rows, dates)

    def _row(self, document: object, place: str) -> tuple[_Row, dt.date | None]:
        row: _Row = [None] * len(FIELDS)
        if not isinstance(document, Mapping):
            self._refuse(place, "must be an object of weather fields")
            return row, None
        date = None
        columns = [COLUMN.get(name) for name in document]
        if None in columns:
            columns = self._aliased(document, place)
            if len(self.errors) >= MAX_ERRORS:
                return row, None
        for index, (name, value) in zip(columns, document.items(), strict=False):
            if index is None or value is None:
                continue
            try:
                if index > DATE:
                    row[index] = _PARSERS[index](value)
                elif index == DATE:
                    date = calendar_day(value)
                else:
                    row[LOCATION] = _REFUSED
                    row[LOCATION] = self.station(value)
            except ValueError as error:
                if not self._refuse(place + pointer(name), str(error)):
                    break
        return row, self._complete(row, date, place)

    def _aliased(self, document: Mapping[str, object], place: str) -> list[int | None]:
        """Columns of an object's members, None for one that is refused; ends at too many of them.

        A name may be written in several ways, so that one field may be given twice.
        """
        columns: list[int | None] = []
        for name in document:
            index = column(name)
            complaint = ""
            if index is None:
                complaint = f"is no field{suggestion(name, COLUMNS)}"
            elif index in columns:
                complaint = f"gives {COLUMNS[index]} a second time"
            columns.append(None if complaint else index)
            if complaint and not self._refuse(place + pointer(name), complaint):
                break
        return columns

    def station(self, value: object) -> float:
        """Index of a station by its name; raises ValueError, which tells what to write."""
        name = value if isinstance(value, str) else ""
        index = self._stations.find(name)
        if index is None:
            names = self._stations.names
            close = suggestion(name, names)
            raise ValueError(f"is none of the {len(names)} stations (GET /stations){close}")
        return float(index)

    def _complete(self, row: _Row, date: dt.date | None, place: str) -> dt.date | None:
        """Put in what follows from the rest: today's date, and whether it rained today."""
        if row[LOCATION] is None:
            row[LOCATION] = self._location
        station = row[LOCATION]
        if station is None:
            if self._needs_location:
                self._refuse(place + pointer("Location"), "is required; GET /stations lists them")
        elif date is None and station != _REFUSED:
            date = self._stations.today(int(station))
        if date is not None:
            row[DATE] = day_of_year(date)
        rainfall = row[RAINFALL]
        if row[RAIN_TODAY] is None and rainfall is not None:
            row[RAIN_TODAY] = float(rainfall > RAIN_TODAY_ABOVE)
        return date

    def _refuse(self, place: str, message: str) -> bool:
        """Add a bad field; tells whether there is room for another."""
        self.errors.append(FieldError(place, message))
        return len(self.errors) < MAX_ERRORS


def _observations(rows: Sequence[_Row], dates: Sequence[dt.date | None]) -> Observations:
    # numpy makes NaN of None.
    raw = np.array(rows, dtype=np.float64) if rows else np.empty((0, len(FIELDS)))
    return Observations(raw, tuple(dates))


def calendar_day(value: object) -> dt.date:
    """Day that a text is; raises ValueError, which tells what to write."""
    # fromisoformat also takes 20240630 and 2024-W26-7; people mean the one form.
    if isinstance(value, str) and len(value) == _ISO_DATE_LENGTH and value[4] == value[7] == "-":
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a date such as 2024-06-30")


def _number_parser(field: Field) -> Callable[[object], float]:
    low, high = field.minimum, field.maximum
    message = f"must be a number from {low:g} to {high:g} ({field.unit})"

    def parse(value: object) -> float:
        kind = type(value)
        # The comparison also refuses NaN and Infinity; type() keeps true and false out.
        if (kind is float or kind is int) and low <= value <= high:  # type: ignore[operator]
            return float(value)  # type: ignore[arg-type]
        raise ValueError(message)

    return parse


def _oktas_parser(field: Field) -> Callable[[object], float]:
    parse_number = _number_parser(field)

    def parse(value: object) -> float:
        number = parse_number(value)
        if not number.is_integer():
            raise ValueError("must be a whole number of oktas from 0 to 9 (9: sky obscured)")
        return number

    return parse


def _compass(value: object) -> float:
    if isinstance(value, str):
        index = _POINTS.get(value) if value in _POINTS else _POINTS.get(value.upper())
        if index is not None:
            return index
    raise ValueError("must be one of the 16 compass points N, NNE, NE, ... NNW")


def _boolean(value: object) -> float:
    if isinstance(value, bool):
        return float(value)
    word = _WORDS.get(value.casefold()) if isinstance(value, str) else None
    if word is None:
        raise ValueError("must be Yes, No, true or false")
    return word


def _parser(index: int, field: Field) -> Callable[[object], float]:
    if field.kind == "number":
        return _oktas_parser(field) if index in _OKTAS else _number_parser(field)
    return _compass if field.kind == "compass" else _boolean


_PARSERS: Final = tuple(_parser(index, field) for index, field in enumerate(FIELDS))


def present(index: int, number: float) -> Value:
    """Value of a raw matrix's cell as it stands in an answer; None where it is NaN.

    Not for `Location` and `Date`, whose cells do not say enough.
    """
    if math.isnan(number):
        return None
    field = FIELDS[index]
    if field.kind == "compass":
        return COMPASS[int(number)]
    if field.kind == "boolean":
        return "Yes" if number else "No"
    return number if field.decimals or not number.is_integer() else int(number)
