from .api import MODELS, Api


def test_ready(api: Api) -> None:
    """Every model says that it is ready."""
    answer = api.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["models"] == list(MODELS)


def test_live(api: Api) -> None:
    """The process is alive."""
    assert api.get("/health/live").json() == {"status": "ok"}


def test_status(api: Api) -> None:
    """The status names the version and the revision."""
    status = api.get("/status").json()
    assert status["status"] == "ok"
    assert status["version"]
    assert status["revision"]


def test_models(api: Api) -> None:
    """All four models are listed, available, and one of them is the default."""
    answer = api.get("/models").json()
    assert [model["name"] for model in answer["models"]] == list(MODELS)
    assert all(model["available"] for model in answer["models"])
    assert [m["name"] for m in answer["models"] if m["default"]] == [answer["default"]]


def test_models_tell_their_files(api: Api) -> None:
    """Each model tells the digest and the size of its file, and the years that it learned from."""
    for model in api.get("/models").json()["models"]:
        assert len(model["sha256"]) == 64
        assert model["size_bytes"] > 0
        assert model["training"]["to"] < "2022"


def test_stations(api: Api) -> None:
    """There are 49 stations in Australia."""
    stations = api.get("/stations").json()["stations"]
    assert len(stations) == 49
    for station in stations:
        assert -45 < station["latitude"] < -10
        assert 110 < station["longitude"] < 170


def test_index(api: Api) -> None:
    """The index lists the routes."""
    routes = api.get("/", headers={"Accept": "application/json"}).json()["routes"]
    assert {"/predict", "/metrics", "/random-fill"} <= {route["path"] for route in routes}


def test_request_id(api: Api) -> None:
    """An answer carries the caller's request id."""
    answer = api.get("/status", headers={"X-Request-Id": "tester-1"})
    assert answer.headers["X-Request-Id"] == "tester-1"


def test_head(api: Api) -> None:
    """HEAD works where GET does."""
    answer = api.session.head(api.url + "/status", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
