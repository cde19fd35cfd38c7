import datetime as dt
import math

import numpy as np
import pytest

from function.observation import (
    COLUMN,
    COLUMNS,
    COMPASS,
    FIELDS,
    Observations,
    Reader,
    column,
    pointer,
    present,
    suggestion,
)
from function.problems import FieldError
from function.stations import Stations


def read(stations: Stations, document: object, **options: bool) -> tuple[Observations, list[str]]:
    errors: list[FieldError] = []
    observations = Reader(stations, errors, **options).read([document], ["/observation"])
    return observations, [error.pointer for error in errors]


def test_columns_are_those_of_the_data_set() -> None:
    assert len(COLUMNS) == 22
    assert COLUMNS[:2] == ("Location", "Date")
    assert COLUMNS[-1] == "RainToday"


@pytest.mark.parametrize("name", ["WindDir9am", "winddir9am", "WIND_DIR_9AM", "wind-dir-9am"])
def test_column_by_any_spelling(name: str) -> None:
    assert column(name) == COLUMN["WindDir9am"]


def test_every_kind_of_field_becomes_a_number(stations: Stations) -> None:
    document: dict[str, object] = {"Location": "alice springs", "Date": "2024-12-31"}
    document |= {"WindGustDir": "nnw", "RainToday": "YES", "Cloud9am": 8.0, "MinTemp": 21}
    observations, errors = read(stations, document)
    row = observations.raw[0]
    assert errors == []
    assert stations.names[int(row[0])] == "AliceSprings"
    assert row[1] == 366
    assert observations.dates == (dt.date(2024, 12, 31),)
    named = {name: row[COLUMN[name]] for name in document}
    assert (named["WindGustDir"], named["RainToday"], named["Cloud9am"]) == (15, 1, 8)
    assert np.isnan(row).sum() == 22 - len(document)


@pytest.mark.parametrize(("rainfall", "rained"), [(0, 0), (1, 0), (1.2, 1)])
def test_rain_today_follows_from_rainfall(
    stations: Stations, rainfall: float, rained: float
) -> None:
    observations, _ = read(stations, {"Location": "Perth", "Rainfall": rainfall})
    assert observations.raw[0, COLUMN["RainToday"]] == rained


def test_what_the_caller_says_of_rain_today_stands(stations: Stations) -> None:
    document = {"Location": "Perth", "Rainfall": 5, "RainToday": False}
    observations, _ = read(stations, document)
    assert observations.raw[0, COLUMN["RainToday"]] == 0


def test_today_is_the_towns_today(stations: Stations) -> None:
    observations, _ = read(stations, {"Location": "NorfolkIsland"})
    assert observations.dates[0] == stations.today(stations.names.index("NorfolkIsland"))


def test_place_may_be_left_open(stations: Stations) -> None:
    observations, errors = read(stations, {}, needs_location=False)
    assert errors == []
    assert np.isnan(observations.raw).all()
    assert observations.dates == (None,)


def test_bad_location_is_named_once(stations: Stations) -> None:
    assert read(stations, {"Location": "Atlantis"})[1] == ["/observation/Location"]


@pytest.mark.parametrize("field", [f for f in FIELDS if f.kind == "number"], ids=lambda f: f.name)
def test_limits_belong_to_the_range(stations: Stations, field) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for value in (field.minimum, field.maximum):
        assert read(stations, {"Location": "Sale", field.name: value})[1] == []
    for value in (field.minimum - 1, field.maximum + 1, math.nan, math.inf):
        assert read(stations, {"Location": "Sale", field.name: value})[1] == [
            f"/observation/{field.name}"
        ]


def test_pointer_escapes() -> None:
    assert pointer("observations", 3, "a/b~c") == "/observations/3/a~1b~0c"


def test_suggestion() -> None:
    assert suggestion("humidity_3_pm", COLUMNS) == "; did you mean Humidity3pm?"
    assert suggestion("x" * 1000, COLUMNS) == ""


def test_present() -> None:
    assert present(COLUMN["WindGustDir"], 4.0) == COMPASS[4] == "E"
    assert present(COLUMN["RainToday"], 0.0) == "No"
    assert isinstance(present(COLUMN["Humidity3pm"], 55.0), int)
    assert present(COLUMN["Humidity3pm"], 55.5) == 55.5
    assert isinstance(present(COLUMN["MinTemp"], 5.0), float)
    assert present(COLUMN["MinTemp"], math.nan) is None
