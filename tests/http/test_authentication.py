"""Who may call, and what everybody else hears."""

import base64

import pytest
import requests

from tests.serving import Server

CLOSED = [("POST", "/predict"), ("POST", "/random-fill"), ("POST", "/"), ("GET", "/whoami")]


def basic(pair: bytes) -> str:
    """Base64 of user and password."""
    return base64.b64encode(pair).decode()


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_credentials_are_asked_for(server: Server, method: str, path: str) -> None:
    response = requests.request(method, server.url + path, timeout=10)
    assert response.status_code == 401
    expected = 'Basic realm="rain-tomorrow", charset="UTF-8"'
    assert response.headers["WWW-Authenticate"] == expected
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("user", "password"),
    [("alice", "wonderland"), ("bob", "builder"), ("clementine", "mandarine")],
)
def test_demo_users_in_every_form_of_header(server: Server, user: str, password: str) -> None:
    token = basic(f"{user}:{password}".encode())
    for headers in (
        {"Authorization": f"Basic {token}"},
        {"Authorization": f"basic  {token}"},
        {"Authentication": token},
        {"Authentication": f"Basic {token}"},
    ):
        response = requests.get(server.url + "/whoami", headers=headers, timeout=10)
        assert response.json() == {"user": user}


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Basic", "Basic ", "Bearer abc", "Digest x", "Basic !!!", "Basic YWxpY2U"),
        f"Basic {basic(b'alice')}",
        f"Basic {basic(b'')}",
        f"Basic {basic(b':')}",
        f"Basic {basic(b'alice:')}",
        f"Basic {basic(b':wonderland')}",
        f"Basic {basic(b'alice:Wonderland')}",
        f"Basic {basic(b'Alice:wonderland')}",
        f"Basic {basic(b'mallory:wonderland')}",
        f"Basic {basic(bytes([0xFF, 0xFE]) + b':x')}",
        f"Basic {basic(b'alice:wonderland')} trailing",
        "Basic " + "A" * 4000,
        "Basic caf\xe9",
    ],
)
@pytest.mark.parametrize("header", ["Authorization", "Authentication"])
def test_wrong_and_malformed_credentials(server: Server, header: str, authorization: str) -> None:
    sent = {header: authorization.encode("latin-1")}
    response = requests.get(server.url + "/whoami", headers=sent, timeout=10)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_wrong_user_and_wrong_password_get_the_same_answer(server: Server) -> None:
    answers = [
        requests.get(server.url + "/whoami", auth=auth, timeout=10)
        for auth in (("mallory", "wonderland"), ("alice", "builder"))
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers.keys() == answers[1].headers.keys()


def test_authorization_wins_over_the_older_header(server: Server) -> None:
    headers = {
        "Authorization": f"Basic {basic(b'bob:builder')}",
        "Authentication": basic(b"alice:wonderland"),
    }
    assert requests.get(server.url + "/whoami", headers=headers, timeout=10).json() == {
        "user": "bob"
    }
