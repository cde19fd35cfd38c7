import base64

import pytest

from .api import Api

BODY = {"observation": {"Location": "Sydney"}}


def encoded(user: tuple[str, str]) -> str:
    return base64.b64encode(":".join(user).encode()).decode()


def test_every_user(api: Api) -> None:
    """Every user is let in, under the own name."""
    for user in api.users:
        answer = api.stranger("GET", "/whoami", auth=user)
        assert answer.status_code == 200
        assert answer.json() == {"user": user[0]}


def test_older_header(api: Api) -> None:
    """The older header Authentication is taken too, with and without the word Basic."""
    for user in api.users:
        for value in (encoded(user), "Basic " + encoded(user)):
            answer = api.stranger("GET", "/whoami", headers={"Authentication": value})
            assert answer.json() == {"user": user[0]}


@pytest.mark.parametrize(
    ("verb", "path"),
    [("POST", "/predict"), ("POST", "/random-fill"), ("POST", "/"), ("GET", "/whoami")],
)
def test_asked_for(api: Api, verb: str, path: str) -> None:
    """Without credentials the answer is 401, and says what to send."""
    answer = api.stranger(verb, path, json=BODY if verb == "POST" else None)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="rain-tomorrow"')


def test_wrong_password(api: Api) -> None:
    """A wrong password and an unknown user get the same 401."""
    name, password = api.users[0]
    answers = []
    for user in ((name, password + "x"), ("nobody-" + name, password), (name, "")):
        answer = api.stranger("POST", "/predict", json=BODY, auth=user)
        assert answer.status_code == 401
        answers.append(answer.json())
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("value", ["Basic", "Basic !", "Bearer x", "Basic Og==", "x"])
def test_malformed(api: Api, value: str) -> None:
    """A malformed header gets 401."""
    answer = api.stranger("GET", "/whoami", headers={"Authorization": value})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/", "/status", "/models", "/metrics", "/stations"])
def test_public(api: Api, path: str) -> None:
    """What only informs is public."""
    assert api.stranger("GET", path).status_code == 200
