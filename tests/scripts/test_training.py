"""Training, on invented days."""

import base64
import gzip
import hashlib
import io
import json
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdata
from rich.console import Console
from rich.progress import Progress

from function.artifacts import Artifacts
from function.models import Models
from function.observation import COLUMN, COLUMNS, COMPASS
from function.stations import Stations
from scripts.training import dataset, evaluate, metrics, train
from scripts.training.failure import Failure, run
from tests.scripts.invented import days_of
from tests.serving import ROOT

# Three invented days as R 4.2 saves them: a tibble with dates, factors, integers and NA in each.
INVENTED_RDATA = """
/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM4AbKAixdACkRB1RXIuRuUsqfktkkYTyzHMdu+351IdX0vSzDyK4v5fQJIZvO
AyXlOOokd1oxNfRppadRjFeTPGvwDF6CG2dwNnkbW7Vwb9kK/C4WEdvcwr6u/Ew07Mnxtgc2gAbV8qRxRtyTER8GsiyD
aCed/zNJQ+VFSoEKukgKIyrQowvj+2qNfiWJJCLFKdfqroL5Jv1zKb++RobcAgD6GyOA4QUrQ2xTZkpinBpRb91rtLTC
/rElCqyV9Iu6TafLpggbBRsMZOz1ln9HEfd3cwp4t2m39OSLUoq6tk7RJJSL12tBPmJ3ifajZ/VSlHehGt6C52jroPUQ
+sdRLPsOpG0DoQlesDlcZ8XC6komqe7QZ+EolbkMzQTuccgOZ8x/MiQB6TAwa9MS0SUYy/7n1qlUweFaWbLGj2p8YvQO
pVWlhpe/FPEHto0HLnifCgAO0enybcUrC9fkBTiX/ad3Or/LJIzp9uyE2EM2hpnUeeOc7WDelzME325V5sb+/yh3KR5y
prYlm7UqPzvM9dY3k8X8LkGXCWwq8RCVWxv2C/DHcmwKS08hBJ1kIx8gnxncoIVbfk9rHW1s8GgS+atAwkyNERJSYWZm
PpQ3ULQRywCQ7ouoC2IGXRRcPphodOC73naL3IW2nZEUR8hAaMXYO2xMV/VmWLSuq9PSQ6h+BrvIAG/RJgtLi7d80sVw
jolrK5hG2Hpdj4APUNdVT1Qal4AyS+XPuwyIYs+osXQyGGgA5C81TgABxATLDQAA69Q4FT4wDYsCAAAAAAFZWg==
"""


LEARNED = (
    *("registry.json", "metrics.json", "encoder.npz", "climatology.npz"),
    "models/random-forest.onnx",
)


@pytest.fixture(scope="module")
def observations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("observations") / "invented.csv"
    days_of(1500).to_csv(path, index=False, na_rep="NA")
    return path


