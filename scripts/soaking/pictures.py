"""The picture of a soak: what the server took, minute by minute."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.pictures import style, write
from scripts.soaking.samples import Sample

PICTURE: Final = "soak.svg"


def draw(samples: Sequence[Sample], folder: Path) -> None:
    """Draw memory, descriptors and threads, and latency over the minutes."""
    with style():
        figure = Figure(figsize=(8, 6), layout="constrained")
        memory, counts, latency = figure.subplots(3, 1, sharex=True)
        minutes = [one.minutes for one in samples]
        memory.plot(minutes, [one.memory / 2**20 for one in samples], color="#0b5fa5")
        _label(memory, "Memory (PSS), MiB")
        counts.plot(minutes, [one.descriptors for one in samples], label="descriptors")
        counts.plot(minutes, [one.threads for one in samples], label="threads")
        _label(counts, "Open at the time")
        latency.plot(minutes, [one.p50_ms for one in samples], label="50th percentile")
        latency.plot(minutes, [one.p99_ms for one in samples], label="99th percentile")
        latency.set_yscale("log")
        _label(latency, "Milliseconds")
        latency.set_xlabel("Minutes")
        for axes in (counts, latency):
            axes.legend(frameon=False, fontsize=8)
        write(figure, folder / PICTURE)


def _label(axes: Axes, label: str) -> None:
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0 if axes.get_yscale() == "linear" else None)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
