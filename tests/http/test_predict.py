"""Predictions as a caller gets them."""

import re

import numpy as np
import pytest

from tests.serving import Server

# Invented, complete days.
WET = {
    "Location": "Cairns",
    "Date": "2024-02-10",
    "MinTemp": 24.1,
    "MaxTemp": 28.4,
    "Rainfall": 32.6,
    "Evaporation": 2.2,
    "Sunshine": 0.4,
    "WindGustDir": "SE",
    "WindGustSpeed": 48,
    "WindDir9am": "SSE",
    "WindDir3pm": "ESE",
    "WindSpeed9am": 19,
    "WindSpeed3pm": 22,
    "Humidity9am": 93,
    "Humidity3pm": 91,
    "Pressure9am": 1002.9,
    "Pressure3pm": 1000.4,
    "Cloud9am": 8,
    "Cloud3pm": 8,
    "Temp9am": 25.2,
    "Temp3pm": 26.3,
    "RainToday": "Yes",
}
DRY = {
    "Location": "AliceSprings",
    "Date": "2024-08-03",
    "MinTemp": 3.2,
    "MaxTemp": 24.8,
    "Rainfall": 0,
    "Evaporation": 5.8,
    "Sunshine": 10.6,
    "WindGustDir": "ENE",
    "WindGustSpeed": 26,
    "WindDir9am": "E",
    "WindDir3pm": "ESE",
    "WindSpeed9am": 11,
    "WindSpeed3pm": 13,
    "Humidity9am": 31,
    "Humidity3pm": 12,
    "Pressure9am": 1025.3,
    "Pressure3pm": 1021.0,
    "Cloud9am": 0,
    "Cloud3pm": 0,
    "Temp9am": 11.4,
    "Temp3pm": 24.1,
    "RainToday": "No",
}
FEW = {"Location": "Sydney", "Date": "2024-05-20", "Humidity3pm": 80, "Temp3pm": 17.5}
MODELS = ["decision-tree", "logistic-regression", "random-forest", "support-vector-machine"]


@pytest.mark.parametrize("model", MODELS)
def test_wet_tropics_and_dry_desert(server: Server, model: str) -> None:
    document = server.post("/predict", {"model": model, "observations": [WET, DRY]}).json()
    wet, dry = document["predictions"]
    assert document["model"] == model
    assert wet["probability"] > 0.7
    assert dry["probability"] < 0.1
    assert (wet["rain_tomorrow"], dry["rain_tomorrow"]) == (True, False)
    assert "filled" not in wet


def test_default_model_and_shape_of_a_single_answer(server: Server) -> None:
    document = server.post("/predict", {"observation": WET}).json()
    assert document.keys() == {"model", "prediction", "fill"}
    assert document["model"] == server.call("GET", "/models").json()["default"]
    prediction = document["prediction"]
    assert prediction.keys() == {"rain_tomorrow", "probability", "threshold", "message"}
    assert "Cairns" in prediction["message"]
    assert document["fill"].keys() == {"strategy", "draws", "seed"}
    assert document["fill"]["draws"] == 1


def test_rain_is_said_from_the_threshold_on(server: Server) -> None:
    answer = server.post("/predict", {"model": "all", "observations": [WET, DRY, FEW]}).json()
    for model in answer["models"].values():
        for p in model["predictions"]:
            assert p["rain_tomorrow"] == (p["probability"] >= p["threshold"])


def test_all_models_score_the_same_draws(server: Server) -> None:
    fill = {"draws": 20, "seed": 11}
    every = server.post("/predict", {"model": "all", "observation": FEW, "fill": fill}).json()
    assert every["model"] == "all"
    assert list(every["models"]) == MODELS
    filled = [answer["prediction"]["filled"] for answer in every["models"].values()]
    assert all(values == filled[0] for values in filled)
    for name, answer in every["models"].items():
        one = server.post("/predict", {"model": name, "observation": FEW, "fill": fill}).json()
        assert one["prediction"] == answer["prediction"]


def test_list_keeps_its_order(server: Server) -> None:
    rows = [WET, FEW, DRY]
    fill = {"strategy": "none"}
    answer = server.post("/predict", {"observations": rows, "fill": fill}).json()
    assert len(answer["predictions"]) == 3
    for row, prediction in zip(rows, answer["predictions"], strict=True):
        one = server.post("/predict", {"observation": row, "fill": fill}).json()["prediction"]
        assert prediction["probability"] == pytest.approx(one["probability"], abs=1e-6)


def test_interval_only_with_draws(server: Server) -> None:
    fill = {"strategy": "uniform", "draws": 200, "seed": 7}
    body = {"model": "random-forest", "observation": FEW, "fill": fill}
    low, high = server.post("/predict", body).json()["prediction"]["interval"]
    assert 0 <= low < high <= 1
    single = server.post("/predict", {"observation": FEW}).json()["prediction"]
    assert "interval" not in single


def test_interval_collapses_where_nothing_is_missing(server: Server) -> None:
    fill = {"draws": 100, "seed": 7}
    prediction = server.post("/predict", {"observation": WET, "fill": fill}).json()["prediction"]
    assert prediction["interval"] == [prediction["probability"]] * 2


def test_filled_values_sent_back_give_the_same_probability(server: Server) -> None:
    fill = {"strategy": "uniform", "seed": 3}
    first = server.post("/predict", {"observation": FEW, "fill": fill}).json()["prediction"]
    whole = {**FEW, **first["filled"]}
    again = server.post("/predict", {"observation": whole}).json()["prediction"]
    assert "filled" not in again
    assert again["probability"] == first["probability"]


