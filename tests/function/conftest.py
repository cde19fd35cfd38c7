"""The committed data, loaded once."""

import pytest

from function.artifacts import Artifacts
from function.fill import Filler
from function.models import Models
from function.stations import Stations
from tests.serving import ROOT


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    return Artifacts(ROOT / "data")


@pytest.fixture(scope="session")
def stations(artifacts: Artifacts) -> Stations:
    return Stations.parse(artifacts.read("stations.csv"))


@pytest.fixture(scope="session")
def filler(artifacts: Artifacts) -> Filler:
    return Filler.parse(artifacts.read("numeric_ranges.csv"))


@pytest.fixture(scope="session")
def models(artifacts: Artifacts) -> Models:
    return Models(artifacts)
