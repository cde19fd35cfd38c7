"""Files at /predict: from the form that a body has to the one that is asked for."""

from typing import Final

import msgspec

from function import payload
from function.body import read_text
from function.call import CSV, JSON, NDJSON, Answer, Call
from function.files import csv_answer, ndjson
from function.files.table import Table
from function.predict import as_json, score
from function.problems import FieldError, TooLarge

SEED: Final = "X-Seed"
"""Header of a CSV answer, which has no other room for the seed."""
_MOST_OTHERS: Final = 1000  # lines that are no rows


def predict(call: Call, form: str) -> Answer:
    """Answer a body of /predict that is no plain JSON, or is to be answered as CSV.

    Args:
        call: The request.
        form: Its body's content type: `JSON`, `CSV` or `NDJSON`.

    Raises:
        Malformed: The body is not what it claims to be.
        Invalid: Parameters, columns or values are wrong; each is named.
        TooLarge: There are more rows, or rows x draws, than the limits allow.

    """
    stations, payloads = call.service.stations, call.service.payloads
    query = payloads.query(call.parameters())
    content = read_text(call)
    table = None
    if form != JSON:
        _check_lines(content, call.service.settings.max_rows)
    if form == CSV:
        charset = call.request.mimetype_params.get("charset", "")
        table = Table(content, charset.casefold(), stations)
        if table.station is not None:
            query = msgspec.structs.replace(query, location=table.station)
        errors: list[FieldError] = []
        request = payloads.predict_rows(table.rows(errors), query, errors)
    elif form == NDJSON:
        request = payloads.predict_rows(ndjson.rows(content), query, [])
    else:
        request = payloads.predict(payload.decode(content), query)
    as_csv = call.preferred((JSON, CSV)) == CSV
    if as_csv and request.explain:
        raise payload.invalid([FieldError("/explain", "has no place in CSV; ask for JSON")])
    forecast = score(call, request)
    if not as_csv:
        return as_json(call, request, forecast)
    answer = csv_answer.predictions(request, forecast, stations, table)
    kind = f"{CSV}; charset=utf-8; header=present"
    return Answer(answer, kind, headers={SEED: str(request.fill.seed)})


def _check_lines(content: bytes, rows: int) -> None:
    """Refuse a file of empty lines, which would be looked through for rows one by one."""
    most = 2 * rows + _MOST_OTHERS  # with room for an empty line after each, or cells with several
    if max(content.count(b"\n"), content.count(b"\r")) > most:
        raise TooLarge(f"The file has more lines than {rows} rows need; send fewer.")