def test_reported_seed_reproduces_the_answer(server: Server) -> None:
    body = {"model": "all", "observations": [FEW, WET], "fill": {"draws": 5}}
    first = server.post("/predict", body)
    seed = first.json()["fill"]["seed"]
    again = server.post("/predict", {**body, "fill": {"draws": 5, "seed": seed}})
    assert again.content == first.content


def test_seeds_drawn_differ(server: Server) -> None:
    seeds = {
        server.post("/predict", {"observation": FEW}).json()["fill"]["seed"] for _ in range(20)
    }
    assert len(seeds) == 20


def test_strategy_none_fills_nothing(server: Server) -> None:
    body = {"observation": FEW, "fill": {"strategy": "none", "seed": 1, "draws": 3}}
    prediction = server.post("/predict", body).json()["prediction"]
    assert "filled" not in prediction
    assert prediction["interval"] == [prediction["probability"]] * 2


@pytest.mark.parametrize("name", ["Humidity3pm", "humidity3pm", "humidity_3pm", "HUMIDITY-3PM"])
def test_names_match_without_regard_to_case_and_dashes(server: Server, name: str) -> None:
    body = {"observation": {"location": "sydney", "date": "2024-05-20", name: 80}}
    asked = {"fill": {"strategy": "none"}}
    expected = {"Location": "Sydney", "Date": "2024-05-20", "Humidity3pm": 80}
    answer = server.post("/predict", body | asked).json()["prediction"]
    assert answer == server.post("/predict", {"observation": expected} | asked).json()["prediction"]


def test_null_is_missing_and_rain_today_follows_from_rainfall(server: Server) -> None:
    fill = {"fill": {"strategy": "none", "seed": 0}}
    plain = {"Location": "Perth", "Date": "2024-07-01", "Rainfall": 1.2}
    for variant in ({"Humidity9am": None, "Date": "2024-07-01"}, {"RainToday": "Yes"}):
        answer = server.post("/predict", {"observation": plain | variant} | fill)
        assert answer.content == server.post("/predict", {"observation": plain} | fill).content


def test_date_defaults_to_today_in_the_town(server: Server) -> None:
    filled = server.post("/random-fill", {"observation": {"Location": "Perth"}}).json()
    today = np.datetime64("now", "s") + np.timedelta64(8, "h")
    assert abs(np.datetime64(filled["observation"]["Date"]) - today.astype("M8[D]")) <= 1
    assert "Date" not in filled["filled"]


def test_ten_thousand_rows(server: Server) -> None:
    fill = {"strategy": "none"}
    answer = server.post("/predict", {"observations": [WET, DRY] * 5000, "fill": fill}).json()
    probabilities = {round(p["probability"], 6) for p in answer["predictions"]}
    assert len(answer["predictions"]) == 10_000
    assert len(probabilities) == 2


def test_large_answer_is_one_document(server: Server) -> None:
    days = [WET, DRY, {"Location": "Hobart", "Date": "2024-03-01"}] * 200
    answer = server.post("/predict", {"model": "all", "observations": days, "fill": {"seed": 1}})
    assert list(answer.json()) == ["model", "models", "fill"]
    for model, part in answer.json()["models"].items():
        rows = part["predictions"]
        assert len(rows) == len(days)
        for complete, row in ((WET, rows[597]), (DRY, rows[598])):
            alone = server.post("/predict", {"model": model, "observation": complete}).json()
            assert row["probability"] == pytest.approx(alone["prediction"]["probability"], abs=1e-6)
            assert "filled" not in row
        assert len({str(row["filled"]) for row in rows[2::3]}) == 200
    one = server.post("/predict", {"observations": days[:300], "fill": {"seed": 1}}).json()
    assert list(one) == ["model", "predictions", "fill"]
    assert len(one["predictions"]) == 300


CLOSE = {
    "Location": "Sydney",
    "Date": "2024-01-24",
    "MinTemp": 18.7,
    "MaxTemp": 28.2,
    "Humidity3pm": 65,
}


@pytest.mark.parametrize(("language", "percent"), [("en", r"([0-9.]+)%"), ("fr", "([0-9,]+)\xa0%")])
def test_probability_below_the_threshold_never_looks_like_it(
    server: Server, language: str, percent: str
) -> None:
    """Where whole percents would be the same, as many decimals are told as make the difference."""
    close = 0
    days = [{**CLOSE, "Humidity3pm": humidity} for humidity in np.linspace(40, 90, 501).tolist()]
    body = {"model": "all", "observations": days, "fill": {"strategy": "none"}}
    answer = server.post("/predict", body, headers={"Accept-Language": language}).json()
    for model in answer["models"].values():
        for prediction in model["predictions"]:
            probability, threshold = re.findall(percent, prediction["message"])
            as_number = [float(each.replace(",", ".")) for each in (probability, threshold)]
            assert (as_number[0] >= as_number[1]) is prediction["rain_tomorrow"]
            close += "." in probability or "," in probability
    assert close > 0


def test_interval_that_looks_like_a_point_is_not_told(server: Server) -> None:
    days = [{**WET, "Sunshine": None, "Humidity3pm": humidity} for humidity in range(20, 95)]
    body = {"model": "all", "observations": days, "fill": {"draws": 20, "seed": 7}}
    alike = set()
    for model in server.post("/predict", body).json()["models"].values():
        for prediction in model["predictions"]:
            low, high = prediction["interval"]
            same = f"{low:.0%}" == f"{high:.0%}"
            if prediction["rain_tomorrow"]:  # which is told without decimals
                assert ("between" in prediction["message"]) is not same
                alike.add((same, low == high))
    assert {(True, False), (False, False)} <= alike  # there was something to tell apart
