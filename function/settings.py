"""Settings: environment variables, read once when the process starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from function.artifacts import Format
from function.problems import DeploymentError

_DATA: Final = Path(__file__).resolve().parent.parent / "data"
_Positive = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, rename=str.upper):
    """What an operator may set; each variable is a field's name in capitals."""

    data_dir: str = str(_DATA)
    """Folder of the registry and what it lists."""
    credentials_file: str = ""
    """File of users and scrypt hashes; empty: `credentials` in the data folder (demo users)."""
    model_format: Format = "onnx"
    """`onnx`, or `joblib` for the scikit-learn originals (needs the training environment)."""
    model_default: str = ""
    """Model that answers when the caller names none; empty: the registry's."""
    max_body_bytes: _Positive = 8 * 1024 * 1024
    """Largest request body, in bytes."""
    max_rows: _Positive = 10_000
    """Most observations in one request."""
    max_samples: _Positive = 100_000
    """Most rows x draws in one request."""
    k_revision: str = "local"
    """Name of the running revision, as /status reports it; Knative sets it."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables that are set and not empty.

        Raises:
            DeploymentError: A value is not of its kind; the message names the variable.

        """
        known = {name.upper() for name in cls.__struct_fields__}
        given = {name: environment[name] for name in known if environment.get(name)}
        try:
            return msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$.")
            name = place.rstrip("`")
            raise DeploymentError(
                f"The setting {name}={given.get(name)} is not valid ({message}); "
                "docs/settings.md tells what it takes."
            ) from error
