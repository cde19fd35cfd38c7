import pytest

from .api import Api

KNOWN = {"Location": "Darwin", "Date": "2024-01-15", "Humidity3pm": 80}


@pytest.mark.parametrize("strategy", ["climatology", "uniform"])
def test_complete(api: Api, strategy: str) -> None:
    """A day is completed, and what was known stays."""
    body = {"observation": KNOWN, "fill": {"strategy": strategy}}
    answer = api.post("/random-fill", body).json()
    assert answer["observation"].items() >= KNOWN.items()
    assert None not in answer["observation"].values()
    assert len(answer["filled"]) == 22 - len(KNOWN)


def test_none(api: Api) -> None:
    """The strategy none fills nothing."""
    answer = api.post("/random-fill", {"observation": KNOWN, "fill": {"strategy": "none"}}).json()
    assert answer["filled"] == []
    assert answer["observation"]["Sunshine"] is None


def test_from_nothing(api: Api) -> None:
    """From nothing at all, a whole day somewhere in Australia is drawn."""
    observation = api.post("/random-fill", {"observation": {}}).json()["observation"]
    names = {station["name"] for station in api.get("/stations").json()["stations"]}
    assert observation["Location"] in names
    assert None not in observation.values()


def test_seed(api: Api) -> None:
    """A seed decides, and another one differs."""
    one, two, other = (
        api.post("/random-fill", {"observation": KNOWN, "fill": {"seed": seed}}).json()
        for seed in (4, 4, 5)
    )
    assert one == two
    assert one["observation"] != other["observation"]


def test_random(api: Api) -> None:
    """Without a seed, no two days are alike, whichever replica answers."""
    body = {"observations": [KNOWN] * 50}
    days = [
        tuple(day.items())
        for _ in range(4)
        for day in api.post("/random-fill", body, headers={"Connection": "close"}).json()[
            "observations"
        ]
    ]
    assert len(set(days)) == 200


def test_physical(api: Api) -> None:
    """Drawn days obey physics: no minimum above the maximum, and rain today where it rained."""
    body = {"observations": [{"Location": "Cairns", "Date": "2024-02-01"}] * 100}
    for day in api.post("/random-fill", body).json()["observations"]:
        assert day["MinTemp"] <= day["Temp9am"] <= day["MaxTemp"]
        assert day["WindSpeed3pm"] <= day["WindGustSpeed"]
        assert (day["RainToday"] == "Yes") == (day["Rainfall"] > 1)


def test_predict_takes_it(api: Api) -> None:
    """A drawn day can be sent on to predict, which then fills nothing."""
    day = api.post("/random-fill", {"observation": KNOWN}).json()["observation"]
    answer = api.post("/predict", {"observation": day})
    assert answer.status_code == 200
    assert "filled" not in answer.json()["prediction"]
