"""What was learned: the data directory's registry, and its files, verified as they are read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from function.problems import DeploymentError

Format = Literal["onnx", "joblib"]


class Checksum(msgspec.Struct, frozen=True):
    """What a committed file must be: its sha256 (hexadecimal) and size."""

    sha256: str
    size_bytes: int


class Artifact(Checksum, frozen=True):
    """A model's file, relative to the data directory."""

    file: str


class Training(msgspec.Struct, frozen=True):
    """What a model was trained on: first and last day (ISO), and number of rows."""

    from_: str = msgspec.field(name="from")
    to: str
    rows: int


class Card(msgspec.Struct, frozen=True):
    """A model's entry in the registry; `threshold` is the probability from which it says rain."""

    name: str
    title: str
    version: str
    threshold: float
    training: Training
    scikit_learn: str
    artifacts: Mapping[Format, Artifact]


class Registry(msgspec.Struct, frozen=True):
    """`registry.json`: the models, and the checksum of every other learned file."""

    default: str
    version: str
    files: Mapping[str, Checksum]
    models: tuple[Card, ...]


class Artifacts:
    """The data directory.

    The registry holds the checksum of every file that is read, so that whoever knows the registry's
    own knows all of it.

    Args:
        data: Its path.
        sha256: What the registry must have; None, while it is being made, takes any.

    Raises:
        DeploymentError: `registry.json` is missing or is not what it should be.

    """

    def __init__(self, data: Path, sha256: str | None = None) -> None:
        self._data = data
        path = data / "registry.json"
        try:
            content = path.read_bytes()
            self.registry = msgspec.json.decode(content, type=Registry)
        except OSError as error:
            raise DeploymentError(
                f"The registry {path} cannot be read ({error.strerror}); "
                "point DATA_DIR at the project's data folder."
            ) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DeploymentError(
                f"The registry {path} is damaged ({error}); restore the file."
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if sha256 not in {None, found}:
            raise DeploymentError(
                f"The registry {path} is not the one that belongs to this version; restore the "
                f"file, or, if you trained the models anew, set REGISTRY_CHECKSUM={found}."
            )

    def read(self, file: str) -> bytes:
        """Content of one of the registry's `files`, verified; raises `DeploymentError`."""
        if file not in self.registry.files:
            raise DeploymentError(
                f"The registry in {self._data} does not list {file}; restore the data folder."
            )
        return self.verified(file, self.registry.files[file])

    def verified(self, file: str, expected: Checksum) -> bytes:
        """Content of a file that is what it must be.

        Raises:
            DeploymentError: The file is missing, truncated or altered.

        """
        path = self._data / file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DeploymentError(
                f"{path} cannot be read ({error.strerror}); restore the file."
            ) from error
        if hashlib.sha256(content).hexdigest() != expected.sha256:
            raise DeploymentError(
                f"{path} is not the file that the registry describes (it has {len(content)} bytes "
                f"of {expected.size_bytes}, or other content); restore the file."
            )
        return content
