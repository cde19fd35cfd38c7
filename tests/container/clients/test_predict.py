import pytest

from .api import Api

WET = {
    "Location": "Sydney",
    "Date": "2024-06-06",
    "MinTemp": 12.1,
    "MaxTemp": 15.2,
    "Rainfall": 14.2,
    "Evaporation": 1.2,
    "Sunshine": 0.0,
    "WindGustDir": "S",
    "WindGustSpeed": 56,
    "WindDir9am": "S",
    "WindDir3pm": "SSE",
    "WindSpeed9am": 20,
    "WindSpeed3pm": 30,
    "Humidity9am": 93,
    "Humidity3pm": 95,
    "Pressure9am": 1009.1,
    "Pressure3pm": 1006.3,
    "Cloud9am": 8,
    "Cloud3pm": 8,
    "Temp9am": 13.0,
    "Temp3pm": 13.4,
    "RainToday": "Yes",
}
DRY = {
    "Location": "Sydney",
    "Date": "2024-09-06",
    "MinTemp": 11.3,
    "MaxTemp": 26.2,
    "Rainfall": 0,
    "Evaporation": 6.2,
    "Sunshine": 11.1,
    "WindGustDir": "WNW",
    "WindGustSpeed": 31,
    "WindDir9am": "W",
    "WindDir3pm": "NE",
    "WindSpeed9am": 9,
    "WindSpeed3pm": 13,
    "Humidity9am": 42,
    "Humidity3pm": 25,
    "Pressure9am": 1026.1,
    "Pressure3pm": 1023.3,
    "Cloud9am": 0,
    "Cloud3pm": 0,
    "Temp9am": 18.0,
    "Temp3pm": 25.4,
    "RainToday": "No",
}
LITTLE = {"Location": "Hobart", "Date": "2024-03-01", "Humidity3pm": 70}


def test_wet_and_dry(api: Api, model: str) -> None:
    """A wet day's weather means rain tomorrow, and a dry day's does not."""
    answer = api.post("/predict", {"model": model, "observations": [WET, DRY]})
    assert answer.status_code == 200
    wet, dry = answer.json()["predictions"]
    assert 0 <= dry["probability"] < 0.2
    assert 0.5 < wet["probability"] <= 1
    assert (wet["rain_tomorrow"], dry["rain_tomorrow"]) == (True, False)
    assert "filled" not in wet


def test_answer(api: Api, model: str) -> None:
    """The answer names its model, holds to its threshold, and says so in a sentence."""
    answer = api.post("/predict", {"model": model, "observation": WET}).json()
    prediction = answer["prediction"]
    assert answer["model"] == model
    assert prediction["rain_tomorrow"] == (prediction["probability"] >= prediction["threshold"])
    assert "Sydney" in prediction["message"]


def test_unknown_values_are_filled(api: Api, model: str) -> None:
    """What the caller does not know is filled, and reported."""
    answer = api.post("/predict", {"model": model, "observation": LITTLE}).json()
    filled = answer["prediction"]["filled"]
    assert len(filled) == 22 - len(LITTLE)
    assert not filled.keys() & LITTLE.keys()
    assert answer["fill"]["strategy"] == "climatology"


def test_draws(api: Api, model: str) -> None:
    """Many draws give an interval around the probability."""
    body = {"model": model, "observation": LITTLE, "fill": {"draws": 200}}
    prediction = api.post("/predict", body).json()["prediction"]
    low, high = prediction["interval"]
    assert 0 <= low < prediction["probability"] < high <= 1


def test_seed(api: Api, model: str) -> None:
    """The same request and seed give the same bytes, whichever replica answers."""
    body = {"model": model, "observation": LITTLE, "fill": {"draws": 7, "seed": 11}}
    close = {"Connection": "close"}
    answers = {api.post("/predict", body, headers=close).content for _ in range(10)}
    assert len(answers) == 1


def test_list(api: Api, model: str) -> None:
    """A list is answered in its order, each row as if it had come alone."""
    body = {"model": model, "observations": [WET, DRY] * 20}
    many = api.post("/predict", body).json()["predictions"]
    alone = [
        api.post("/predict", {"model": model, "observation": day}).json()["prediction"]
        for day in (WET, DRY)
    ]
    for row, prediction in enumerate(many):
        expected = alone[row % 2]["probability"]
        assert prediction["probability"] == pytest.approx(expected, abs=1e-6)


def test_all(api: Api, model: str) -> None:
    """The answer is the same when all models are asked at once."""
    together = api.post("/predict", {"model": "all", "observation": WET}).json()
    alone = api.post("/predict", {"model": model, "observation": WET}).json()
    assert together["models"][model]["prediction"] == alone["prediction"]


def test_names(api: Api, model: str) -> None:
    """Field names are taken in any case, with underscores and hyphens."""
    body = {"location": "Sydney", "humidity_3pm": 81, "wind-gust-dir": "SSE"}
    answer = api.post("/predict", {"model": model, "observation": body, "fill": {"seed": 1}})
    assert answer.status_code == 200
    assert not {"Humidity3pm", "WindGustDir"} & answer.json()["prediction"]["filled"].keys()


def test_action(api: Api, model: str) -> None:
    """The function called as a function gives the same answer."""
    body = {"model": model, "observation": LITTLE, "fill": {"seed": 3}}
    called = api.post("/", {"action": "predict", **body})
    assert called.content == api.post("/predict", body).content
