"""The 49 stations: where they are, and what day it is there."""

import csv
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import msgspec

from function.problems import DeploymentError


class Station(msgspec.Struct, frozen=True):
    """One weather station of the Australian Bureau of Meteorology.

    Latitude and longitude are in degrees (south negative), `number` is the Bureau's own, `product`
    that of its monthly files (`IDCJDW2124.202406.csv`), `timezone` an IANA name.
    """

    name: str
    number: int
    product: int
    state: str
    latitude: float
    longitude: float
    timezone: str


def simplify(name: str) -> str:
    """Fold case and drop `_`, `-` and spaces, the way field and station names are compared."""
    return name.casefold().translate(_IGNORED)


_IGNORED = {ord(character): None for character in "_- "}


_Stations = Annotated[list[Station], msgspec.Meta(min_length=1)]


class Stations:
    """The stations in the order of their index in the raw matrix (alphabetical by name)."""

    def __init__(self, stations: Sequence[Station]) -> None:
        self.listed = tuple(stations)
        self.names = tuple(station.name for station in stations)
        self._zones = tuple(ZoneInfo(station.timezone) for station in stations)
        self._index = {
            spelling: index
            for index, name in enumerate(self.names)
            for spelling in (name, simplify(name))
        }

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Stations from the content of `stations.csv`.

        Raises:
            DeploymentError: It is not what it should be.

        """
        try:
            rows = list(csv.DictReader(content.decode().splitlines()))
            return cls(msgspec.convert(rows, _Stations, strict=False))
        except (ValueError, KeyError, csv.Error, msgspec.MsgspecError) as error:
            raise DeploymentError(
                f"The list of stations stations.csv is damaged ({error}); restore the file."
            ) from error

    def find(self, name: str) -> int | None:
        """Index of the station of this name, without regard to case, spaces, `_` and `-`."""
        index = self._index.get(name)
        return self._index.get(simplify(name)) if index is None else index

    def today(self, index: int) -> dt.date:
        """Today's date on the station's own calendar."""
        return dt.datetime.now(self._zones[index]).date()
