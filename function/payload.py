"""What /predict and /random-fill are asked: JSON decoded, and all validated field by field."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final, cast

import msgspec

from function.fill import DEFAULT, MAX_DRAWS, MAX_SEED, STRATEGIES, Fill, Strategy, new_seed
from function.observation import MAX_ERRORS, Observation, Observations, Reader, pointer, suggestion
from function.problems import FieldError, Invalid, Malformed, TooLarge
from function.sensitivity import MIN_DRAWS
from function.stations import Stations

Row = tuple[str, object]
"""Where an observation stands in a file (`/line/7`), and the observation as a decoded object."""

ALL: Final = "all"
QUERY: Final = ("model", "strategy", "draws", "seed", "location")
"""Parameters of /predict's query."""
_DECODER: Final = msgspec.json.Decoder()
_WHOLE: Final = re.compile("-?[0-9]{1,20}")
_LONGEST_INTEGER: Final = 100  # digits; all that may be valid have less


class PredictRequest(msgspec.Struct, frozen=True):
    """What /predict is asked: by which models, on what, filled how; `many` for a list.

    `explain` asks what would change the answer most.
    """

    model: str
    observations: Observations
    fill: Fill
    many: bool
    explain: bool = False


class FillRequest(msgspec.Struct, frozen=True):
    """What /random-fill is asked."""

    observations: Observations
    fill: Fill
    many: bool


class FillOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to fill, as it is asked for."""

    strategy: Strategy | None = None
    draws: Annotated[int, msgspec.Meta(ge=1, le=MAX_DRAWS)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None


class PredictDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of /predict written just as documented."""

    model: str | None = None
    observation: Observation | None = None  # type: ignore[valid-type]
    observations: list[Observation] | None = None  # type: ignore[valid-type]
    fill: FillOptions | None = None
    explain: bool | None = None


_PREDICT_DECODER: Final = msgspec.json.Decoder(PredictDocument)


class Query(msgspec.Struct, frozen=True):
    """What the query of /predict asks, where the body has no room for it or does not say.

    `location` is the index of the station of observations that name none.
    """

    model: str | None = None
    fill: Mapping[str, object] = {}
    location: float | None = None


NO_QUERY: Final = Query()


class Limits(msgspec.Struct, frozen=True):
    """The most observations, and the most rows x draws, that one request may bring."""

    rows: int
    samples: int


