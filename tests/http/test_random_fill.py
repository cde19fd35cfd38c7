"""Random fill as a caller gets it."""

import csv
from collections.abc import Iterator

import pytest

from function.observation import COLUMNS
from tests.serving import ROOT, Server, serve

KNOWN = {"Location": "Hobart", "Date": "2024-06-30", "MinTemp": 4.5, "Cloud9am": 7}


def test_observation_is_complete_and_keeps_what_was_known(server: Server) -> None:
    answer = server.post("/random-fill", {"observation": KNOWN}).json()
    assert answer.keys() == {"observation", "filled", "fill"}
    assert answer["fill"].keys() == {"strategy", "seed"}
    assert answer["fill"]["strategy"] == "climatology"
    observation = answer["observation"]
    assert tuple(observation) == COLUMNS
    assert None not in observation.values()
    assert observation.items() >= KNOWN.items()
    assert set(answer["filled"]) == set(COLUMNS) - KNOWN.keys()


@pytest.mark.parametrize("strategy", ["climatology", "uniform"])
def test_numbers_lie_in_their_training_range(server: Server, strategy: str) -> None:
    with (ROOT / "data" / "numeric_ranges.csv").open() as lines:
        ranges = {row["variable"]: row for row in csv.DictReader(lines)}
    body = {"observations": [KNOWN] * 200, "fill": {"strategy": strategy, "seed": 2}}
    answer = server.post("/random-fill", body).json()
    assert len(answer["observations"]) == len(answer["filled"]) == 200
    for observation in answer["observations"]:
        for name, row in ranges.items():
            assert float(row["minimum"]) <= observation[name] <= float(row["maximum"])
        assert observation["RainToday"] == ("Yes" if observation["Rainfall"] > 1 else "No")
        assert isinstance(observation["Cloud3pm"], int)


def test_station_is_drawn_where_none_is_given(server: Server) -> None:
    body = {"observations": [{}] * 300, "fill": {"seed": 1}}
    answer = server.post("/random-fill", body).json()
    drawn = {observation["Location"] for observation in answer["observations"]}
    assert len(drawn) > 40
    assert all("Location" in filled for filled in answer["filled"])
    assert all("Date" not in filled for filled in answer["filled"])


def test_seed_reproduces_and_another_differs(server: Server) -> None:
    first = server.post("/random-fill", {"observation": {"Date": "2024-01-05"}})
    fill = first.json()["fill"]
    body = {"observation": {"Date": "2024-01-05"}, "fill": fill}
    assert server.post("/random-fill", body).content == first.content
    other = {**body, "fill": {**fill, "seed": fill["seed"] + 1}}
    assert server.post("/random-fill", other).json()["observation"] != first.json()["observation"]


def test_nothing_missing_fills_nothing(server: Server) -> None:
    whole = server.post("/random-fill", {"observation": KNOWN}).json()["observation"]
    answer = server.post("/random-fill", {"observation": whole}).json()
    assert (answer["observation"], answer["filled"]) == (whole, [])


def test_query_is_refused_as_the_body_says_everything(server: Server) -> None:
    answer = server.post("/random-fill?seed=7&strategy=none", {"observation": KNOWN})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/query/seed",
        "/query/strategy",
    }
    asked = {"action": "random-fill", "observation": KNOWN}
    assert server.post("/?seed=7", asked).json()["errors"][0]["pointer"] == "/query/seed"


def test_none_gives_back_what_came(server: Server) -> None:
    body = {"observation": KNOWN, "fill": {"strategy": "none"}}
    answer = server.post("/random-fill", body).json()
    assert answer["filled"] == []
    assert answer["observation"]["Sunshine"] is None


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function in other processes, with more workers and threads."""
    log = tmp_path_factory.mktemp("other") / "log"
    with serve(log, WORKERS="2", THREADS="3", OMP_NUM_THREADS="2") as running:
        yield running


@pytest.mark.parametrize("strategy", ["climatology", "uniform"])
def test_other_processes_draw_the_same(server: Server, other: Server, strategy: str) -> None:
    body: dict[str, object] = {"observations": [KNOWN, {"Date": "2024-01-05"}]}
    body["fill"] = {"strategy": strategy, "seed": 99}
    expected = server.post("/random-fill", body).content
    assert {other.post("/random-fill", body).content for _ in range(4)} == {expected}
    body = {"model": "all", "observations": [KNOWN, {"Location": "Perth", "Date": "2024-01-05"}]}
    body["fill"] = {"strategy": strategy, "draws": 30, "seed": 99}
    expected = server.post("/predict", body).content
    assert {other.post("/predict", body).content for _ in range(4)} == {expected}
