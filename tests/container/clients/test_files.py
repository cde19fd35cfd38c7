import json

from .api import Api

FILL = {"strategy": "climatology", "draws": 20, "seed": 7}
DAYS = [
    {"Location": "Sydney", "Date": "2024-06-01", "MinTemp": 8.4, "WindSpeed9am": 0},
    {"Location": "Sydney", "Date": "2024-06-02", "MinTemp": 11, "WindSpeed9am": 13},
]
# As it is downloaded: Windows-1252, lines before the header, an empty first column, no zeros before
# the days, a calm, and only the columns that this test needs.
BUREAU = (
    '"Daily Weather Observations for Sydney, New South Wales for June 2024"\r\n'
    '"Observations were drawn from Sydney (Observatory Hill) {station 066214}"\r\n\r\n'
    ',"Date","Minimum temperature (\N{DEGREE SIGN}C)","9am wind speed (km/h)"\r\n'
    ",2024-06-1,8.4,Calm\r\n"
    ",2024-06-2,11,13\r\n"
).encode("cp1252")
CSV = "Location,Date,MinTemp,WindSpeed9am\nSydney,2024-06-01,8.4,0\nSydney,2024-06-02,11,13\n"


def path(model: str) -> str:
    return f"/predict?model={model}&strategy=climatology&draws=20&seed=7"


def by_json(api: Api, model: str) -> dict[str, object]:
    document = {"model": model, "observations": DAYS, "fill": FILL}
    answer: dict[str, object] = api.post("/predict", document).json()
    return answer


def test_csv(api: Api, model: str) -> None:
    """A table gets the same figures as a prediction, as JSON and as CSV."""
    headers = {"Content-Type": "text/csv"}
    expected = by_json(api, model)
    assert api.post(path(model), data=CSV, headers=headers).json() == expected
    answer = api.post(path(model), data=CSV, headers={**headers, "Accept": "text/csv"})
    header, *rows = answer.text.splitlines()
    assert header.endswith("WindSpeed9am,probability,rain_tomorrow,interval_low,interval_high")
    said = [float(row.split(",")[4]) for row in rows]
    assert said == [each["probability"] for each in expected["predictions"]]  # type: ignore[attr-defined]


def test_bureau(api: Api, model: str) -> None:
    """A file of the Bureau's, as it is downloaded, gets the same figures as a prediction."""
    answer = api.post(path(model), data=BUREAU, headers={"Content-Type": "text/csv"})
    assert answer.json() == by_json(api, model)


def test_ndjson(api: Api, model: str) -> None:
    """Observations on a line each get the same figures as a prediction."""
    lines = "\n".join(map(json.dumps, DAYS))
    headers = {"Content-Type": "application/x-ndjson"}
    assert api.post(path(model), data=lines, headers=headers).json() == by_json(api, model)


def test_mistakes(api: Api) -> None:
    """A mistake in a file is named with its line and field."""
    wrong = CSV.replace("11", "111")
    answer = api.post("/predict", data=wrong, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/line/3/MinTemp"]


def test_what_is_no_file(api: Api) -> None:
    """What is no table is refused, and what is no file at all."""
    answer = api.post("/predict", data="rain, rain", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 400
    answer = api.post("/predict", data=CSV, headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 415


def test_strangers(api: Api) -> None:
    """A file is read of nobody who did not sign in."""
    headers = {"Content-Type": "text/csv"}
    assert api.stranger("POST", "/predict", data=CSV, headers=headers).status_code == 401
