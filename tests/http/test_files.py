"""Files as bodies of /predict."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from scripts.training import dataset
from tests import bureau
from tests.http.test_bad_input import PROBLEM, errors
from tests.http.test_predict import DRY, FEW, MODELS, WET
from tests.serving import Server, serve

SUNSHINE = "must be a number from 0 to 16 (hours)"
A_DATE = "must be a date such as 2024-06-30"
NO_STATION = "is none of the 49 stations (GET /stations); did you mean Sydney?"
HALF = {"Date": "2024-06-03", "MinTemp": 8.4, "Rainfall": 0.2, "Temp9am": 11.5, "WindSpeed9am": 0}
MONTH = [
    {**WET, "Location": "Sydney", "Date": "2024-06-01"},
    {**DRY, "Location": "Sydney", "Date": "2024-06-02"},
    HALF,
]


def send(server: Server, body: bytes | str, query: str = "", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.encode() if isinstance(body, str) else body
    return server.call(
        "POST", f"/predict?{query}", data=content, headers={"Content-Type": "text/csv", **named}
    )


def table(response: requests.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def as_csv(*days: dict[str, Any]) -> str:
    text = io.StringIO()
    names = dict.fromkeys(name for day in days for name in day)
    writer = csv.DictWriter(text, names, restval="NA")
    writer.writeheader()
    writer.writerows(days)
    return text.getvalue()


def by_json(server: Server, days: list[Any], model: str = "all", **fill: Any) -> Any:
    body = {"model": model, "observations": days, "fill": fill}
    response = server.post("/predict", body)
    assert response.status_code == 200, response.text
    return response.json()


def test_csv_is_answered_as_json_would_be(server: Server) -> None:
    answer = send(server, as_csv(WET, DRY, FEW), "model=all&draws=20&seed=7")
    assert answer.json() == by_json(server, [WET, DRY, FEW], draws=20, seed=7)


def test_ndjson_is_answered_as_json_would_be(server: Server) -> None:
    lines = json.dumps(WET) + "\r\n\n" + '{"location": "Sydney"}'
    headers = {"Content-Type": "application/x-ndjson"}
    answer = server.call("POST", "/predict?model=all&seed=7", data=lines, headers=headers)
    assert answer.json() == by_json(server, [WET, {"Location": "Sydney"}], seed=7)


@pytest.mark.parametrize("model", [*MODELS, "all"])
def test_bureau_file_is_answered_as_json_would_be(server: Server, model: str) -> None:
    query = f"model={model}&strategy=uniform&draws=20&seed=7"
    days = [{name: MONTH[0][name] for name in [*bureau.COLUMNS.values(), "Date"] if name}, MONTH[1]]
    expected = by_json(
        server,
        [{**day, "Location": "Sydney"} for day in [*days, HALF]],
        model,
        strategy="uniform",
        draws=20,
        seed=7,
    )
    assert send(server, bureau.file([*days, HALF]), query).json() == expected


@pytest.mark.parametrize(
    ("preamble", "station"),
    [
        (bureau.PREAMBLE, "Sydney"),
        (['"Prepared at 13:05 GMT   IDCJDW5017.202406"', '"{station 014015}"'], "Darwin"),
        (['"Daily Weather Observations for Alice Springs, Northern Territory"'], "AliceSprings"),
        (['"Daily Weather Observations for Perth (Metro), Western Australia"'], "Perth"),
        (['"Prepared at 13:05 GMT   IDCJDW8014.202406"'], "Darwin"),
        (['"IDCJDW2801.202406"', '"{station 070351}"'], "Canberra"),
        ([], "Hobart"),
        (['"Daily Weather Observations for Elliston, South Australia"'], "Hobart"),
    ],
)
def test_station_is_the_preambles_or_the_querys(
    server: Server, preamble: list[str], station: str
) -> None:
    body = bureau.file([HALF], preamble)
    answer = send(server, body, "location=hobart", Accept="text/csv")
    assert [row["Location"] for row in table(answer)] == [station]


def test_station_that_nothing_tells(server: Server) -> None:
    pointers = errors(send(server, bureau.file([HALF], [])))
    assert pointers == {"/line/2/Location": "is required; GET /stations lists them"}


def test_bureau_file_saved_again_as_utf_8(server: Server) -> None:
    body = bureau.file(MONTH)
    again = body.decode("cp1252").replace("\r\n", "\n").encode("utf-8-sig")
    assert send(server, again, "seed=7").json() == send(server, body, "seed=7").json()


def test_bureau_file_is_answered_in_the_data_sets_columns(server: Server) -> None:
    rows = table(send(server, bureau.file(MONTH), "seed=7", Accept="text/csv"))
    assert [row["Date"] for row in rows] == ["2024-06-01", "2024-06-02", "2024-06-03"]
    assert {row["Location"] for row in rows} == {"Sydney"}
    assert (rows[0]["MinTemp"], rows[0]["WindGustDir"], rows[0]["RainToday"]) == (
        "24.1",
        "SE",
        "Yes",
    )
    assert (rows[2]["WindSpeed9am"], rows[2]["WindDir9am"], rows[2]["MaxTemp"]) == ("0", "", "")


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("model", ["logistic-regression", "all"])
@pytest.mark.parametrize("draws", [1, 20])
def test_csv_answer_appends_to_the_observations(
    server: Server, form: str, model: str, draws: int
) -> None:
    days = [{**WET, "RainTomorrow": "Yes"}, {**DRY, "RainTomorrow": "No"}, FEW]
    sent = [{name: day[name] for name in day if name != "RainTomorrow"} for day in days]
    if form == "csv":
        query = f"model={model}&draws={draws}&seed=7"
        rows = table(send(server, as_csv(*days), query, Accept="text/csv"))
        assert [row["RainTomorrow"] for row in rows] == ["Yes", "No", "NA"]
    else:
        body = {"model": model, "observations": sent, "fill": {"draws": draws, "seed": 7}}
        rows = table(server.post("/predict", body, headers={"Accept": "text/csv"}))
    assert [(row["Location"], row["Date"]) for row in rows] == [
        (day["Location"], day["Date"]) for day in days
    ]
    answer = by_json(server, sent, model, draws=draws, seed=7)
    for name, part in (answer.get("models") or {model: answer}).items():
        prefix = f"{name}_" if model == "all" else ""
        for row, prediction in zip(rows, part["predictions"], strict=True):
            assert float(row[f"{prefix}probability"]) == prediction["probability"]
            assert (row[f"{prefix}rain_tomorrow"] == "Yes") is prediction["rain_tomorrow"]
            interval = [row.get(f"{prefix}interval_{end}") for end in ("low", "high")]
            if draws > 1:
                assert [float(str(end)) for end in interval] == prediction["interval"]
            else:
                assert interval == [None, None]


def test_columns_stand_in_any_order_and_need_not_all_be_there(server: Server) -> None:
    days = [{name: day[name] for name in sorted(FEW, reverse=True)} for day in (FEW, FEW)]
    assert list(days[0]) != list(FEW)
    answer = send(server, as_csv(*days), "model=all&draws=20&seed=7")
    assert answer.json() == by_json(server, [FEW, FEW], draws=20, seed=7)
    without = [{name: day[name] for name in day if name != "Location"} for day in days]
    assert errors(send(server, as_csv(*without))) == {
        f"/line/{line}/Location": "is required; GET /stations lists them" for line in (2, 3)
    }


def test_csv_answer_tells_its_seed(server: Server) -> None:
    first = send(server, as_csv(FEW), "draws=5", Accept="text/csv")
    again = send(server, as_csv(FEW), f"draws=5&seed={first.headers['X-Seed']}", Accept="text/csv")
    assert again.content == first.content


def test_a_large_file_is_answered_in_full(server: Server) -> None:
    body = as_csv(*[DRY] * 10_000)
    rows = table(send(server, body, "model=all", Accept="text/csv"))
    assert len(rows) == 10_000
    assert len({tuple(row.items()) for row in rows}) == 1


def test_query_adds_to_what_json_does_not_say(server: Server) -> None:
    said = {"model": "all", "observation": {**FEW, "Location": None}, "fill": {"draws": 3}}
    answer = server.post("/predict?model=random-forest&draws=9&seed=7&location=sydney", said)
    full = {"model": "all", "observation": FEW, "fill": {"draws": 3, "seed": 7}}
    assert answer.json() == server.post("/predict", full).json()
    unsaid = server.post("/predict?model=random-forest&seed=7", {"observation": FEW})
    assert (unsaid.json()["model"], unsaid.json()["fill"]["seed"]) == ("random-forest", 7)
    assert "" in errors(server.post("/predict?seed=7", []))


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("model=forest", ["/query/model"]),
        ("model=random-forrest&draws=0&seed=-1", ["/query/draws", "/query/model", "/query/seed"]),
        ("draws=1e2", ["/query/draws"]),
        ("draws=" + "9" * 5000, ["/query/draws"]),
        ("strategy=median&drawz=2", ["/query/drawz", "/query/strategy"]),
        ("location=London", ["/query/location"]),
        ("seed=1&seed=2", ["/query/seed"]),
    ],
)
@pytest.mark.parametrize("body", [as_csv(FEW), "no header at all"])
def test_bad_parameters(server: Server, query: str, pointers: list[str], body: str) -> None:
    assert sorted(errors(send(server, body, query))) == pointers


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("Location,Foo\nSydney,1\n", {"/line/1/Foo": "is no column of the data set"}),
        (
            "Location,Humidty3pm\nSydney,1\n",
            {"/line/1/Humidty3pm": "is no column of the data set; did you mean Humidity3pm?"},
        ),
        (
            "Location,MinTemp,min_temp\nSydney,1,2\n",
            {"/line/1/min_temp": "gives MinTemp a second time"},
        ),
        (
            'Date,"9am Temperature (°C)",Temp9am\n2024-1-1,1,2\n',
            {"/line/1/Temp9am": "gives Temp9am a second time"},
        ),
        ("Location,MinTemp\nSydney\n", {"/line/2": "has 1 cells; the header has 2"}),
        ("Location,a/b~c\nSydney,1\n", {"/line/1/a~1b~0c": "is no column of the data set"}),
        (
            'Location,"Min\nTemp",Sunshine\n"\nSydney\n",1,99\nPerth,1,98\n',
            {"/line/1/Min\nTemp": "is no column of the data set; did you mean MinTemp?"},
        ),
        (
            'Location,Sunshine\n"\nSydney\n",99\nPerth,98\n',
            {"/line/2/Sunshine": SUNSHINE, "/line/5/Sunshine": SUNSHINE},
        ),
        ("Location,MinTemp\n\nSydney,1,\n", {"/line/3": "has 3 cells; the header has 2"}),
        (
            "Location,MinTemp\nSydney,1\nSydny,99\n",
            {
                "/line/3/Location": NO_STATION,
                "/line/3/MinTemp": "must be a number from -30 to 60 (deg C)",
            },
        ),
        ("Location,Sunshine\nSydney,1_0\n", {"/line/2/Sunshine": SUNSHINE}),
        ("Location,Sunshine\nSydney,nan\n", {"/line/2/Sunshine": SUNSHINE}),
        ("Location,Sunshine\nSydney,9e999\n", {"/line/2/Sunshine": SUNSHINE}),
        ("Location,Date\nSydney,2024-13-1\n", {"/line/2/Date": A_DATE}),
        ("Location,Date\nSydney,1/6/2024\n", {"/line/2/Date": A_DATE}),
        ("Location,MinTemp\n", {"": "must hold at least one observation"}),
    ],
)  # fmt: skip
def test_bad_tables(server: Server, body: str, named: dict[str, str]) -> None:
    assert errors(send(server, body)) == named


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "has no header"),
        (b"rain, rain, go away\n", "has no header"),
        (b"Location;MinTemp\nSydney;1\n", "has no header"),
        (b"Some words.\n" * 100 + b"Location,MinTemp\nSydney,1\n", "has no header"),
        (b'Location,MinTemp\n"Sydney,1\n', "not CSV: line 2"),
        (b'Location,MinTemp\n"Syd"ney,1\n', "not CSV: line 2"),
        (b"Location,MinTemp\n\xe9,1\n", "not utf-8 (line 2)"),
        ("Location,MinTemp\nSydney,1\n".encode("utf-16"), "not utf-8 (line 1)"),
        (b"," * 20_000 + b"Location\n", "line 1 is too long"),
        (b"Location\n" + b'"' + (b"a" * 9_999 + b"\n") * 20, "field larger than"),
    ],
)
def test_what_is_no_table(server: Server, body: bytes, words: str) -> None:
    response = send(server, body)
    assert (response.status_code, response.headers["Content-Type"]) == (400, PROBLEM)
    assert words in response.json()["detail"]


def test_charset(server: Server) -> None:
    body = "Date,Minimum temperature (°C)\n2024-06-1,9\n".encode("latin-1")
    for charset in ("ISO-8859-1", "latin1", "windows-1252", "cp1252"):
        told = {"Content_Type": f"text/csv; charset={charset}"}
        assert send(server, body, "location=Perth", **told).ok
    assert send(server, as_csv(FEW), Content_Type="text/csv; charset=utf8").ok
    unknown = send(server, body, Content_Type="text/csv; charset=ebcdic")
    assert (unknown.status_code, "ebcdic" in unknown.json()["detail"]) == (400, True)


def test_rows_of_another_length_hide_no_other_mistake(server: Server) -> None:
    body = "Location,Date,Humidity3pm\nHobart,2026-08-12,171\nHobart,x,71\nHobart,2026\nPerth\n"
    named = errors(send(server, body))
    assert named.keys() == {"/line/2/Humidity3pm", "/line/3/Date", "/line/4", "/line/5"}
    assert named["/line/5"] == "has 1 cells; the header has 3"
    assert len(errors(send(server, "Location,Date\n" + "Perth\n" * 1500))) == 1000


@pytest.mark.parametrize(
    "accept",
    [
        *("text/csv; charset=utf-8", "text/csv;header=present"),
        *("text/csv; charset=utf-8; header=present", "application/json;q=0.1, text/csv;charset=a"),
    ],
)
def test_parameters_of_a_type_do_not_matter(server: Server, accept: str) -> None:
    assert table(send(server, as_csv(FEW), Accept=accept))
    others = {"Accept": "application/json; charset=utf-8, text/csv;q=0.1"}
    assert send(server, as_csv(FEW), **others).headers["Content-Type"] == "application/json"
    page = server.call("GET", "/", headers={"Accept": "text/html;charset=utf-8"})
    assert page.headers["Content-Type"].startswith("text/html")


def test_explanation_has_no_place_in_csv(server: Server) -> None:
    body = {"observation": FEW, "fill": {"draws": 50}, "explain": True}
    assert server.post("/predict", body).ok
    answer = server.post("/predict", body, headers={"Accept": "text/csv"})
    assert errors(answer) == {"/explain": "has no place in CSV; ask for JSON"}


def test_null_in_the_body_leaves_it_to_the_query(server: Server) -> None:
    body = {"model": None, "observation": FEW, "fill": {"strategy": None, "seed": None}}
    response = server.post("/predict?strategy=none&seed=7&model=decision-tree", body)
    assert response.json()["fill"] == {"strategy": "none", "draws": 1, "seed": 7}
    assert response.json()["model"] == "decision-tree"


def test_line_that_is_no_json(server: Server) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    body = '{"Location": "Perth"}\n{"Location": }\n'
    response = server.call("POST", "/predict", data=body, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (400, PROBLEM)
    assert response.json()["detail"].startswith("Line 2 is not JSON")
    named = server.call("POST", "/predict", data='{"Location": "Pert"}\n7', headers=headers)
    assert sorted(errors(named)) == ["/line/1/Location", "/line/2"]


def test_limits(server: Server) -> None:
    many = send(server, as_csv(*[FEW] * 10_001))
    assert (many.status_code, many.json()["errors"][0]["pointer"]) == (413, "/line/10002")
    draws = send(server, as_csv(*[FEW] * 200), "draws=501")
    assert (draws.status_code, draws.json()["errors"][0]["pointer"]) == (413, "/query/draws")


def test_as_many_rows_as_are_allowed_may_have_more_columns(tmp_path: Path) -> None:
    """Such as row numbers and what came of the day, which are passed over."""
    day = {"": 1, "Unnamed: 0": 2, **WET, "RISK_MM": 0, "RainTomorrow": "No"}
    assert len(day) == 26
    with serve(tmp_path / "log", MAX_ROWS="30000") as running:
        assert len(send(running, as_csv(*[day] * 30_000)).json()["predictions"]) == 30_000


def test_other_content_types(server: Server) -> None:
    response = send(server, as_csv(FEW), Content_Type="text/plain")
    assert response.status_code == 415
    assert "application/json or text/csv or application/x-ndjson" in response.json()["detail"]


def test_hostile_files_take_no_memory(server: Server) -> None:
    def resident() -> int:
        pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    hostile = [b"," * 8_000_000, b"Location\n" * 800_000, b'"' * 8_000_000, b"\n" * 8_000_000]

    def levels(rounds: int) -> list[int]:
        found = []
        for _ in range(rounds):
            for body in hostile:
                assert 400 <= send(server, body).status_code < 500
            found.append(resident())
        return found

    # The allocator's level goes up and down by tens of megabytes, and what the first ones leave
    # behind is its own: what grows is above the highest of before at the lowest of afterwards.
    before = max(levels(6))
    levels(15)
    # Half a megabyte for each of the 64 between.
    assert min(levels(6)) < before + 32_000_000


@pytest.mark.data
@pytest.mark.parametrize("station", ["Sydney", "AliceSprings", "MountGinini"])
def test_month_of_real_days(server: Server, station: str) -> None:
    frame = pd.read_csv(dataset.OBSERVATIONS, na_values=["NA"])
    month = frame[(frame["Location"] == station) & frame["Date"].str.startswith("2024-06")]
    days: list[dict[str, Any]] = [
        {str(name): value for name, value in day.items() if pd.notna(value)}
        for day in month.drop(columns="RainTomorrow").to_dict("records")
    ]
    assert len(days) == 30
    preamble = [f'"Daily Weather Observations for {station}, somewhere, for June 2024"']
    answer = send(server, bureau.file(days, preamble), "model=all&draws=20&seed=7")
    assert answer.json() == by_json(server, days, draws=20, seed=7)
