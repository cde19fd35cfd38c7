import pytest

from function.problems import DeploymentError
from function.settings import Server, Settings


def test_defaults() -> None:
    settings = Settings.read({"UNRELATED": "1", "MAX_ROWS": ""})
    assert settings == Settings()
    assert settings.max_body_bytes == 8 * 2**20


def test_variables_are_read() -> None:
    settings = Settings.read({"MAX_ROWS": "7", "MODEL_FORMAT": "joblib", "K_REVISION": "rain-7"})
    assert (settings.max_rows, settings.model_format, settings.k_revision) == (
        7,
        "joblib",
        "rain-7",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_ROWS", "many"),
        ("MAX_SAMPLES", "0"),
        ("MODEL_FORMAT", "pmml"),
        ("CORS_ORIGINS", "weather.example"),
        ("CORS_ORIGINS", "https://weather.example/page"),
    ],
)
def test_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(DeploymentError, match=f"{name}={value}"):
        Settings.read({name: value})


@pytest.mark.parametrize(
    "value", ["https://a.example,*", " HTTPS://A.Example , *\n", "*\n,https://a.example\t"]
)
def test_origins_are_as_browsers_write_them(value: str) -> None:
    value = value.replace("HTTPS", "https")
    assert Settings.read({"CORS_ORIGINS": value}).origins() == {"https://a.example", "*"}


def test_port_that_browsers_leave_out_is_left_out() -> None:
    told = "https://a.example:443, http://b.example:80, http://c.example:443, http://[::1]:80"
    known = {"https://a.example", "http://b.example", "http://c.example:443", "http://[::1]"}
    assert Settings.read({"CORS_ORIGINS": told}).origins() == known


def test_the_command_line_comes_before_the_variables() -> None:
    server = Server.of({"PORT": "1", "THREADS": "3"}, ["--port", "2", "--host", "::1"])
    assert (server.host, server.port, server.threads) == ("::1", 2, 3)
    assert Server.of({}, []) == Server()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("THREADS", "0"),
        ("BACKLOG", "1"),
        ("MAX_CONNECTIONS", "1"),
        ("HOST", "localhost"),
        ("GRACE_SECONDS", "9999999999"),
        ("IDLE_SECONDS", "0"),
    ],
)
def test_bad_value_of_the_server_is_named(name: str, value: str) -> None:
    with pytest.raises(DeploymentError, match=f"{name}={value}"):
        Server.of({name: value}, [])
