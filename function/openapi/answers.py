"""What the function answers, as types: for the description of the API, and to hold it to them.

Answers are written without these (`function.reply`), which takes half the time; tests decode real
ones as them.
"""

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from function.fill import Strategy
from function.observation import COLUMNS
from function.stations import Station

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
FieldName = Literal[COLUMNS]  # type: ignore[valid-type]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    pass


class FieldError(_Answer):
    """A bad field: a JSON pointer (RFC 6901) into what was sent, and what is wrong."""

    pointer: str
    message: str


class Problem(_Answer):
    """Why there is no answer (RFC 9457); `errors` names every bad field."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    errors: list[FieldError] | UnsetType = UNSET


class Prediction(_Answer):
    """Whether it will rain on the day after the observation.

    `probability` is the mean over the draws, `interval` their 5th and 95th percentile, with more
    than one; `filled` holds the values that the first draw put in, where any was missing;
    `sensitivity`, where asked for with `explain`, by how much the answer's spread would shrink
    were a missing field known: 0.25 is a quarter.
    """

    rain_tomorrow: bool
    probability: Share
    threshold: Share
    message: str
    interval: Annotated[list[Share], Meta(min_length=2, max_length=2)] | UnsetType = UNSET
    filled: dict[str, float | str] | UnsetType = UNSET
    sensitivity: dict[str, Share] | UnsetType = UNSET


class FillUsed(_Answer):
    """How missing values were filled; with this seed the same request gets the same answer."""

    strategy: Strategy
    draws: Annotated[int, Meta(ge=1, le=1000)]
    seed: Count


class FillOnce(_Answer):
    """How missing values were filled, once."""

    strategy: Strategy
    seed: Count


class OneOfOneModel(_Answer):
    """Prediction for an observation."""

    model: str
    prediction: Prediction
    fill: FillUsed


class ManyOfOneModel(_Answer):
    """Predictions for a list, in its order."""

    model: str
    predictions: list[Prediction]
    fill: FillUsed


class One(_Answer):
    """Prediction of one of the models."""

    prediction: Prediction


class Many(_Answer):
    """Predictions of one of the models."""

    predictions: list[Prediction]


class OneOfAllModels(_Answer):
    """Prediction of every model for an observation, all on the same draws."""

    model: Literal["all"]
    models: dict[str, One]
    fill: FillUsed


class ManyOfAllModels(_Answer):
    """Predictions of every model for a list, all on the same draws."""

    model: Literal["all"]
    models: dict[str, Many]
    fill: FillUsed


class FilledObservation(_Answer):
    """Observation, completed, and which fields were filled."""

    observation: dict[str, float | str | None]
    filled: list[FieldName]
    fill: FillOnce


class FilledObservations(_Answer):
    """Observations, completed, and which fields of each were filled."""

    observations: list[dict[str, float | str | None]]
    filled: list[list[FieldName]]
    fill: FillOnce


TestSet = msgspec.defstruct(
    "TestSet",
    [("from", dt.date), ("to", dt.date), ("rows", Count), ("rain_rate", Share)],
    forbid_unknown_fields=True,
)
Training = msgspec.defstruct(
    "Training",
    [("from", dt.date), ("to", dt.date), ("rows", Count)],
    forbid_unknown_fields=True,
)


class ConfusionMatrix(_Answer):
    """Days of the test set by what was foretold and what came."""

    true_negatives: Count
    false_positives: Count
    false_negatives: Count
    true_positives: Count


class RocCurve(_Answer):
    """Rates at every threshold; the first one is beyond all probabilities, and null."""

    false_positive_rate: list[Share]
    true_positive_rate: list[Share]
    thresholds: list[float | None]


class CalibrationCurve(_Answer):
    """What came of days that were given about the same probability."""

    mean_probability: list[Share]
    observed_rate: list[Share]
    rows: list[Count]


class StationFigures(_Answer):
    """A model's figures at one station; the skill is against the station's own rain rate."""

    rows: Count
    rain_rate: Share
    roc_auc: Share
    brier: Share
    brier_skill_score: Annotated[float, Meta(le=1)]


class Figures(_Answer):
    """A model's figures on the test set."""

    accuracy: Share
    balanced_accuracy: Share
    precision: Share
    recall: Share
    f1: Share
    roc_auc: Share
    average_precision: Share
    brier: Share
    log_loss: Annotated[float, Meta(ge=0)]
    expected_calibration_error: Share
    confusion_matrix: ConfusionMatrix
    threshold: Share
    roc_curve: RocCurve
    calibration_curve: CalibrationCurve
    stations: dict[str, StationFigures]