def decode(body: bytes) -> object:
    """Decode a JSON body.

    NaN and Infinity are no JSON, but common clients write them; they are let through to the
    validation, which refuses them and can name the field.

    Raises:
        Malformed: The body is not JSON in UTF-8.

    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    try:
        document = json.loads(body.decode(), parse_int=_integer_of)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair cannot be echoed
    except (ValueError, RecursionError):
        raise Malformed(f"The body is not JSON in UTF-8: {reason}.") from None
    else:
        return document


class Payloads:
    """Validates request documents.

    Args:
        models: Names of the models.
        default_model: The one that answers when a request names none.
        stations: The stations that an observation may be of.
        limits: What one request may bring.

    """

    def __init__(
        self, models: Iterable[str], default_model: str, stations: Stations, limits: Limits
    ) -> None:
        self._models = (*models, ALL)
        self._default_model = default_model
        self._stations = stations
        self._limits = limits

    def predict(self, document: object, query: Query = NO_QUERY) -> PredictRequest:
        """Validate a body of /predict; what it does not say, the query may.

        Raises:
            Invalid: Fields are wrong; each is named.
            TooLarge: There are more rows, or rows x draws, than the limits allow.

        """
        if query is not NO_QUERY:
            return self._thorough(_completed(document, query), query.location)
        try:
            asked = msgspec.convert(document, PredictDocument)
        except msgspec.ValidationError:
            return self._thorough(document)
        return self._quick(asked) or self._thorough(document)

    def read(self, body: bytes) -> PredictRequest:
        """Decode and validate a JSON body of /predict; raises as `decode` and `predict` do."""
        try:
            asked = _PREDICT_DECODER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._thorough(decode(body))
        return self._quick(asked) or self._thorough(decode(body))

    def _quick(self, asked: PredictDocument) -> PredictRequest | None:
        """Take what is written just as documented, as most is; None for anything else."""
        model = self._default_model if asked.model is None else asked.model
        fill = _fill_of(asked.fill)
        one: object = asked.observation
        many: list[Any] | None = asked.observations
        rows = many if one is None else [one]
        if model not in self._models or fill is None or not rows or None not in (one, many):
            return None
        if asked.explain and (many is not None or fill.draws < MIN_DRAWS):
            return None
        if len(rows) > self._limits.rows or len(rows) * fill.draws > self._limits.samples:
            return None
        observations = Reader(self._stations, []).quick(rows)
        if observations is None:
            return None
        return PredictRequest(model, observations, fill, many is not None, bool(asked.explain))

    def _thorough(self, document: object, location: float | None = None) -> PredictRequest:
        """Read what people write as well, or name all that is wrong with it."""
        body = members(document, ("model", "observation", "observations", "fill", "explain"))
        errors = list(body.errors)
        model = self._model(body.given.get("model"), errors)
        fill = _fill(body.given.get("fill"), errors)
        explain = _explain(body.given, fill, errors)
        reader = Reader(self._stations, errors, location)
        observations = self._observations(body.given, reader, fill)
        if errors or observations is None:
            raise invalid(errors)
        return PredictRequest(model, observations, fill, "observations" in body.given, explain)

    def query(self, parameters: Mapping[str, str]) -> Query:
        """Validate the parameters of /predict's query; raises `Invalid`, which names each."""
        body = members(parameters, QUERY, "/query")
        errors, given = list(body.errors), body.given
        model = (
            None if given.get("model") is None else self._model(given["model"], errors, "/query")
        )
        fill = {
            name: _whole(given[name]) for name in ("strategy", "draws", "seed") if name in given
        }
        _fill(fill, errors, "/query")
        location = None
        if "location" in given:
            try:
                location = Reader(self._stations, errors).station(given["location"])
            except ValueError as error:
                errors.append(FieldError("/query/location", str(error)))
        if errors:
            raise invalid(errors)
        return Query(model, fill, location)

    def predict_rows(
        self, rows: Iterable[Row], query: Query, errors: list[FieldError]
    ) -> PredictRequest:
        """Validate the rows of a file, one after the other; raises as `predict` does.

        Whatever makes the rows may add to `errors` on the way.
        """
        reader = Reader(self._stations, errors, query.location)
        observations = reader.read_rows(self._counted(rows))
        if not reader.errors and not observations.dates:
            reader.errors.append(FieldError("", "must hold at least one observation"))
        if reader.errors:
            raise invalid(reader.errors)
        fill = _fill(query.fill, [])
        self._check_samples(len(observations.dates), fill.draws, "/query/draws")
        return PredictRequest(query.model or self._default_model, observations, fill, many=True)

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for count, row in enumerate(rows):
            if count == self._limits.rows:
                message = f"is one too many; at most {count} observations are taken at once"
                raise TooLarge("The file is too long.", [FieldError(row[0], message)])
            yield row

    def random_fill(self, document: object) -> FillRequest:
        """Validate a body of /random-fill; raises as `predict` does."""
        body = members(document, ("observation", "observations", "fill"))
        errors = list(body.errors)
        fill = _fill(body.given.get("fill"), errors)
        if fill.draws != 1:
            errors.append(FieldError("/fill/draws", "must be 1: a row is filled once"))
        reader = Reader(self._stations, errors, needs_location=fill.strategy == "none")
        observations = self._observations(body.given, reader, fill)
        if errors or observations is None:
            raise invalid(errors)
        return FillRequest(observations, fill, "observations" in body.given)

    def _model(self, name: object, errors: list[FieldError], place: str = "") -> str:
        if name is None:
            return self._default_model
        if isinstance(name, str) and name in self._models:
            return name
        close = suggestion(name, self._models) if isinstance(name, str) else ""
        message = f"must be one of {', '.join(self._models)}{close}"
        errors.append(FieldError(f"{place}/model", message))
        return ALL

    def _observations(
        self, given: Mapping[str, object], reader: Reader, fill: Fill
    ) -> Observations | None:
        one, many = given.get("observation"), given.get("observations")
        if one is not None and many is not None:
            for name in ("observation", "observations"):
                reader.errors.append(FieldError(f"/{name}", "give one of the two, not both"))
        elif one is not None:
            self._check_samples(1, fill.draws, "/fill/draws")
            return reader.read([one], ["/observation"])
        elif many is None:
            reader.errors.append(
                FieldError("/observation", "is required (or a list of them, observations)")
            )
        elif not isinstance(many, list) or not many:
            reader.errors.append(FieldError("/observations", "must be a list of at least one"))
        else:
            self.check_size(len(many), fill.draws)
            return reader.read(many, [f"/observations/{row}" for row in range(len(many))])
        return None

    def check_size(self, rows: int, draws: int = 1) -> None:
        """Refuse more than a request may bring; raises `TooLarge`."""
        if rows > self._limits.rows:
            message = f"holds {rows} observations; at most {self._limits.rows} are taken at once"
            raise TooLarge(f"The list {message}.", [FieldError("/observations", message)])
        self._check_samples(rows, draws, "/fill/draws")

    def _check_samples(self, rows: int, draws: int, place: str) -> None:
        if rows * draws > self._limits.samples:
            message = f"makes {rows} x {draws} samples; at most {self._limits.samples} are drawn"
            raise TooLarge(f"The request {message}.", [FieldError(place, message)])


