import pytest

from function.problems import DeploymentError
from function.settings import Settings


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
    ("name", "value"), [("MAX_ROWS", "many"), ("MAX_SAMPLES", "0"), ("MODEL_FORMAT", "pmml")]
)
def test_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(DeploymentError, match=f"{name}={value}"):
        Settings.read({name: value})
