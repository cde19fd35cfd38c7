import pytest

from .api import MODELS, Api

SHARES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc")


def test_all(api: Api) -> None:
    """There are figures of all four models on one test set."""
    answer = api.get("/metrics").json()
    assert set(answer["models"]) == set(MODELS)
    assert answer["test_set"]["from"] > "2021-12-31"
    assert answer["test_set"]["rows"] > 10_000


def test_one(api: Api, model: str) -> None:
    """A model's own figures are the same as in the list."""
    everything = api.get("/metrics").json()
    figures = api.get(f"/metrics/{model}").json()
    assert figures["model"] == model
    assert figures["test_set"] == everything["test_set"]
    for name, value in everything["models"][model].items():
        assert figures[name] == value


def test_shares(api: Api, model: str) -> None:
    """Scores are shares, and the model is better than chance."""
    figures = api.get(f"/metrics/{model}").json()
    for name in SHARES:
        assert 0 < figures[name] < 1
    assert figures["roc_auc"] > 0.8
    assert figures["brier"] < 0.15


def test_confusion_matrix(api: Api, model: str) -> None:
    """The confusion matrix counts every row of the test set, and gives the accuracy."""
    figures = api.get(f"/metrics/{model}").json()
    counts = figures["confusion_matrix"]
    rows = sum(counts.values())
    assert rows == figures["test_set"]["rows"]
    right = counts["true_negatives"] + counts["true_positives"]
    assert right / rows == pytest.approx(figures["accuracy"], abs=1e-6)


def test_unknown(api: Api) -> None:
    """A model that does not exist is not found."""
    assert api.get("/metrics/oracle").status_code == 404


def test_action(api: Api, model: str) -> None:
    """The function called as a function gives the same figures."""
    answer = api.post("/", {"action": "metrics", "model": model})
    assert answer.json() == api.get(f"/metrics/{model}").json()
