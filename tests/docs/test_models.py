"""The model card shows the figures that the models have."""

import re

import msgspec
import pytest

from tests.serving import ROOT

CARD = (ROOT / "docs" / "models.md").read_text()
METRICS = msgspec.json.decode((ROOT / "data" / "metrics.json").read_bytes())
COLUMNS = (
    *("roc_auc", "brier", "expected_calibration_error", "balanced_accuracy", "accuracy"),
    *("precision", "recall"),
)


@pytest.mark.parametrize("name", METRICS["models"])
def test_figures(name: str) -> None:
    row = "| ".join(
        ["", f"`{name}` ", *(f"{METRICS['models'][name][key]:.4f} " for key in COLUMNS)]
    )
    assert f"{row}|" in CARD


def test_test_set() -> None:
    test_set = METRICS["test_set"]
    row = f"| test | {test_set['rows']:,} | {test_set['from']} | {test_set['to']} | "
    assert f"{row}{100 * test_set['rain_rate']:.1f} % |" in CARD


def test_threshold() -> None:
    (threshold,) = {model["threshold"] for model in METRICS["models"].values()}
    stated = re.search(r"\*\*threshold\*\*, ([0-9.]+) %", CARD)
    assert stated
    assert float(stated[1]) == round(100 * threshold, 1)


def test_every_figure_is_named() -> None:
    for model in METRICS["models"].values():
        others = model.keys() - set(COLUMNS) - {"threshold"}
        assert {name for name in others if f"`{name}`" not in CARD} == set()
