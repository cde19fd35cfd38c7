"""What was committed, proved against the real observations."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from function import arrays
from function.artifacts import Artifacts
from function.climatology import Climatology
from function.fill import Fill, Filler
from function.models import Models
from function.observation import COLUMN, COLUMNS, Reader
from function.problems import FieldError
from function.stations import Stations
from scripts.training import climatology, dataset, evaluate, files, filling
from tests.serving import ROOT

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def days(stations: Stations) -> dataset.Dataset:
    return dataset.read(dataset.OBSERVATIONS, stations)


def test_all_days_are_read(days: dataset.Dataset) -> None:
    assert len(days.raw) == 249_351
    assert days.period() == ("2007-11-01", "2024-12-31")
    assert len(np.unique(days.raw[:, 0])) == 49
    assert (len(days.training().raw), len(days.test().raw)) == (199_999, 49_352)
    assert not np.isinf(days.raw).any()


def test_rain_today_is_more_than_a_millimetre(days: dataset.Dataset) -> None:
    rainfall, rain_today = days.raw[:, COLUMN["Rainfall"]], days.raw[:, COLUMN["RainToday"]]
    known = ~np.isnan(rainfall)
    np.testing.assert_array_equal(known, ~np.isnan(rain_today))
    np.testing.assert_array_equal(rainfall[known] > 1, rain_today[known] == 1)


def test_validator_refuses_no_day_that_was(stations: Stations) -> None:
    frame = pd.read_csv(dataset.OBSERVATIONS, na_values=["NA"])[list(COLUMNS)]
    documents = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert len(documents) == 257_240
    errors: list[FieldError] = []
    observations = Reader(stations, errors).read(documents, [""] * len(documents))
    assert errors == []
    known = frame.notna().sum().sum()
    assert np.isfinite(observations.raw).sum() == known


def test_committed_figures_are_what_the_models_give(days: dataset.Dataset) -> None:
    evaluate.recompute(days.test(), ROOT / "data")


def test_committed_climatology(
    days: dataset.Dataset, stations: Stations, artifacts: Artifacts
) -> None:
    # The rest of it depends on the machine's own rounding, as the models do.
    learned = climatology.learn(days.training(), stations, kinds=1)
    committed = arrays.read(Climatology, artifacts, "climatology.npz")
    np.testing.assert_array_equal(committed.quantiles, learned.quantiles)
    np.testing.assert_array_equal(committed.support, learned.support)
    assert (ROOT / "data" / "climatology.npz").stat().st_size <= 1_500_000


@pytest.fixture(scope="module")
def cases(days: dataset.Dataset) -> filling.Cases:
    return filling.cases(days.test(), filling.ROWS)


def test_climatology_beats_every_other_way_to_fill(
    days: dataset.Dataset, artifacts: Artifacts, filler: Filler
) -> None:
    models = Models(artifacts)
    cases = filling.cases(days.test(), 1500)
    table = filling.brier(cases, days.training(), models, filler)
    for case, told in table.items():
        for name, score in told.items():
            assert score["climatology"] < min(score["uniform"], score["median"]), (case, name)
            assert score["climatology"] <= score["none"] + 0.0005, (case, name)
            if case in ("9 masked", "12 masked"):
                assert score["climatology"] < score["none"], (case, name)
    whole = filling.whole(cases, models, filler)
    assert filling.gap_closed({"brier": table, "whole": whole}) >= 0.6


def test_draws_cover_what_was_hidden(cases: filling.Cases, filler: Filler) -> None:
    coverage = filling.coverage(cases, filler.sampler)
    assert 0.88 <= coverage["all"]["all"] <= 0.92
    for name, share in coverage["variable"].items():
        assert 0.85 <= share <= 0.95, name


def test_drawn_days_look_like_days(cases: filling.Cases, filler: Filler) -> None:
    empty = filling.blank(cases.raw)
    drawn = filler.fill_once(empty, Fill("climatology", 1, 1))
    assert filling.realism(cases.raw, drawn) <= 0.65
    assert filling.physical(drawn) >= 0.995
    uniform = filler.fill_once(empty, Fill("uniform", 1, 1))
    assert filling.realism(cases.raw, uniform) > 0.95


def test_committed_ranges(days: dataset.Dataset, tmp_path: Path) -> None:
    files.write_ranges(days.training().raw, tmp_path / "ranges.csv")
    committed = ROOT / "data" / "numeric_ranges.csv"
    assert (tmp_path / "ranges.csv").read_bytes() == committed.read_bytes()


def test_every_graph_agrees_with_its_original(days: dataset.Dataset) -> None:
    for compared in evaluate.parity(days.test(), ROOT / "data").values():
        assert compared["rows"] == 49_352
        assert compared["largest_difference"] <= 1e-5
        assert compared["flipped"] == 0


def test_figures_reach_their_bars() -> None:
    models = msgspec.json.decode((ROOT / "data" / "metrics.json").read_bytes())["models"]
    bars = {
        "logistic-regression": 0.880,
        "decision-tree": 0.862,
        "random-forest": 0.890,
        "support-vector-machine": 0.892,
    }
    for name, bar in bars.items():
        assert models[name]["roc_auc"] >= bar
        assert models[name]["expected_calibration_error"] <= 0.015
    assert max(model["roc_auc"] for model in models.values()) >= 0.895
    assert models["support-vector-machine"]["brier"] <= 0.103


def test_committed_files_stay_small() -> None:
    folder = ROOT / "data" / "models"
    for form, bar in (("onnx", 12e6), ("joblib", 15e6)):
        assert sum(path.stat().st_size for path in folder.glob(f"*.{form}")) <= bar


def test_five_cities_beat_the_student_project(days: dataset.Dataset, stations: Stations) -> None:
    scores = evaluate.five_cities(days, stations, Console(quiet=True))
    bars = {
        "decision-tree": 0.748,
        "logistic-regression": 0.789,
        "random-forest": 0.786,
        "support-vector-machine": 0.766,
    }
    assert {name: score > bars[name] for name, score in scores.items()} == dict.fromkeys(bars, True)
