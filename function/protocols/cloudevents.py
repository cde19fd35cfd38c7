"""CloudEvents 1.0 over HTTP: an observation comes as an event, its prediction goes back as one.

The event's data are a document of /predict. The answer comes in the mode of the request, binary or
structured, so that a broker can send it on. Source: the specification and its HTTP binding,
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent

from function import payload, reply
from function.body import read_json
from function.call import EVENT_HEADER, JSON, Answer, Call
from function.observation import LOCATION
from function.payload import PredictRequest
from function.predict import predict
from function.problems import FieldError, Invalid, Malformed, TooLarge, UnsupportedMediaType

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
TYPE: Final = "au.rain-tomorrow.prediction.v1"
"""Type of the events that are sent."""
SOURCE: Final = "/rain-tomorrow"
"""Their source."""
_VERSION: Final = "1.0"
_REQUIRED: Final = ("specversion", "id", "source", "type")
_CARRIED_ON: Final = ("subject", "traceparent", "tracestate")
_ATTRIBUTE: Final = re.compile("[a-z0-9]+")  # the SDK takes others for the same in lower case


def answer(call: Call) -> Answer:
    """Prediction event for an observation event.

    Raises:
        Malformed: An attribute is missing or wrong, or the event or its data are no JSON.
        UnsupportedMediaType: A batch, or data or an event in another format than JSON.
        Invalid: The data are not as /predict wants them; each field is named.
        TooLarge: They are more than the limits allow.

    """
    call.log["action"] = "event"
    structured = call.event_mode() == "structured"
    event = _structured(call) if structured else _binary(call)
    try:
        asked, forecast = predict(call, event.get_data())
    except (Invalid, TooLarge) as problem:
        if not structured:
            raise
        raise type(problem)(problem.detail, _within_data(problem.errors)) from None
    language = call.language()
    predictions = reply.predictions(asked, forecast, call.service.stations, language)
    data = predictions if isinstance(predictions, bytes) else b"".join(predictions)
    subject = _town(call, asked)
    attributes = {"type": TYPE, "source": SOURCE, "datacontenttype": JSON}
    attributes |= {"subject": subject} if subject else {}
    carried = {name: event.get(name) for name in _CARRIED_ON}
    # An empty one is against the specification, and as good as none.
    attributes |= {
        name: value for name, value in carried.items() if value and isinstance(value, str)
    }
    headers, body = _sent(attributes, data, structured=structured)
    kind = headers.pop("content-type")
    return Answer(body, kind, headers={"Content-Language": language, **headers})


def _structured(call: Call) -> CloudEvent:
    """Event whose attributes are in the body, beside its data."""
    if call.request.mimetype == BATCH:
        raise UnsupportedMediaType(
            "A batch of events is not taken; send one event a request, with a list of observations."
        )
    if call.request.mimetype != STRUCTURED:
        raise UnsupportedMediaType(
            f"An event must be JSON; send the header Content-Type: {STRUCTURED}."
        )
    document = payload.decode(read_json(call))
    if not isinstance(document, Mapping):
        raise Malformed("The event is no JSON object.")
    # One that is null is as good as absent (JSON event format, 2.2).
    attributes = {
        name: value
        for name, value in document.items()
        if name not in {"data", "data_base64"} and value is not None
    }
    for name in attributes:
        if not _ATTRIBUTE.fullmatch(name):
            raise Malformed("The event has an attribute whose name is not a-z and 0-9.")
    _check(attributes)
    kind = attributes.get("datacontenttype", JSON)
    if not isinstance(kind, str) or not _is_json(kind):
        raise UnsupportedMediaType(f"The event's data must be {JSON}, as datacontenttype tells.")
    encoded = document.get("data_base64")
    return CloudEvent(attributes, _decoded(encoded) if encoded else document.get("data"))


def _is_json(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower().endswith(("/json", "+json"))


def _binary(call: Call) -> CloudEvent:
    """Event whose attributes are in headers, and whose data are the body."""
    attributes = {
        name.removeprefix(EVENT_HEADER).lower(): value
        for name, value in call.environ.items()
        if name.startswith(EVENT_HEADER)
    }
    _check(attributes)
    body = read_json(call)
    return CloudEvent(attributes, payload.decode(body))


def _check(attributes: Mapping[str, object]) -> None:
    """Refuse an event that lacks an attribute, and name it."""
    for name in _REQUIRED:
        value = attributes.get(name)
        if not isinstance(value, str) or not value:
            raise Malformed(f"The event's attribute {name} is missing, or no text.")
    if attributes["specversion"] != _VERSION:
        raise Malformed(f"The event's attribute specversion must be {_VERSION}.")


def _decoded(encoded: object) -> object:
    try:
        return payload.decode(base64.b64decode(str(encoded), validate=True))
    except (binascii.Error, ValueError):
        raise Malformed("The event's data_base64 is not base64.") from None


def _within_data(errors: Sequence[FieldError]) -> Sequence[FieldError]:
    """Point into the whole event, whose data are a part of it."""
    return [FieldError(f"/data{error.pointer}", error.message) for error in errors]


def _town(call: Call, asked: PredictRequest) -> str:
    """Name of the only station that was asked about, if there is only one."""
    stations = set(asked.observations.raw[:, LOCATION].tolist())
    return call.service.stations.names[int(stations.pop())] if len(stations) == 1 else ""


def _sent(
    attributes: Mapping[str, str], data: bytes, *, structured: bool
) -> tuple[dict[str, str], bytes]:
    """Headers and body of an event; the SDK adds what is missing: specversion, id and time."""
    if structured:
        event = CloudEvent(attributes, msgspec.json.decode(data))
        return to_structured(event, data_marshaller=lambda document: document)
    return to_binary(CloudEvent(attributes, data), data_marshaller=lambda text: text)
