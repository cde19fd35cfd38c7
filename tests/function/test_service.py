"""Faults of ours, which no caller can provoke and every caller is spared."""

import flask
import msgspec
import pytest

from function import __version__, main, problems, respond, service
from function.problems import DeploymentError
from function.stations import Stations
from tests.serving import ROOT


def answer(path: str) -> flask.Response:
    """Let the function answer a GET, in this process."""
    with flask.Flask("test").test_request_context(path):
        return flask.make_response(main.handle(flask.request))


def test_fault_of_ours_is_a_500_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_call: object) -> bytes:
        raise RuntimeError("the secret is xyzzy")

    monkeypatch.setattr(respond, "dispatch", fail)
    response = answer("/status")
    assert response.status_code == 500
    assert response.mimetype == problems.CONTENT_TYPE
    assert "xyzzy" not in response.get_data(as_text=True)
    failure, access = map(msgspec.json.decode, capfd.readouterr().out.splitlines())
    assert failure["error"] == "RuntimeError"
    assert "test_service.py" in failure["at"][-1]
    assert "xyzzy" not in str(failure)
    assert access["status"] == 500
    response = answer("/v2/health/live")
    assert response.status_code == 500
    assert msgspec.json.decode(response.data).keys() == {"error"}


def test_not_ready_is_a_503_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise DeploymentError("The model random-forest gave nan for a probability.")

    monkeypatch.setattr(respond._SERVICE.models, "check", broken)
    response = answer("/health/ready")
    assert response.status_code == 503
    assert "random-forest" in msgspec.json.decode(response.data)["detail"]
    for path in ("/v2/health/ready", "/v2/models/random-forest/ready"):
        response = answer(path)
        assert response.status_code == 503
        assert "random-forest" in msgspec.json.decode(response.data)["error"]


def test_damaged_metrics() -> None:
    with pytest.raises(DeploymentError, match=r"metrics\.json"):
        service._metrics(b"{}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"name,number\nA,1\n",
        b"name,number,state,latitude,longitude,timezone\n,,,,,\n",
    ],
)
def test_damaged_stations(content: bytes) -> None:
    with pytest.raises(DeploymentError, match=r"stations\.csv"):
        Stations.parse(content)


def test_versions_agree() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