class Members(msgspec.Struct, frozen=True):
    """Members of an object that are known and not null, and errors for those that are unknown."""

    given: Mapping[str, object]
    errors: Sequence[FieldError]


def members(document: object, known: Sequence[str], place: str = "") -> Members:
    """Split an object into the members that are known, and errors for the rest.

    Raises:
        Invalid: It is no object at all.

    """
    if not isinstance(document, Mapping):
        raise invalid([FieldError(place, f"must be an object of {', '.join(known)}")])
    errors = [
        FieldError(place + pointer(name), f"is not known here{suggestion(name, known)}")
        for name in islice((name for name in document if name not in known), MAX_ERRORS)
    ]
    given = {name: document[name] for name in known if document.get(name) is not None}
    return Members(given, errors)


def _completed(document: object, query: Query) -> object:
    """Document with what the query says and it does not."""
    if not isinstance(document, Mapping):
        return document
    fill = document.get("fill")
    if isinstance(fill, Mapping | None):
        own = {name: value for name, value in (fill or {}).items() if value is not None}
        fill = {**query.fill, **own}
    model = document.get("model")
    return {**document, "model": query.model if model is None else model, "fill": fill}


def _integer_of(digits: str) -> float:
    """Integer in JSON; Python refuses those of thousands of digits, which no field can be."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _whole(text: object) -> object:
    """Whole number that a text is; the text itself where it is none."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else text


def _fill_of(options: FillOptions | None) -> Fill | None:
    """Fill that is asked for; None where the seed is too large."""
    if options is None:
        return Fill(DEFAULT, 1, new_seed())
    seed = new_seed() if options.seed is None else options.seed
    if seed > MAX_SEED:
        return None
    return Fill(options.strategy or DEFAULT, options.draws or 1, seed)


def _fill(document: object, errors: list[FieldError], place: str = "/fill") -> Fill:
    """Read the fill options; what is bad lands in `errors` and its default in the answer."""
    known = ("strategy", "draws", "seed")
    if not isinstance(document, Mapping | None):
        errors.append(FieldError(place, f"must be an object of {', '.join(known)}"))
        document = None
    body = members(document or {}, known, place)
    errors.extend(body.errors)
    strategy = body.given.get("strategy", DEFAULT)
    if strategy not in STRATEGIES:
        close = suggestion(strategy, STRATEGIES) if isinstance(strategy, str) else ""
        errors.append(
            FieldError(f"{place}/strategy", f"must be one of {', '.join(STRATEGIES)}{close}")
        )
        strategy = DEFAULT
    draws = _integer(body.given.get("draws", 1), 1, MAX_DRAWS, f"{place}/draws", errors)
    seed = body.given.get("seed")
    if seed is None:
        seed = new_seed()
    return Fill(
        cast("Strategy", strategy), draws, _integer(seed, 0, MAX_SEED, f"{place}/seed", errors)
    )


def _explain(given: Mapping[str, object], fill: Fill, errors: list[FieldError]) -> bool:
    """Whether the answer is to be explained; what is bad lands in `errors`."""
    explain = given.get("explain", False)
    if not isinstance(explain, bool):
        errors.append(FieldError("/explain", "must be true or false"))
    elif explain and "observations" in given:
        errors.append(FieldError("/explain", "is for one observation, not for a list"))
    elif explain and fill.draws < MIN_DRAWS:
        errors.append(
            FieldError("/explain", f"needs a /fill/draws of {MIN_DRAWS} or more; 200 is a good one")
        )
    return explain is True


def _integer(value: object, low: int, high: int, place: str, errors: list[FieldError]) -> int:
    if type(value) is float and value.is_integer():  # 5.0, which JSON does not tell from 5
        value = int(value)
    if type(value) is int and low <= value <= high:  # type() keeps true and false out
        return value
    errors.append(FieldError(place, f"must be a whole number from {low} to {high}"))
    return low


def invalid(errors: Sequence[FieldError]) -> Invalid:
    """Make the problem that names all bad fields."""
    count = "A field is" if len(errors) == 1 else f"{len(errors)} fields are"
    return Invalid(f"{count} not valid; nothing was computed.", errors)
