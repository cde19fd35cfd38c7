"""Observations from a file, as the raw matrix, and their split by time.

Three forms are read: `rains.csv` (also gzipped), Kaggle's `weatherAUS.csv`, with or without
`RISK_MM`, and `weatherAUS.RData` of the R package rattle.
"""

import warnings
import zlib
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from function.encode import Floats
from function.observation import COLUMNS, COMPASS, FIELDS, LOCATION, Raw
from function.stations import Stations
from scripts.training.failure import Failure

_ROOT: Final = Path(__file__).resolve().parents[2]
OBSERVATIONS: Final = _ROOT.parent / "shared" / "data" / "rains.csv.gz"
FETCHED: Final = _ROOT / "data" / "raw" / "weatherAUS.RData"
TARGET: Final = "RainTomorrow"
TRAINING_END: Final = "2021-12-31"
TEST_START: Final = "2022-01-01"
TEST_END: Final = "2024-12-31"
# What broken archives raise.
_BROKEN: Final = (ValueError, OSError, EOFError, zlib.error)
_WORDS: Final = {"Yes": 1.0, "No": 0.0}
_POINTS: Final = {point: float(index) for index, point in enumerate(COMPASS)}


class Dataset(msgspec.Struct, frozen=True):
    """Days whose morrow is known, in the order of their dates.

    `raw` is the raw matrix (n, 22), `rain_tomorrow` (n,) is 0 or 1, `dates` (n,) datetime64[D],
    and `frame` the same rows in the data set's columns and words, dates in ISO form.
    """

    raw: Raw
    rain_tomorrow: Floats
    dates: NDArray[np.datetime64]
    frame: pd.DataFrame

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Those rows, by mask or index."""
        return type(self)(
            self.raw[rows], self.rain_tomorrow[rows], self.dates[rows], self.frame.iloc[rows]
        )

    def between(self, first: str | None, last: str) -> Self:
        """Days from `first` to `last`, both included, in ISO form."""
        rows = self.dates <= np.datetime64(last)
        return self.where(rows if first is None else rows & (self.dates >= np.datetime64(first)))

    def training(self) -> Self:
        """The years that models learn from; raises `Failure` where there are none."""
        return self._some(None, TRAINING_END)

    def test(self) -> Self:
        """The years that they are judged by; raises `Failure` where there are none."""
        return self._some(TEST_START, TEST_END)

    def period(self) -> tuple[str, str]:
        """First and last day, in ISO form."""
        return str(self.dates.min()), str(self.dates.max())

    def _some(self, first: str | None, last: str) -> Self:
        days = self.between(first, last)
        if not len(days.raw):
            raise Failure(
                f"There are no days {f'from {first} ' if first else ''}to {last}; fetch all years "
                "with scripts/get-data, and pass them with --data (Kaggle's edition ends in 2017)."
            )
        return days


def default() -> Path:
    """File that is read where none is named: what scripts/get-data fetched stands in for ours."""
    return FETCHED if FETCHED.exists() and not OBSERVATIONS.exists() else OBSERVATIONS


def read(path: Path, stations: Stations) -> Dataset:
    """Read a file of observations.

    Raises:
        Failure: The file is missing, lacks a column, or has values that are not understood.

    """
    frame = _table(path)
    lacking = [name for name in (*COLUMNS, TARGET) if name not in frame.columns]
    if lacking:
        raise Failure(f"{path} lacks the columns {', '.join(lacking)}; is it the right file?")
    # RISK_MM, tomorrow's rain in millimetres, stands in some editions: it would give all away.
    frame = frame.loc[frame[TARGET].notna(), [*COLUMNS, TARGET]].reset_index(drop=True)
    dates = _dates(frame["Date"], path)
    frame["Date"] = dates.dt.strftime("%Y-%m-%d")
    raw = _raw(frame, dates, stations, path)
    rain_tomorrow = _mapped(frame[TARGET], _WORDS, path)
    days = dates.to_numpy("datetime64[D]")
    dataset = Dataset(raw, rain_tomorrow, days, frame)
    return dataset.where(np.lexsort((raw[:, LOCATION], days)))


def split(dataset: Dataset, folder: Path) -> None:
    """Write `{train,test}_{features,labels}.csv` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", dataset.training()), ("test", dataset.test())):
        part.frame[list(COLUMNS)].to_csv(folder / f"{name}_features.csv", index=False)
        part.frame[[TARGET]].to_csv(folder / f"{name}_labels.csv", index=False)


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise Failure(
            f"There is no file {path}; fetch the observations with scripts/get-data, or name a "
            "file of them with --data."
        )
    try:
        if path.suffix.lower() in {".rdata", ".rda"}:
            return _rdata(path)
        return pd.read_csv(path, na_values=["NA"], low_memory=False)
    except _BROKEN as error:
        raise Failure(f"{path} cannot be read as a table ({error}); fetch it anew.") from error


def _rdata(path: Path) -> pd.DataFrame:
    import rdata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # R classes without a Python equivalent
        try:
            objects = rdata.read_rda(path)
        except Exception as error:  # a damaged file may fail anywhere in the parser
            raise ValueError(f"{type(error).__name__} {error}".strip()) from error
    tables = [value for value in objects.values() if isinstance(value, pd.DataFrame)]
    if not tables:
        raise ValueError("it holds no data frame")
    return max(tables, key=len)


def _dates(column: pd.Series, path: Path) -> pd.Series:
    if column.isna().any():
        raise Failure(f"{path} has days without a Date; take them out.")
    try:
        if pd.api.types.is_numeric_dtype(column):
            return pd.to_datetime(column, unit="D")  # as R counts them, from 1970 on
        return pd.to_datetime(column, format="ISO8601")
    except ValueError as error:
        raise Failure(f"{path} has a Date that is none ({error}).") from error


def _raw(frame: pd.DataFrame, dates: pd.Series, stations: Stations, path: Path) -> Raw:
    raw = np.full((len(frame), len(COLUMNS)), np.nan)
    names = {name: float(index) for index, name in enumerate(stations.names)}
    mappings = {"station": names, "compass": _POINTS, "boolean": _WORDS}
    for index, field in enumerate(FIELDS):
        if field.kind == "date":
            raw[:, index] = dates.dt.day_of_year
        elif field.kind == "number":
            raw[:, index] = _numbers(frame[field.name], path)
        else:
            raw[:, index] = _mapped(frame[field.name], mappings[field.kind], path)
    if np.isnan(raw[:, LOCATION]).any():
        raise Failure(f"{path} has days without a Location; take them out.")
    return raw


def _numbers(column: pd.Series, path: Path) -> Floats:
    numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    strange = column[~np.isfinite(numbers) & column.notna()]
    if len(strange):
        raise Failure(f"{path} has {column.name} = {strange.iloc[0]}, which is no number.")
    return numbers


def _mapped(column: pd.Series, mapping: dict[str, float], path: Path) -> Floats:
    strange = set(column.dropna().unique()) - mapping.keys()
    if strange:
        raise Failure(f"{path} has {column.name} = {min(map(str, strange))}, which is not known.")
    return np.asarray(column.astype(object).map(mapping), dtype=np.float64)
