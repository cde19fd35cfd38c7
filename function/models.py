"""The registry of trained models: load, verify, warm up, score.

What is served are ONNX graphs, which are data and not code: opening one runs nothing. The
scikit-learn originals (`MODEL_FORMAT=joblib`) are pickles and the reference that the graphs were
proved against; only they import scikit-learn, and only then.
"""

import importlib.util
import io
import os
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from function import arrays
from function.artifacts import Artifacts, Card, Format
from function.encode import Climate, Encoder, Matrix
from function.observation import FIELDS
from function.problems import DeploymentError

# From 1.29 on the wheels report home unless told otherwise before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"
import onnxruntime

Probabilities = NDArray[np.float64]
Scorer = Callable[[Matrix], Probabilities]
_In = TypeVar("_In", bound=np.generic)
_Out = TypeVar("_Out", bound=np.generic)

INPUT: Final = "features"
OUTPUT: Final = "probability"
_OUTPUTS: Final = [OUTPUT]
_DOUBLES: Final = "tensor(double)"
# Rows encoded or scored at once: bounds the memory, rows x landmarks in a kernel machine, and what
# is computed stays in the processor's cache.
_CHUNK: Final = 256


class Models:
    """The trained models, verified, loaded and warm.

    Args:
        artifacts: The data directory.
        form: `onnx`, or `joblib` for the scikit-learn originals.
        default: Name of the model that answers when the caller names none; an empty one takes
            the registry's.

    Raises:
        DeploymentError: An artifact is missing, altered or does not load, or `default` names
            no model.

    """

    def __init__(self, artifacts: Artifacts, form: Format = "onnx", default: str = "") -> None:
        self.cards = {card.name: card for card in artifacts.registry.models}
        self.form = form
        self.default = default or artifacts.registry.default
        if self.default not in self.cards:
            raise DeploymentError(
                f"MODEL_DEFAULT={self.default} is no model; use one of {', '.join(self.cards)}."
            )
        self._encoder = Encoder(arrays.read(Climate, artifacts, "encoder.npz"))
        self._scorers = {name: self._load(artifacts, card) for name, card in self.cards.items()}
        self.check()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, in the registry's order."""
        return tuple(self.cards)

    def encode(self, raw: NDArray[np.float64]) -> Matrix:
        """Model matrix of raw rows (n, 22); shape (n, features)."""
        return _by_chunks(self._encoder.encode, raw)

    def score(self, name: str, matrix: Matrix) -> Probabilities:
        """Probability of rain tomorrow for each row of a model matrix; shape (n,)."""
        return _by_chunks(self._scorers[name], matrix)

    def check(self) -> None:
        """Let every model answer once; at the start, this also spares the first request the wait.

        Raises:
            DeploymentError: One does not give a probability.

        """
        unknown = np.full((2, len(FIELDS)), np.nan)
        unknown[:, :2] = 0, 1
        matrix = self.encode(unknown)
        for name in self.names:
            # One row goes another way than several.
            for probability in (*self.score(name, matrix[:1]), *self.score(name, matrix)):
                if not 0.0 <= probability <= 1.0:
                    raise DeploymentError(
                        f"The model {name} gave {probability} for a probability; train it anew."
                    )

    def _load(self, artifacts: Artifacts, card: Card) -> Scorer:
        if self.form == "joblib":
            _require_training()  # before the file, which an image for serving lacks as well
        artifact = card.artifacts[self.form]
        content = artifacts.verified(artifact.file, artifact)
        try:
            return _onnx(content) if self.form == "onnx" else _joblib(content, card)
        except DeploymentError:
            raise
        except Exception as error:
            raise DeploymentError(
                f"The model {artifact.file} does not load ({type(error).__name__}: {error}); "
                "restore the file, or install the versions of the lock file."
            ) from error


def _by_chunks(
    function: Callable[[NDArray[_In]], NDArray[_Out]], rows: NDArray[_In]
) -> NDArray[_Out]:
    if len(rows) <= _CHUNK:
        return function(rows)
    starts = range(0, len(rows), _CHUNK)
    return np.concatenate([function(rows[start : start + _CHUNK]) for start in starts])


def _onnx(content: bytes) -> Scorer:
    options = onnxruntime.SessionOptions()
    # The cluster scales pods, not threads; and a thread pool would not survive a fork.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # An arena would keep what the largest request so far has taken, for each model; without one
    # a single row is as fast.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    # Kept to load it anew with other providers, of which there are none: 1.4 MB of all models.
    session._model_bytes = None  # noqa: SLF001
    (read,), (given,) = session.get_inputs(), session.get_outputs()
    if (read.type, given.type, len(given.shape)) != (_DOUBLES, _DOUBLES, 2):
        raise ValueError("it was made for another version of the function; train it anew")

    idle: list[_OneRow] = []

    def score(matrix: Matrix) -> Probabilities:
        probability: Probabilities
        if len(matrix) == 1:
            # Lent to one caller at a time; ONNX Runtime lets the other threads go on meanwhile.
            try:
                one = idle.pop()
            except IndexError:
                one = _OneRow(session)
            probability = one.score(matrix)
            idle.append(one)
            return probability
        (column,) = session.run(_OUTPUTS, {INPUT: matrix.astype(np.float64)})
        probability = column[:, 0]
        return probability

    return score


class _OneRow:
    """A session's way for one row, as most requests have, between buffers that are bound once.

    It takes a quarter less than one that must look at what it gets.
    """

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        (features,) = session.get_inputs()
        self._features = np.zeros((1, features.shape[1]))
        self._probability = np.zeros((1, 1))
        # These are no copies: ONNX Runtime reads and writes the arrays' own memory.
        read, written = map(
            onnxruntime.OrtValue.ortvalue_from_numpy, (self._features, self._probability)
        )
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(INPUT, read)
        self._binding.bind_ortvalue_output(OUTPUT, written)
        self._run = session.run_with_iobinding

    def score(self, matrix: Matrix) -> Probabilities:
        """Probability of rain tomorrow for a matrix of one row; shape (1,)."""
        self._features[:] = matrix
        self._run(self._binding)
        return self._probability.flatten()  # a copy


def _require_training() -> None:
    if not all(importlib.util.find_spec(name) for name in ("joblib", "sklearn")):
        raise DeploymentError(
            "MODEL_FORMAT=joblib needs scikit-learn; install scripts/requirements.txt, "
            "or serve the default, MODEL_FORMAT=onnx."
        )


def _joblib(content: bytes, card: Card) -> Scorer:
    import joblib
    import sklearn

    if sklearn.__version__ != card.scikit_learn:
        raise DeploymentError(
            f"The pickle of {card.name} opens under scikit-learn {card.scikit_learn} only, and "
            f"{sklearn.__version__} is installed; serve MODEL_FORMAT=onnx, which needs neither."
        )
    estimator = joblib.load(io.BytesIO(content))

    def score(matrix: Matrix) -> Probabilities:
        both: Probabilities = estimator.predict_proba(matrix.astype(np.float64))
        return both[:, 1]

    return score
