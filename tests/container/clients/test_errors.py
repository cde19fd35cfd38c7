import pytest

from .api import Api

FINE = {"Location": "Sydney"}


def pointers(api: Api, document: object, path: str = "/predict") -> set[str]:
    answer = api.post(path, document)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {error["pointer"] for error in answer.json()["errors"]}


def test_not_found(api: Api) -> None:
    """An unknown path is 404, also with a slash too many."""
    assert api.get("/predictions").status_code == 404
    assert api.get("/status/").status_code == 404


def test_wrong_verb(api: Api) -> None:
    """A known path with the wrong verb is 405, and says which one is right."""
    answer = api.get("/predict")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("body", ["", "{", "nonsense", '{"observation": '])
def test_not_json(api: Api, body: str) -> None:
    """A body that is not JSON is 400."""
    headers = {"Content-Type": "application/json"}
    assert api.post("/predict", data=body, headers=headers).status_code == 400


def test_other_type(api: Api) -> None:
    """A body of a type that nobody reads is 415."""
    headers = {"Content-Type": "application/xml"}
    assert api.post("/predict", data="<rain/>", headers=headers).status_code == 415


def test_every_field(api: Api) -> None:
    """Every field that is wrong is named at once."""
    day = {"Location": "Sydny", "Humidity3pm": 120, "WindGustDir": "up", "Snow": 1}
    assert pointers(api, {"observation": day}) == {f"/observation/{name}" for name in day}


def test_suggestion(api: Api) -> None:
    """A name that is nearly right is suggested."""
    answer = api.post("/predict", {"observation": {"Location": "Sydny"}})
    assert "Sydney" in answer.json()["errors"][0]["message"]


def test_row(api: Api) -> None:
    """A bad row refuses the whole request, and is named."""
    rows = [FINE, {"Location": "Sydney", "Humidity3pm": -1}]
    assert pointers(api, {"observations": rows}) == {"/observations/1/Humidity3pm"}


def test_options(api: Api) -> None:
    """An unknown model and bad options for filling are named."""
    fill = {"strategy": "guess", "draws": 0, "seed": -1}
    assert pointers(api, {"model": "oracle", "observation": FINE, "fill": fill}) == {
        *("/model", "/fill/strategy", "/fill/draws", "/fill/seed")
    }


def test_too_much(api: Api) -> None:
    """More rows than are taken at once is 413."""
    assert api.post("/predict", {"observations": [FINE] * 10_001}).status_code == 413


def test_too_large(api: Api) -> None:
    """A body that is too large is 413, and the next request is answered."""
    headers = {"Content-Type": "application/json"}
    answer = api.post("/predict", data=b" " * (8 * 1024 * 1024 + 1), headers=headers)
    assert answer.status_code == 413
    assert api.get("/status").status_code == 200


def test_no_traces(api: Api) -> None:
    """No answer to a mistake carries a trace or a path of the server."""
    for path, body in (("/predict", {"observation": 1}), ("/", {"action": []}), ("/x", {})):
        text = api.post(path, body).text
        assert "Traceback" not in text
        assert "/app/" not in text
