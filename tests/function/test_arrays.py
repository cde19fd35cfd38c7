"""Learned arrays, read from files."""

from collections.abc import Callable

import numpy as np
import pytest

from function import arrays
from function.artifacts import Artifacts
from function.climatology import Climatology
from function.encode import Climate
from function.problems import DeploymentError


def test_arrays_come_back_as_they_were_learned(artifacts: Artifacts) -> None:
    climate = arrays.read(Climate, artifacts, "encoder.npz")
    assert climate.latitude.shape == (49,)
    assert np.isfinite(climate.seasonal).all()


def test_not_listed(artifacts: Artifacts) -> None:
    with pytest.raises(DeploymentError, match=r"does not list nothing\.npz"):
        arrays.read(Climate, artifacts, "nothing.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY"])
def test_damaged(learned: Callable[[str, bytes], Artifacts], content: bytes) -> None:
    with pytest.raises(DeploymentError, match=r"encoder\.npz is damaged .*; restore the file"):
        arrays.read(Climate, learned("encoder.npz", content), "encoder.npz")


def test_arrays_of_something_else(
    learned: Callable[[str, bytes], Artifacts], artifacts: Artifacts
) -> None:
    swapped = learned("climatology.npz", artifacts.read("encoder.npz"))
    with pytest.raises(DeploymentError, match=r"climatology\.npz is damaged \(.*quantiles"):
        arrays.read(Climatology, swapped, "climatology.npz")
