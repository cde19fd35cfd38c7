"""The Bureau's monthly files, as they are downloaded, made from days."""

from collections.abc import Mapping, Sequence
from typing import Final

PREAMBLE: Final = (
    '"Daily Weather Observations for Sydney, New South Wales for June 2024"',
    '"Prepared at 13:05 GMT on Monday 22 July 2024   IDCJDW2124.202406"',
    '"Copyright 2003 Commonwealth Bureau of Meteorology"',
    '"Observations were drawn from Sydney (Observatory Hill) {station 066214}"',
    '"Some cloud observations are from automated equipment; these are somewhat different to those"',
    "",
)
COLUMNS: Final = {
    "Minimum temperature (°C)": "MinTemp",
    "Maximum temperature (°C)": "MaxTemp",
    "Rainfall (mm)": "Rainfall",
    "Evaporation (mm)": "Evaporation",
    "Sunshine (hours)": "Sunshine",
    "Direction of maximum wind gust ": "WindGustDir",
    "Speed of maximum wind gust (km/h)": "WindGustSpeed",
    "Time of maximum wind gust": "",
    "9am Temperature (°C)": "Temp9am",
    "9am relative humidity (%)": "Humidity9am",
    "9am cloud amount (oktas)": "Cloud9am",
    "9am wind direction": "WindDir9am",
    "9am wind speed (km/h)": "WindSpeed9am",
    "9am MSL pressure (hPa)": "Pressure9am",
    "3pm Temperature (°C)": "Temp3pm",
    "3pm relative humidity (%)": "Humidity3pm",
    "3pm cloud amount (oktas)": "Cloud3pm",
    "3pm wind direction": "WindDir3pm",
    "3pm wind speed (km/h)": "WindSpeed3pm",
    "3pm MSL pressure (hPa)": "Pressure3pm",
}


def file(days: Sequence[Mapping[str, object]], preamble: Sequence[str] = PREAMBLE) -> bytes:
    """File of these days (fields by their names, missing ones left out)."""
    header = ",".join(["", '"Date"', *(f'"{name}"' for name in COLUMNS)])
    return "".join(f"{line}\r\n" for line in [*preamble, header, *map(_line, days)]).encode(
        "cp1252"
    )


def _line(day: Mapping[str, object]) -> str:
    year, month, number = str(day["Date"]).split("-")
    cells = ["", f"{year}-{month}-{int(number)}"]
    for field in COLUMNS.values():
        if field == "":
            cells.append("23:13" if "WindGustSpeed" in day else "")
        elif field.startswith("WindSpeed") and day.get(field) == 0:
            cells.append("Calm")
        elif field in {"WindDir9am", "WindDir3pm"}:
            cells.append(str(day.get(field, " ")))
        else:
            cells.append(str(day.get(field, "")))
    return ",".join(cells)
