"""The climatology and its measurement, on invented days."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from function.climatology import Sampler
from function.observation import COLUMN, NUMERIC, Raw
from function.stations import Stations
from scripts.training import climatology, dataset, evaluate, fill_report, filling
from scripts.training.dataset import Dataset
from scripts.training.failure import Failure, run
from tests.scripts.invented import days_of
from tests.serving import ROOT


def read(stations: Stations, folder: Path, days: int, towns: tuple[str, ...] = ()) -> Dataset:
    days_of(days, towns=towns).to_csv(folder / "x.csv", index=False, na_rep="NA")
    return dataset.read(folder / "x.csv", stations)


def anywhere(stations: Stations) -> Raw:
    rows = np.full((len(stations.names), 22), np.nan)
    rows[:, 0], rows[:, 1] = np.arange(len(stations.names)), 200
    return rows


@pytest.mark.parametrize("days", [1, 30, 400])
def test_few_days_teach_every_station(stations: Stations, tmp_path: Path, days: int) -> None:
    few = read(stations, tmp_path, days, ("Perth", "Darwin"))
    few.raw[0] = np.where(np.isnan(few.raw[0]), 5.0, few.raw[0])
    sampler = Sampler(climatology.learn(few, stations))
    samples = sampler.sample(anywhere(stations), 5, np.random.default_rng(0))
    assert np.isfinite(samples).all()
    for index in NUMERIC:
        assert samples[:, index].min() >= np.nanmin(few.raw[:, index])
        assert samples[:, index].max() <= np.nanmax(few.raw[:, index])


def test_what_depends_on_what_is_learned(stations: Stations, tmp_path: Path) -> None:
    learned = Sampler(climatology.learn(read(stations, tmp_path, 900), stations, kinds=8))
    rows = np.repeat(anywhere(stations)[:1], 2, axis=0)
    rows[:, COLUMN["Humidity3pm"]] = 25, 90
    drawn = learned.sample(rows, 200, np.random.default_rng(0)).reshape(2, 200, -1)
    dry, wet = drawn[:, :, COLUMN["Pressure3pm"]].mean(axis=1)  # invented to fall with it
    assert dry > wet + 5
    unrelated = drawn[:, :, COLUMN["Temp9am"]].mean(axis=1)
    assert abs(unrelated[0] - unrelated[1]) < 5


def test_never_seen_variable_is_named(stations: Stations, tmp_path: Path) -> None:
    days = read(stations, tmp_path, 20)
    days.raw[:, COLUMN["Evaporation"]] = np.nan
    with pytest.raises(Failure, match="No training day has Evaporation"):
        climatology.learn(days, stations)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    document = (ROOT / "docs" / fill_report.DOCUMENT).read_text()
    (tmp_path / fill_report.DOCUMENT).write_text(document)
    return tmp_path


@pytest.fixture(scope="module")
def figures(stations: Stations, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    days = read(stations, tmp_path_factory.mktemp("days"), 1200)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"ROWS": 200, "DRAWS": 8, "COMPARED": (1, 3), "TIMES": 2}.items():
            patch.setattr(filling, name, value)
        return evaluate.fill(days, stations, ROOT / "data", Console(quiet=True))


def test_every_figure_is_measured(figures: dict[str, Any]) -> None:
    assert list(figures["brier"]) == [*(f"{k} masked" for k in filling.MASKED), filling.FOUR]
    for told in figures["brier"].values():
        assert len(told) == 4
        for scores in told.values():
            assert scores.keys() == {"none", "median", "uniform", "climatology"}
            assert all(0 < score < 1 for score in scores.values())
    assert figures["coverage"]["variable"].keys() >= {"MinTemp", "Cloud9am"}
    assert figures["kinds"].keys() == {"1", "3"}
    assert figures["physical"]["climatology"] >= 0.995
    assert figures["milliseconds"]["fill_1"] < figures["milliseconds"]["fill_200"]


def test_document_tells_the_figures(figures: dict[str, Any], docs: Path) -> None:
    figures = {**figures, "rows": 12_345}
    fill_report.write(figures, docs)
    text = (docs / fill_report.DOCUMENT).read_text()
    assert "12,345 days" in text
    assert f"{figures['brier']['9 masked']['random-forest']['uniform']:.4f}" in text
    assert text.startswith("# ")
    for picture in (fill_report.BRIER_PICTURE, fill_report.COVERAGE_PICTURE):
        assert f"({picture})" in text
        assert (docs / picture).read_text().lstrip().startswith("<?xml")
    again = {path: path.read_bytes() for path in docs.iterdir()}
    fill_report.write(figures, docs)
    assert {path: path.read_bytes() for path in docs.iterdir()} == again


def test_document_without_its_place(figures: dict[str, Any], docs: Path) -> None:
    (docs / fill_report.DOCUMENT).write_text("# Random fill\n")
    with pytest.raises(Failure, match="put them back"):
        fill_report.write(figures, docs)


def test_documents_that_are_none_are_found_before_the_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["evaluate", "--fill", "--data", str(tmp_path / "none"), "--docs", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit, match="cannot be written or read"):
        run(evaluate.main)


def test_masks_hide_what_was_there(stations: Stations, tmp_path: Path) -> None:
    cases = filling.cases(read(stations, tmp_path, 100), 50)
    present = (~np.isnan(cases.raw)).sum(axis=1)
    for k in filling.MASKED:
        hidden = cases.hidden[f"{k} masked"]
        assert (hidden.sum(axis=1) == np.minimum(k, present - 2)).all()
        assert not np.isnan(cases.raw[hidden]).any()
        assert not hidden[:, :2].any()
    seen = ~np.isnan(cases.seen(filling.FOUR))
    assert (seen.sum(axis=1) == 4).all()
    few = cases.seen("12 masked")
    known = ~np.isnan(few[:, COLUMN["Rainfall"]])
    rained = few[known, COLUMN["Rainfall"]] > 1
    assert np.isnan(few[~known, COLUMN["RainToday"]]).any()
    np.testing.assert_array_equal(few[known, COLUMN["RainToday"]], rained)
    smaller, larger = cases.hidden["3 masked"], cases.hidden["6 masked"]
    assert (larger | ~smaller).all()


def test_realism_tells_nonsense_from_days(stations: Stations, tmp_path: Path) -> None:
    real = read(stations, tmp_path, 400).raw
    assert filling.realism(real, real[::-1].copy()) < 0.6
    assert filling.realism(real, real + 100) > 0.99
