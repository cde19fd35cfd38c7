"""CSV files: tables in the data set's columns, and the Bureau's *Daily Weather Observations*.

The Bureau publishes a file for each station and month (`IDCJDW2124.202406.csv`). It differs from
other tables in that lines of text stand before the header, which name the station, and in the names
of its columns: https://www.bom.gov.au/climate/dwo/IDCJDW0000.shtml tells what they mean.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from function.observation import COLUMNS, FIELDS, MAX_ERRORS, column, pointer, suggestion
from function.payload import Row, invalid
from function.problems import FieldError, Malformed
from function.stations import Stations

_BUREAU: Final = {
    "date": "Date",
    "minimum temperature": "MinTemp",
    "maximum temperature": "MaxTemp",
    "rainfall": "Rainfall",
    "evaporation": "Evaporation",
    "sunshine": "Sunshine",
    "direction of maximum wind gust": "WindGustDir",
    "speed of maximum wind gust": "WindGustSpeed",
    **{
        f"{hour} {words}": f"{name}{hour}"
        for hour in ("9am", "3pm")
        for words, name in (
            ("temperature", "Temp"),
            ("relative humidity", "Humidity"),
            ("cloud amount", "Cloud"),
            ("wind direction", "WindDir"),
            ("wind speed", "WindSpeed"),
            ("msl pressure", "Pressure"),
        )
    },
}
_LEFT_OUT: Final = frozenset(
    {"", "unnamed: 0", "time of maximum wind gust", "raintomorrow", "risk_mm"}
)
"""Columns that are no observation of the day: row numbers, what came of it, and the like."""
_CHARSETS: Final = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8-sig"),
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
}
"""Codecs by the names that the Encoding standard has for them, the commonest of these."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile("([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_STATION: Final = re.compile(r"\{station 0*([0-9]{1,6})\}")
_PRODUCT: Final = re.compile(r"\bIDCJDW0*([0-9]{1,6})")
_PLACE: Final = re.compile(r"^Daily Weather Observations for ([^,(]{1,64})")
_MISSING: Final = frozenset({"", "NA"})
_CALM: Final = "calm"
_NUMERIC: Final = frozenset(field.name for field in FIELDS if field.kind == "number")
_DEGREES: Final = "(°C)".encode("cp1252")  # among the Bureau's names of columns
_BEGINNING: Final = 16_384  # bytes
_PREAMBLE_LINES: Final = 50
_LONGEST_LINE: Final = 16_384  # characters; millions of cells would take ten times the file


class Table:
    """A CSV file, read as far as its header.

    `header` holds the caller's own names of the columns, `columns` the fields that they are, None
    for one that is left out; `bureau` tells whether it is a file of the Bureau's, and `station` is
    the index of the station that its preamble names.

    Raises:
        Malformed: It is no CSV in the encoding that it claims, or has no header.
        Invalid: Columns are unknown or doubled; each is named.

    """

    def __init__(self, content: bytes, charset: str, stations: Stations) -> None:
        self._text = _decoded(content, charset)
        lines = self.cells()
        preamble: list[str] = []
        for number, cells in islice(lines, _PREAMBLE_LINES):
            if any(_field(name) for name in cells):
                self.header, self._header_line = cells, number
                break
            preamble.append(" ".join(cells))
        else:
            raise Malformed(
                f"The file has no header: a line with names of columns, separated by commas, such "
                f"as {', '.join(COLUMNS[:4])}."
            )
        self.columns = _fields(self.header, self._header_line)
        self.bureau = any(column(name) is None for name, known in self._named() if known)
        self.station = _station(preamble, stations)

    def rows(self, errors: list[FieldError]) -> Iterator[Row]:
        """Observations, with the line that each begins in; rows of another length are errors."""
        for number, cells in self.body():
            place = f"/line/{number}"
            if len(cells) != len(self.header):
                message = f"has {len(cells)} cells; the header has {len(self.header)}"
                errors.append(FieldError(place, message))
            else:
                yield place, _observation(self.columns, cells)
            if len(errors) >= MAX_ERRORS:
                return

    def body(self) -> Iterator[tuple[int, list[str]]]:
        """Rows after the header that are not empty, each with the number of its first line."""
        for number, cells in self.cells():
            if number > self._header_line and any(cells):
                yield number, cells

    def cells(self) -> Iterator[tuple[int, list[str]]]:
        """All rows, each with the number of its first line: a quoted cell may hold several."""
        reader = csv.reader(self._lines(), strict=True)
        number = 1
        try:
            for cells in reader:
                yield number, [cell.strip() for cell in cells]
                number = reader.line_num + 1
        except csv.Error as error:
            raise Malformed(f"The file is not CSV: line {reader.line_num}: {error}.") from None

    def _lines(self) -> Iterator[str]:
        # newline="" leaves the ends of lines to csv, which knows those within quotes.
        for number, line in enumerate(io.StringIO(self._text, newline=""), start=1):
            if len(line) > _LONGEST_LINE:
                raise Malformed(f"The file is not such a table: line {number} is too long.")
            yield line

    def _named(self) -> Iterator[tuple[str, str | None]]:
        return zip(self.header, self.columns, strict=True)


def _decoded(content: bytes, charset: str) -> str:
    """Text of a file. The Bureau's is in Windows-1252, and does not say so."""
    if charset and charset not in _CHARSETS:
        known = ", ".join(_CHARSETS)
        raise Malformed(f"The charset {charset[:64]} is not read here; {known} are.")
    try:
        return content.decode(_CHARSETS.get(charset, "utf-8-sig"))
    except UnicodeDecodeError as error:
        if not charset and _DEGREES in content[:_BEGINNING]:
            return content.decode("cp1252", errors="replace")
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(
            f"The file is not {charset or 'utf-8'} (line {line}); save it so, or tell the charset: "
            "Content-Type: text/csv; charset=windows-1252."
        ) from None


def _field(name: str) -> str | None:
    """Field that a column is, by the data set's name or the Bureau's; None for any other."""
    index = column(name)
    return _BUREAU.get(_without_unit(name)) if index is None else COLUMNS[index]


def _without_unit(name: str) -> str:
    return name.partition("(")[0].strip().casefold()


def _fields(header: Sequence[str], line: int) -> list[str | None]:
    fields: list[str | None] = []
    errors = []
    for name in header:
        field, complaint = _field(name), ""
        if field is None and _without_unit(name) not in _LEFT_OUT:
            complaint = f"is no column of the data set{suggestion(name, COLUMNS)}"
        elif field in fields and field is not None:
            complaint = f"gives {field} a second time"
        if complaint:
            errors.append(FieldError(pointer("line", line, name), complaint))
        if len(errors) >= MAX_ERRORS:
            break
        fields.append(field)
    if errors:
        raise invalid(errors)
    return fields


def _observation(columns: Sequence[str | None], cells: Sequence[str]) -> Mapping[str, object]:
    return {
        name: _value(name, cell)
        for name, cell in zip(columns, cells, strict=True)
        if name is not None and cell not in _MISSING
    }


def _value(name: str, cell: str) -> object:
    """Value of a cell as JSON would hold it; what is no such value is left to be refused."""
    if name in _NUMERIC:
        if _NUMBER.fullmatch(cell):
            return float(cell)
        return 0.0 if cell.casefold() == _CALM and "WindSpeed" in name else cell
    if name == "Date" and (parts := _DATE.fullmatch(cell)):
        year, month, day = parts.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    return cell


def _station(preamble: Sequence[str], stations: Stations) -> int | None:
    """Station that the lines before the header name.

    The product's number comes first: it stays when the instruments move to another place.
    """
    text = "\n".join(preamble)
    by_product = {station.product: index for index, station in enumerate(stations.listed)}
    by_number = {station.number: index for index, station in enumerate(stations.listed)}
    for pattern, known in ((_PRODUCT, by_product), (_STATION, by_number)):
        for found in pattern.findall(text):
            if int(found) in known:
                return known[int(found)]
    place = _PLACE.search(text)
    return stations.find(place[1].strip()) if place else None
