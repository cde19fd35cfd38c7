"""Open Inference Protocol v2 over REST, with the binary tensor data extension.

Each field of an observation is an input tensor of its own, and each figure of the answer an output
tensor. The tensors become the document that /predict would be sent, so that its validation, its
limits and its figures are theirs as well. Source: the protocol's own specification,
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from function import __version__, problems
from function.artifacts import Card
from function.body import check_parts, kind, read
from function.call import JSON, Answer, Call
from function.forecast import Score
from function.observation import FIELDS, Field, suggestion
from function.predict import predict
from function.problems import (
    FieldError,
    Invalid,
    NotFound,
    Problem,
)
from function.protocols.inference_request import (
    JSON_LENGTH,
    OUTPUTS,
    observations,
    options,
    parse,
    split,
)
from function.protocols.tensors import DATATYPES, little_endian

BINARY: Final = "application/octet-stream"
_PLATFORMS: Final = {"onnx": "onnx_onnxruntime", "joblib": "sklearn_joblib"}
_NAMED: Final = 20  # bad elements in one sentence
_Figures = Mapping[str, NDArray[Any]]


def speaks(path: str) -> bool:
    """Whether a path is the protocol's."""
    return path == "/v2" or path.startswith("/v2/")


def refuse(problem: Problem | None) -> Answer:
    """Tell a caller what is wrong in the protocol's form; None stands for a failure of ours."""
    status, document = problems.document(problem)
    detail = msgspec.json.decode(document)["detail"]
    if isinstance(problem, Invalid):
        status = 400
        named = [_words(error) for error in problem.errors[:_NAMED]]
        named += [f"and {len(problem.errors) - _NAMED} more"] * (len(problem.errors) > _NAMED)
        detail = f"{detail} {'; '.join(named)}".strip()
    headers = problem.headers if problem else {}
    return Answer(msgspec.json.encode({"error": detail}), JSON, status, headers)


def _words(error: FieldError) -> str:
    """Name an element by tensor and row, where /predict has a pointer into its document."""
    _, *place = error.pointer.split("/")
    if place[0] == "observations":
        return f"{place[2]}[{place[1]}] {error.message}"
    whole = "query" if place[0] == "query" else "parameters"
    return f"{'.'.join([whole, *place[1:]])} {error.message}"


def server(_call: Call) -> Answer:
    """Server metadata."""
    extensions = ["binary_tensor_data"]
    return Answer.of(
        {"name": "rain-tomorrow", "version": __version__, "extensions": extensions}, constant=True
    )


def live(_call: Call) -> Answer:
    """Server live: the process answers."""
    return Answer.of({"live": True})


def ready(call: Call) -> Answer:
    """Server ready: every model answers; raises `Unavailable` otherwise."""
    call.check_models()
    return Answer.of({"ready": True})


def model_ready(call: Call, model: str, version: str = "") -> Answer:
    """Model ready: it answers; raises `NotFound` and `Unavailable`."""
    card = _card(call, model, version)
    call.check_models()
    return Answer.of({"name": card.name, "ready": True})


def model_metadata(call: Call, model: str, version: str = "") -> Answer:
    """Model metadata: the tensors, with units and limits in their parameters."""
    card = _card(call, model, version)
    outputs = [{"name": name, "datatype": kind, "shape": [-1]} for name, kind in OUTPUTS.items()]
    return Answer.of(
        {
            "name": card.name,
            "versions": [card.version],
            "platform": _PLATFORMS[call.service.models.form],
            "inputs": [_described(field) for field in FIELDS],
            "outputs": outputs,
            "parameters": {"threshold": card.threshold},
        },
        constant=True,
    )


def infer(call: Call, model: str, version: str = "") -> Answer:
    """Inference.

    Raises:
        NotFound: There is no such model, or not in this version.
        Malformed: The JSON is none, or not as long as its header tells.
        Invalid: Tensors, parameters or outputs are wrong.
        TooLarge: The body, the rows, or rows x draws exceed a limit.

    """
    card, service = _card(call, model, version), call.service
    call.refuse_parameters()
    kind(call, (JSON, BINARY))
    text, raw = split(read(call), call.environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH"))
    check_parts(text, service.settings.max_rows)
    request = parse(text)
    fill, wanted = options(request)
    rows = list(observations(request.inputs, raw, service.payloads.check_size))
    asked, forecast = predict(call, {"model": card.name, "observations": rows, "fill": fill})
    answer: dict[str, object] = {"model_name": card.name, "model_version": card.version}
    if request.id is not None:
        answer["id"] = request.id
    answer["parameters"] = asked.fill
    return _answer(answer, wanted, _figures(forecast.scores[card.name]))


def _card(call: Call, model: str, version: str) -> Card:
    cards = call.service.models.cards
    if model not in cards:
        raise NotFound(f"There is no such model{suggestion(model, cards)}. GET /models lists them.")
    card = cards[model]
    call.log["model"] = model
    if version not in ("", card.version):
        raise NotFound(f"The model {model} is here in version {card.version} only.")
    return card


def _described(field: Field) -> Mapping[str, object]:
    """Metadata of an input tensor."""
    parameters: dict[str, object] = {"title": field.title}
    if field.kind == "number":
        parameters |= {"unit": field.unit, "minimum": field.minimum, "maximum": field.maximum}
    datatype = next(iter(DATATYPES[field.kind]))
    return {"name": field.name, "datatype": datatype, "shape": [-1], "parameters": parameters}


def _figures(score: Score) -> _Figures:
    """Figures by the names of their outputs; an interval only where there are several draws."""
    rain = np.array(score.rain_tomorrow, dtype=np.bool_)
    figures: dict[str, NDArray[Any]] = {"probability": score.probability, "rain_tomorrow": rain}
    if score.interval is not None:
        figures |= {"interval_low": score.interval[:, 0], "interval_high": score.interval[:, 1]}
    return figures


def _answer(
    document: Mapping[str, object], wanted: Mapping[str, bool], figures: _Figures
) -> Answer:
    """Inference response: the document with the outputs, in JSON or as bytes after it."""
    outputs, raw = [], []
    for name, binary in wanted.items():
        values = figures[name]
        output: dict[str, object] = {"name": name, "datatype": OUTPUTS[name], "shape": values.shape}
        if binary:
            raw.append(little_endian(values))
            output["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            output["data"] = values.tolist()
        outputs.append(output)
    head = msgspec.json.encode({**document, "outputs": outputs})
    if not raw:
        return Answer(head)
    return Answer(b"".join([head, *raw]), BINARY, headers={JSON_LENGTH: str(len(head))})
