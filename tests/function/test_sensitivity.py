"""What would change an answer most, on answers whose parts are known."""

import numpy as np
import pytest

from function.observation import COLUMN, COLUMNS
from function.sensitivity import narrowing

N = 20_000
FIELDS = ("Humidity3pm", "Cloud3pm", "Temp9am", "WindDir9am", "RainToday")


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    generator = np.random.default_rng(5)
    drawn = np.full((N, len(COLUMNS)), 1.0)
    drawn[:, COLUMN["Humidity3pm"]] = generator.standard_normal(N)
    drawn[:, COLUMN["Cloud3pm"]] = generator.integers(0, 9, N)
    drawn[:, COLUMN["Temp9am"]] = generator.standard_normal(N)
    drawn[:, COLUMN["WindDir9am"]] = generator.integers(0, 16, N)
    drawn[:, COLUMN["RainToday"]] = generator.integers(0, 2, N)
    return drawn


@pytest.fixture(scope="module")
def missing() -> np.ndarray:
    return np.isin(COLUMNS, FIELDS)


def test_parts_of_a_sum(samples: np.ndarray, missing: np.ndarray) -> None:
    humidity = samples[:, COLUMN["Humidity3pm"]]
    rained = samples[:, COLUMN["RainToday"]] * 2 - 1
    found = narrowing(samples, missing, 0.5 + 0.08 * humidity + 0.06 * rained)
    assert found.keys() == set(FIELDS)
    assert list(found)[:2] == ["Humidity3pm", "RainToday"]
    # A sum of independent parts: what is left is the other's deviation. Eight groups of a normal
    # variable hold 94 % of its variance.
    assert found["Humidity3pm"] == pytest.approx(1 - (1 - 0.64 * 0.94) ** 0.5, abs=0.02)
    assert found["RainToday"] == pytest.approx(1 - 0.64**0.5, abs=0.02)
    assert max(found[name] for name in ("Cloud3pm", "Temp9am", "WindDir9am")) < 0.005


def test_one_field_is_all(samples: np.ndarray, missing: np.ndarray) -> None:
    found = narrowing(samples, missing, samples[:, COLUMN["WindDir9am"]] / 16)
    assert found["WindDir9am"] == pytest.approx(1)


@pytest.mark.parametrize("answer", [0.0, 0.25, 0.3, 1 / 3, 0.50922844])
def test_nothing_varies(samples: np.ndarray, missing: np.ndarray, answer: float) -> None:
    """Also where the mean of equal numbers is not quite that number."""
    answers = np.full(N, answer)
    assert set(narrowing(samples, missing, answers).values()) == {0.0}
    answers[::2] += 2e-16
    assert set(narrowing(samples, missing, answers).values()) == {0.0}


@pytest.mark.parametrize("field", FIELDS)
def test_the_only_one_that_is_missing_is_all(samples: np.ndarray, field: str) -> None:
    values = samples[:200, COLUMN[field]]
    found = narrowing(samples[:200], np.isin(COLUMNS, [field]), np.tanh(values))
    assert found == {field: 1.0}


def test_whole_numbers_are_groups_of_their_own(samples: np.ndarray, missing: np.ndarray) -> None:
    found = narrowing(samples, missing, np.sin(samples[:, COLUMN["Cloud3pm"]]))
    assert found["Cloud3pm"] == pytest.approx(1)


@pytest.mark.parametrize("draws", [1, 2, 16])
def test_few_draws_are_no_proof(samples: np.ndarray, missing: np.ndarray, draws: int) -> None:
    answers = np.linspace(0, 1, draws)
    found = narrowing(samples[:draws], missing, answers)
    assert all(0 <= part <= 1 for part in found.values())


def test_without_effect_is_nothing_on_average(samples: np.ndarray, missing: np.ndarray) -> None:
    """The correction for the number of groups: 16 directions in 100 draws would seem a lot."""
    generator = np.random.default_rng(6)
    found = [
        narrowing(samples[start : start + 100], missing, generator.random(100))["WindDir9am"]
        for start in range(0, N, 100)
    ]
    assert np.mean(found) < 0.03