@pytest.fixture(scope="module")
def trained(
    observations: Path, stations: Stations, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("trained")
    with Progress(console=Console(quiet=True)) as progress:
        days = dataset.read(observations, stations)
        train.train(days, ROOT / "data" / "stations.csv", output, progress)
    return output


def test_csv_reads_the_same_compressed_and_with_tomorrows_rain_in_it(
    stations: Stations, tmp_path: Path
) -> None:
    frame = days_of(30)
    frame.loc[3, "RainTomorrow"] = np.nan
    paths = [tmp_path / name for name in ("rains.csv", "rains.csv.gz", "weatherAUS.csv")]
    frame.to_csv(paths[0], index=False, na_rep="NA")
    frame.to_csv(paths[1], index=False, na_rep="NA")
    frame.assign(RISK_MM=9.9).to_csv(paths[2], index=False, na_rep="NA")
    first, *others = (dataset.read(path, stations) for path in paths)
    assert len(first.raw) == 119
    assert (np.diff(first.dates.astype(int)) >= 0).all()
    for other in others:
        np.testing.assert_array_equal(other.raw, first.raw)
        np.testing.assert_array_equal(other.rain_tomorrow, first.rain_tomorrow)
        assert "RISK_MM" not in other.frame


def test_rdata_of_r_itself_reads_as_its_csv(stations: Stations, tmp_path: Path) -> None:
    (tmp_path / "same.csv").write_text(
        ",".join((*COLUMNS, "RainTomorrow")) + "\n"
        "Perth,2020-03-01,NA,30,2.4,4,NA,NA,35,N,SSW,11,NA,NA,33,1010,1008.1,8,7,22,29,Yes,No\n"
        "Sydney,2020-02-29,18.1,25.4,0,NA,8,W,40,NA,S,9,19,60,50,1015.2,1012.2,1,NA,20.2,24.8,No,Yes\n"
    )
    (tmp_path / "weatherAUS.RData").write_bytes(base64.b64decode(INVENTED_RDATA))
    theirs = dataset.read(tmp_path / "weatherAUS.RData", stations)
    ours = dataset.read(tmp_path / "same.csv", stations)
    np.testing.assert_array_equal(theirs.raw, ours.raw)
    np.testing.assert_array_equal(theirs.rain_tomorrow, ours.rain_tomorrow)
    np.testing.assert_array_equal(theirs.dates, ours.dates)
    assert theirs.frame["Date"].tolist() == ["2020-02-29", "2020-03-01"]


def test_row_becomes_numbers(stations: Stations, tmp_path: Path) -> None:
    frame = days_of(1, "2020-12-31", ("Perth",)).assign(WindGustDir="SSW", RainToday="Yes")
    frame.to_csv(tmp_path / "one.csv", index=False)
    days = dataset.read(tmp_path / "one.csv", stations)
    row = days.raw[0]
    assert stations.names[int(row[0])] == "Perth"
    assert row[1] == 366
    assert row[COLUMN["WindGustDir"]] == COMPASS.index("SSW")
    assert row[COLUMN["RainToday"]] == 1
    assert days.period() == ("2020-12-31", "2020-12-31")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Location": "Atlantis"}, "Location = Atlantis"),
        ({"WindDir3pm": "UP"}, "WindDir3pm = UP"),
        ({"RainTomorrow": "Perhaps"}, "RainTomorrow = Perhaps"),
        ({"Date": "soon"}, "Date"),
        ({"Date": np.nan}, "without a Date"),
        ({"Location": np.nan}, "without a Location"),
        ({"MinTemp": "mild"}, "MinTemp = mild, which is no number"),
        ({"Rainfall": np.inf}, "Rainfall = inf"),
    ],
)
def test_strange_values_are_named(
    stations: Stations, tmp_path: Path, change: dict[str, str | float], said: str
) -> None:
    days_of(2).assign(**change).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(Failure, match=said):
        dataset.read(tmp_path / "x.csv", stations)


