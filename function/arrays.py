"""Reads what training learned as arrays: a struct of them in one .npz file."""

import io
import zipfile
from typing import TypeVar

import msgspec
import numpy as np

from function.artifacts import Artifacts
from function.problems import DeploymentError

Learned = TypeVar("Learned", bound=msgspec.Struct)


def read(kind: type[Learned], artifacts: Artifacts, name: str) -> Learned:
    """Struct of arrays from the .npz file of this name.

    Raises:
        DeploymentError: It is not what it should be.

    """
    content = artifacts.read(name)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return kind(**{field: arrays[field] for field in kind.__struct_fields__})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DeploymentError(f"{name} is damaged ({error}); restore the file.") from error