class Metrics(_Answer):
    """Every model's figures on the test set."""

    test_set: TestSet  # type: ignore[valid-type]
    models: dict[str, Figures]


class MetricsOfModel(Figures, kw_only=True):
    """One model's figures on the test set."""

    model: str
    test_set: TestSet  # type: ignore[valid-type]


class Model(_Answer):
    """A model, its training and its file."""

    name: str
    title: str
    version: str
    default: bool
    threshold: Share
    training: Training  # type: ignore[valid-type]
    scikit_learn: str
    format: Literal["onnx", "joblib"]
    sha256: Digest
    size_bytes: Count
    available: bool


class Models(_Answer):
    """The models, and which one answers where none is named."""

    default: str
    models: list[Model]


class Stations(_Answer):
    """The 49 stations."""

    stations: list[Station]


class UsualField(_Answer):
    """A field, and what is usual for it at this time of the year.

    `usual` holds a number's 5th, 50th and 95th percentile as `low`, `median` and `high`, the
    `commonest` direction of a wind, or the `share` of days on which the field is true.
    """

    name: FieldName
    title: str
    usual: dict[Literal["low", "median", "high", "commonest", "share"], float | str]
    unit: str | UnsetType = UNSET


class StationDescribed(Station, frozen=True):
    """A station, and the weather that it usually has at this time of the year."""

    date: dt.date
    fields: list[UsualField]


class RouteListed(_Answer):
    """A route, and whether it asks who is calling."""

    method: str
    path: str
    authentication: bool
    summary: str


class Index(_Answer):
    """What there is."""

    name: Literal["rain-tomorrow"]
    version: str
    routes: list[RouteListed]


class Status(_Answer):
    """Version and revision."""

    status: Literal["ok"]
    version: str
    revision: str


class Live(_Answer):
    """The process answers."""

    status: Literal["ok"]


class Ready(_Answer):
    """Every model answers."""

    status: Literal["ok"]
    models: list[str]


class User(_Answer):
    """Whose credentials these are."""

    user: str


class InferenceError(_Answer):
    """Why there is no answer, in the form of the Open Inference Protocol."""

    error: str


class ServerMetadata(_Answer):
    """The server."""

    name: Literal["rain-tomorrow"]
    version: str
    extensions: list[str]


class ServerLive(_Answer):
    """The process answers."""

    live: bool


class ServerReady(_Answer):
    """Every model answers."""

    ready: bool


class ModelReady(_Answer):
    """The model answers."""

    name: str
    ready: bool


class Tensor(_Answer):
    """A tensor that a model takes or gives; -1 is the number of rows."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, str | float] | UnsetType = UNSET


class ModelMetadata(_Answer):
    """A model's tensors, with units and limits in their parameters."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    parameters: dict[str, float]


class OutputTensor(_Answer):
    """A tensor with its data, or with the length of its bytes after the JSON."""

    name: str
    datatype: str
    shape: list[Count]
    data: list[Any] | UnsetType = UNSET
    parameters: dict[str, int] | UnsetType = UNSET


class Inference(_Answer):
    """Probabilities of rain tomorrow, as tensors."""

    model_name: str
    model_version: str
    parameters: FillUsed
    outputs: list[OutputTensor]
    id: str | UnsetType = UNSET


class PredictionEvent(msgspec.Struct):
    """CloudEvent 1.0 with the predictions for an observation event."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    datacontenttype: Literal["application/json"]
    data: dict[str, Any]
