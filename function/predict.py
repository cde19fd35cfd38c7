"""A prediction for whoever asks, in whatever protocol: validated, logged and scored."""

from typing import Final, get_args

from function import reply
from function.call import Answer, Call, Language
from function.forecast import Forecast, forecast
from function.payload import ALL, PredictRequest


def predict(call: Call, document: object) -> tuple[PredictRequest, Forecast]:
    """What a document of /predict asks, and what the models say to it.

    Raises:
        Invalid: Fields are wrong; each is named.
        TooLarge: There are more rows, or rows x draws, than the limits allow.

    """
    request = call.service.payloads.predict(document)
    return request, score(call, request)


def score(call: Call, request: PredictRequest) -> Forecast:
    """What the models say to a request that was validated; notes it in the log."""
    service = call.service
    rows = len(request.observations.raw)
    call.log |= {"model": request.model, "rows": rows, "draws": request.fill.draws}
    names = service.models.names if request.model == ALL else (request.model,)
    answer = forecast(
        request.observations,
        request.fill,
        names,
        service.models,
        service.filler,
        explain=request.explain,
    )
    call.filled = answer.missing if answer.gaps else None
    return answer


def as_json(call: Call, request: PredictRequest, answer: Forecast) -> Answer:
    """JSON answer, its sentence in the language that the caller likes best."""
    language = call.language()
    body = reply.predictions(request, answer, call.service.stations, language)
    return Answer(body, headers=_LANGUAGES[language])


_LANGUAGES: Final = {name: {"Content-Language": name} for name in get_args(Language)}