def test_files_that_are_not_what_they_should_be(stations: Stations, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="scripts/get-data"):
        dataset.read(tmp_path / "nothing.csv", stations)
    days_of(2).drop(columns=["Cloud9am"]).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(Failure, match="lacks the columns Cloud9am"):
        dataset.read(tmp_path / "x.csv", stations)
    for name in ("empty.csv", "empty.RData", "empty.csv.gz"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(Failure, match="cannot be read"):
            dataset.read(tmp_path / name, stations)
    packed = bytearray(gzip.compress(b"Date,Location\n" * 99))
    packed[15:25] = bytes(10)
    (tmp_path / "broken.csv.gz").write_bytes(packed)
    original = lzma.decompress(base64.b64decode(INVENTED_RDATA))
    (tmp_path / "broken.RData").write_bytes(original[: len(original) // 2])
    (tmp_path / "broken.rda").write_bytes(b"\xfd7zXZ\x00 no more")
    for name in ("broken.csv.gz", "broken.RData", "broken.rda"):
        with pytest.raises(Failure, match="cannot be read"):
            dataset.read(tmp_path / name, stations)
    rdata.write_rda(tmp_path / "other.rda", {"x": 1})
    with pytest.raises(Failure, match="no data frame"):
        dataset.read(tmp_path / "other.rda", stations)


def test_what_was_fetched_is_read_where_nothing_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, fetched = tmp_path / "rains.csv.gz", tmp_path / "weatherAUS.RData"
    monkeypatch.setattr(dataset, "OBSERVATIONS", shared)
    monkeypatch.setattr(dataset, "FETCHED", fetched)
    assert dataset.default() == shared
    fetched.touch()
    assert dataset.default() == fetched
    shared.touch()
    assert dataset.default() == shared


def test_split_lies_between_the_years(
    observations: Path, stations: Stations, tmp_path: Path
) -> None:
    days = dataset.read(observations, stations)
    dataset.split(days, tmp_path)
    parts = {path.name: pd.read_csv(path) for path in tmp_path.iterdir()}
    assert parts.keys() == {
        f"{part}_{kind}.csv" for part in ("train", "test") for kind in ("features", "labels")
    }
    assert parts["train_features.csv"]["Date"].max() == "2021-12-31"
    assert parts["test_features.csv"]["Date"].min() == "2022-01-01"
    for part in ("train", "test"):
        assert len(parts[f"{part}_features.csv"]) == len(parts[f"{part}_labels.csv"])
        assert tuple(parts[f"{part}_features.csv"].columns) == COLUMNS


def test_trained_folder_serves_and_evaluates(
    trained: Path, observations: Path, stations: Stations
) -> None:
    days = dataset.read(observations, stations)
    measured = evaluate.recompute(days.test(), trained)
    for model in measured["models"].values():
        assert model["roc_auc"] > 0.7
        assert model["expected_calibration_error"] < 0.1
    for compared in evaluate.parity(days.test(), trained).values():
        assert compared["largest_difference"] <= 1e-5
        assert compared["flipped"] == 0


def test_threshold_and_ranges_come_from_the_training_years(
    trained: Path, observations: Path, stations: Stations
) -> None:
    training = dataset.read(observations, stations).training()
    registry = Artifacts(trained).registry
    assert {card.threshold for card in registry.models} == {training.rain_tomorrow.mean()}
    assert registry.models[0].training.rows == len(training.raw)
    ranges = pd.read_csv(trained / "numeric_ranges.csv").set_index("variable")
    assert len(ranges) == 16
    column = training.raw[:, COLUMN["Humidity3pm"]]
    assert ranges.loc["Humidity3pm", "minimum"] == column.min()


def test_same_days_train_the_same_models(
    trained: Path, observations: Path, stations: Stations, tmp_path: Path
) -> None:
    with Progress(console=Console(quiet=True)) as progress:
        days = dataset.read(observations, stations)
        train.train(days, ROOT / "data" / "stations.csv", tmp_path, progress)
    for name in LEARNED:
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes(), name


def test_altered_figure_is_found(trained: Path) -> None:
    committed = json.loads((trained / "metrics.json").read_text())
    altered = json.loads((trained / "metrics.json").read_text())
    altered["models"]["random-forest"]["brier"] += 2e-9
    altered["models"]["decision-tree"]["roc_curve"]["thresholds"].pop()
    found = dict(evaluate.differences(committed, altered))
    assert "/models/random-forest/brier" in found
    assert "/models/decision-tree/roc_curve/thresholds" in found
    assert dict(evaluate.differences(committed, committed)) == {}
    assert dict(evaluate.differences({"a": 1}, {"b": 1})) == {"": "other members"}
    assert dict(evaluate.differences("x", "y")) == {"": "x, measured y"}


def test_five_cities(stations: Stations, tmp_path: Path) -> None:
    cities = ("Brisbane", "Canberra", "Melbourne", "Perth", "Sydney", "Hobart")
    days_of(500, "2010-01-01", cities).to_csv(tmp_path / "x.csv", index=False)
    days = dataset.read(tmp_path / "x.csv", stations)
    scores = evaluate.five_cities(days, stations, Console(quiet=True))
    assert len(scores) == 4
    assert all(score > 0.6 for score in scores.values())


@pytest.mark.parametrize("part", [["--rows", "100"], ["--models", "decision-tree"]])
def test_trial_must_not_replace_the_real_models(
    monkeypatch: pytest.MonkeyPatch, part: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["train", *part])
    with pytest.raises(SystemExit, match="pass --output"):
        run(train.main)


def test_trial_of_no_days(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["train", "--rows", "0", "--output", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        run(train.main)


def test_folders_that_are_none(
    observations: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = ["--data", str(observations)]
    monkeypatch.setattr("sys.argv", ["train", *command, "--output", str(observations)])
    with pytest.raises(SystemExit, match="no folder to write in"):
        run(train.main)
    monkeypatch.setattr("sys.argv", ["evaluate", *command, "--models", str(tmp_path)])
    with pytest.raises(SystemExit, match="registry"):
        run(evaluate.main)


def test_some_models_alone(
    observations: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    models = ["logistic-regression", "decision-tree"]
    command = ["train", "--data", str(observations), "--output", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*command, "--models", *models])
    run(train.main)
    registry = Artifacts(tmp_path).registry
    assert [card.name for card in registry.models] == sorted(models)
    assert registry.default == "decision-tree"
    assert "random-forest" not in capsys.readouterr().out
    (tmp_path / "metrics.json").unlink()
    monkeypatch.setattr(
        "sys.argv", ["evaluate", "--data", str(observations), "--models", str(tmp_path)]
    )
    with pytest.raises(SystemExit, match=r"metrics\.json cannot be read"):
        run(evaluate.main)


def test_summary_stands_whole_in_eighty_columns(trained: Path) -> None:
    console = Console(width=80, file=io.StringIO(), record=True)
    train.show(trained, dict.fromkeys(Models(Artifacts(trained)).names, 1234.0), console)
    shown = console.export_text()
    assert "…" not in shown
    for name, figures in json.loads((trained / "metrics.json").read_text())["models"].items():
        (line,) = (line for line in shown.splitlines() if line.strip().startswith(name))
        assert f"{figures['roc_auc']:.4f}" in line
        assert f"{figures['threshold']:.4f}" in line


def test_command_trains_into_a_folder(
    observations: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "[of mine]" / ("long" * 20)
    command = ["train", "--data", str(observations), "--output", str(output), "--rows", "3000"]
    monkeypatch.setattr("sys.argv", command)
    run(train.main)
    shown = capsys.readouterr().out
    assert "random-forest" in shown
    assert Models(Artifacts(output)).names
    checksum = hashlib.sha256((output / "registry.json").read_bytes()).hexdigest()
    assert f"To serve these: DATA_DIR='{output}' REGISTRY_CHECKSUM={checksum}\n" in shown
    assert (output / "train_test" / "test_labels.csv").is_file()
    assert not list(output.glob(".training-*"))


def test_days_on_one_side_of_the_split_only(stations: Stations, tmp_path: Path) -> None:
    days_of(20).to_csv(tmp_path / "x.csv", index=False)
    days = dataset.read(tmp_path / "x.csv", stations)
    with (
        pytest.raises(Failure, match="no days from 2022-01-01 to 2024-12-31; fetch all years"),
        Progress(console=Console(quiet=True)) as progress,
    ):
        train.train(days, ROOT / "data" / "stations.csv", tmp_path, progress)
    late = dataset.Dataset(days.raw, days.rain_tomorrow, days.dates + 9999, days.frame)
    with pytest.raises(Failure, match="no days to 2021-12-31"):
        late.training()
    with pytest.raises(Failure, match="No city"):
        evaluate.five_cities(late, stations, Console(quiet=True))


def test_perfect_and_useless_figures() -> None:
    rain = np.tile([0.0, 0.0, 0.0, 1.0], 250)
    perfect = metrics.figures(rain, rain, 0.5)
    assert (perfect["roc_auc"], perfect["brier"], perfect["f1"]) == (1, 0, 1)
    assert perfect["confusion_matrix"] == {
        "true_negatives": 750,
        "false_positives": 0,
        "false_negatives": 0,
        "true_positives": 250,
    }
    useless = metrics.figures(rain, np.full(1000, 0.25), 0.25)
    assert (useless["roc_auc"], useless["balanced_accuracy"]) == (0.5, 0.5)
    assert metrics.expected_calibration_error(rain, np.full(1000, 0.65)) == pytest.approx(0.4)
    assert len(useless["calibration_curve"]["rows"]) == 10
    assert max(perfect["roc_curve"]["thresholds"]) == 1


def test_order_of_days_of_which_the_same_was_said_does_not_matter() -> None:
    generator = np.random.default_rng(7)
    probability = generator.integers(0, 15, 2000) / 20
    rain = (generator.random(2000) < probability).astype(float)
    one = metrics.figures(rain, probability, 0.25)
    for order in (np.argsort(rain), np.argsort(-rain), generator.permutation(2000)):
        other = metrics.figures(rain[order], probability[order], 0.25)
        name = "expected_calibration_error"
        assert other[name] == pytest.approx(one[name], abs=1e-12)
        for curve in ("calibration_curve", "roc_curve"):
            for name, values in one[curve].items():
                assert other[curve][name] == pytest.approx(values, abs=1e-12)


def test_roc_curve_is_no_lower_than_its_steps() -> None:
    """Where a rise is steep, the point at its top counts."""
    rain = np.repeat([1.0, 0.0], 500)
    probability = np.concatenate([np.linspace(0.5, 1, 500), np.linspace(0, 0.4, 500)])
    curve = metrics.figures(rain, probability, 0.5)["roc_curve"]
    assert (0.0, 1.0) in zip(curve["false_positive_rate"], curve["true_positive_rate"], strict=True)


def test_figures_by_station() -> None:
    rain = np.tile([0.0, 0.0, 0.0, 1.0], 250)
    station = np.repeat([0, 1], 500)
    rain[500:] = 0.0  # the second has no rainy day, and the third no day at all
    found = metrics.by_station(rain, np.full(1000, 0.25), station, ["Here", "There", "Nowhere"])
    assert found.keys() == {"Here"}
    assert found["Here"] == {
        "rows": 500,
        "rain_rate": 0.25,
        "roc_auc": 0.5,
        "brier": 0.1875,
        "brier_skill_score": 0,
    }
    perfect = metrics.by_station(rain, rain, station, ["Here", "There"])["Here"]
    assert (perfect["brier_skill_score"], perfect["roc_auc"]) == (1, 1)
