"""A prediction for whoever asks, in whatever protocol: validated, logged and scored."""

from function.call import Call
from function.forecast import Forecast, forecast
from function.payload import ALL, PredictRequest


def predict(call: Call, document: object) -> tuple[PredictRequest, Forecast]:
    """What a document of /predict asks, and what the models say to it.

    Raises:
        Invalid: Fields are wrong; each is named.
        TooLarge: There are more rows, or rows x draws, than the limits allow.

    """
    service = call.service
    request = service.payloads.predict(document)
    rows = len(request.observations.raw)
    call.log |= {"model": request.model, "rows": rows, "draws": request.fill.draws}
    names = service.models.names if request.model == ALL else (request.model,)
    answer = forecast(request.observations, request.fill, names, service.models, service.filler)
    call.filled = answer.missing if answer.gaps else None
    return request, answer
