"""Everything that a process holds: settings, models, stations, users; built once, only read.

Only the traffic changes, which is counted, the users, when their file does, and who computes.
"""

from pathlib import Path

import msgspec

from function.admission import Admission
from function.artifacts import Artifacts
from function.auth import Credentials
from function.fill import Filler
from function.models import Models
from function.monitoring import Traffic
from function.payload import ALL, Limits, Payloads
from function.pinned import REGISTRY_SHA256
from function.problems import DeploymentError
from function.settings import Settings
from function.stations import Stations


class Metrics(msgspec.Struct, frozen=True):
    """`metrics.json`: the test set, and each model's figures on it, ready to be answered."""

    test_set: msgspec.Raw
    models: dict[str, msgspec.Raw]


class Service:
    """The function's parts, verified and warm.

    Raises:
        DeploymentError: Something is missing or broken; the message says what to do.

    """

    def __init__(self, settings: Settings, admission: Admission | None = None) -> None:
        self.settings = settings
        self.admission = admission or Admission()
        artifacts = Artifacts(
            Path(settings.data_dir), settings.registry_checksum or REGISTRY_SHA256
        )
        self.stations = Stations.parse(artifacts.read("stations.csv"))
        self.filler = Filler.load(artifacts)
        self.metrics = _metrics(artifacts.read("metrics.json"))
        self.models = Models(artifacts, settings.model_format, settings.model_default)
        self.traffic = Traffic((*self.models.names, ALL))
        self.credentials = Credentials.load(
            Path(settings.credentials_file or Path(settings.data_dir) / "credentials"),
            settings.wrong_passwords,
        )
        self.payloads = Payloads(
            self.models.names,
            self.models.default,
            self.stations,
            Limits(settings.max_rows, settings.max_samples),
        )


def _metrics(content: bytes) -> Metrics:
    try:
        return msgspec.json.decode(content, type=Metrics)
    except msgspec.MsgspecError as error:
        raise DeploymentError(
            f"metrics.json is damaged ({error}); make it anew with scripts/train."
        ) from error
