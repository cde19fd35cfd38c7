"""How the documents' pictures are drawn: the same bytes for the same figures, on white."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

COLORS: Final = {
    "decision-tree": "#e08e0b",
    "logistic-regression": "#0b5fa5",
    "random-forest": "#2e8b57",
    "support-vector-machine": "#c1272d",
}
# Text stays text, for readers and for searching.
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "rain-tomorrow",
    "svg.fonttype": "none",
    "font.size": 9,
}


def style() -> Any:
    """Context in which pictures are drawn and written."""
    return mpl.rc_context(STYLE)


def write(figure: Figure, path: Path) -> None:
    """Write a picture as SVG, without a date."""
    figure.savefig(path, metadata={"Date": None, "Creator": None})
