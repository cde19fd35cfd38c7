"""The URL map: which path and verb leads to which action, and who may go there."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from function import __version__, fill, manners, payload, problems, reply
from function.body import kind, read_json, read_text
from function.call import CSV, HTML, JSON, NDJSON, Answer, Call, too_many
from function.observation import suggestion
from function.predict import as_json, predict, score
from function.problems import (
    FieldError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Problem,
)
from function.protocols import inference
from function.service import Service

if TYPE_CHECKING:
    from function.web import Map

Document = Mapping[str, object]
LONGEST_METHOD: Final = 64
"""Characters of a verb that are echoed and logged."""


class Route(msgspec.Struct, frozen=True):
    """A verb and a path, the action behind them, and whether it asks who is calling.

    The action takes the call and the path's variables.
    """

    method: str
    path: str
    action: Callable[..., Answer]
    summary: str
    authentication: bool = False


def dispatch(call: Call) -> Answer:
    """Find the request's route, authenticate where it asks for that, and act.

    Raises:
        Problem: Of any kind; the caller's mistake, or the reason why there is no answer.

    """
    environ = call.environ
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "OPTIONS":
        return manners.options(call, _METHODS if path == "*" else _allowed(path))
    route, variables = _match(method, path)
    call.log["route"] = route.path
    if route.authentication:
        if not call.service.admission.admit():
            # Not raised, which takes longer than the rest.
            return _full(environ["PATH_INFO"])
        call.user = call.service.credentials.authenticate(
            environ.get("HTTP_AUTHORIZATION", ""),
            environ.get("HTTP_AUTHENTICATION", ""),
            call.client,
        )
    return route.action(call, **variables)


@functools.lru_cache(maxsize=64)  # the search takes longer than reading the body
def _match(method: str, path: str) -> tuple[Route, Mapping[str, Any]]:
    """Route of a request, and the variables in its path."""
    known = _PLAIN.get(("GET" if method == "HEAD" else method, path))
    if known is not None:
        return known, {}
    allowed = _allowed(path)
    from function import web

    # Werkzeug takes a method in lower case for the same, which it is not (RFC 9110, 9.1).
    if method in allowed:
        with contextlib.suppress(web.MethodNotAllowed, web.NotFound):
            route, variables = _urls().bind("").match(path, method)
            return route, variables
    methods = ", ".join(allowed)
    raise MethodNotAllowed(
        f"{method[:LONGEST_METHOD]} is not possible here; {methods} is.",
        headers={"Allow": methods},
    )


def _allowed(path: str) -> Sequence[str]:
    """Methods that are possible at a path; raises `NotFound` where there is no such path."""
    methods: Iterable[str] = ()
    if path[:1] == "/" and path[:2] != "//":  # Werkzeug takes none or several for one
        methods = _urls().bind("").allowed_methods(path)
    if not methods:
        raise NotFound("There is no such path; GET / lists them.")
    return sorted({*methods, "OPTIONS"})


def refuse(call: Call, problem: Problem | None) -> Answer:
    """Tell a caller what is wrong, in the form of the protocol that the path speaks.

    None stands for an unexpected failure of ours.
    """
    return _refusal(call.environ["PATH_INFO"], problem)


def _refusal(path: str, problem: Problem | None) -> Answer:
    if inference.speaks(path):
        return inference.refuse(problem)
    status, document = problems.document(problem)
    headers = problem.headers if problem else {}
    return Answer(document, problems.CONTENT_TYPE, status, headers)


@functools.lru_cache(maxsize=64)
def _full(path: str) -> Answer:
    """Tell a caller at this path to come back; there may be thousands a second."""
    return _refusal(path, too_many("requests"))


def _index(call: Call) -> Answer:
    if call.preferred((JSON, HTML)) == HTML:
        from function.page import files

        return files.page()
    routes = [
        {
            "method": route.method,
            "path": route.path.replace("<", "{").replace(">", "}"),
            "authentication": route.authentication,
            "summary": route.summary,
        }
        for route in ROUTES
    ]
    document = {"name": "rain-tomorrow", "version": __version__, "routes": routes}
    return Answer(msgspec.json.encode(document), headers={"Vary": "Accept"}, constant=True)


def _page_file(_call: Call, file: str) -> Answer:
    from function.page import files

    return files.file(file)


def _status(call: Call) -> Answer:
    revision = call.service.settings.k_revision
    return Answer.of({"status": "ok", "version": __version__, "revision": revision})


def _live(_call: Call) -> Answer:
    return Answer.of({"status": "ok"})


def _ready(call: Call) -> Answer:
    call.check_models()
    return Answer.of({"status": "ok", "models": call.service.models.names})


def _models(call: Call) -> Answer:
    return Answer.of(reply.models(call.service.models), constant=True)


def _metrics(call: Call) -> Answer:
    return Answer.of(call.service.metrics, constant=True)


def _metrics_of(call: Call, model: str) -> Answer:
    metrics = call.service.metrics
    if model not in metrics.models:
        close = suggestion(model, metrics.models)
        raise NotFound(f"There is no such model{close}. GET /models lists them.")
    call.log["model"] = model
    figures = msgspec.json.decode(metrics.models[model])
    return Answer.of({"model": model, "test_set": metrics.test_set, **figures}, constant=True)


def _stations(call: Call) -> Answer:
    return Answer.of({"stations": call.service.stations.listed}, constant=True)


def _station(call: Call, station: str) -> Answer:
    from function import usual

    return usual.describe(call, station)


def _prometheus(call: Call) -> Answer:
    from function.exposition import expose

    return Answer(*expose(call.service, call.environ.get("HTTP_ACCEPT", "")))


def _openapi(call: Call) -> Answer:
    return Answer(_described(call.service), constant=True)


@functools.cache
def _described(service: Service) -> bytes:
    from function.openapi.document import document

    return msgspec.json.encode(document(service, ROUTES))


def _docs(_call: Call) -> Answer:
    from function.openapi import viewer

    return viewer.page()


def _docs_file(_call: Call, file: str) -> Answer:
    from function.openapi import viewer

    return viewer.file(file)


def _whoami(call: Call) -> Answer:
    return Answer.of({"user": call.user})


def _document(call: Call) -> object:
    return payload.decode(read_json(call))


def _predict(call: Call) -> Answer:
    form = kind(call, (JSON, CSV, NDJSON))
    if form != JSON or call.environ.get("QUERY_STRING") or call.preferred((JSON, CSV)) == CSV:
        from function.files import exchange  # few need it, and a start not at all

        return exchange.predict(call, form)
    request = call.service.payloads.read(read_text(call))
    return as_json(call, request, score(call, request))


def _predict_document(call: Call, document: object) -> Answer:
    request, answer = predict(call, document)
    return as_json(call, request, answer)


def _random_fill(call: Call) -> Answer:
    call.refuse_parameters()
    return _random_fill_document(call, _document(call))


def _random_fill_document(call: Call, document: object) -> Answer:
    service = call.service
    request = service.payloads.random_fill(document)
    call.log["rows"] = len(request.observations.raw)
    located = request.observations
    if request.fill.strategy != "none":
        located = fill.locate(located, request.fill.seed, service.stations)
    rows = service.filler.fill_once(located.raw, request.fill)
    call.filled = filled = reply.filled_cells(request, rows)
    return Answer(reply.filled_observations(request, located, rows, filled, service.stations))


def _metrics_document(call: Call, document: Document) -> Answer:
    _refuse_unknown(document, ("model",))
    model = document.get("model")
    if model is None:
        return _metrics(call)
    if not isinstance(model, str) or model not in call.service.metrics.models:
        known = call.service.metrics.models
        close = suggestion(model, known) if isinstance(model, str) else ""
        message = f"must be one of {', '.join(known)}{close}"
        raise payload.invalid([FieldError("/model", message)])
    return _metrics_of(call, model)


def _without_body(action: Callable[[Call], Answer]) -> Callable[[Call, Document], Answer]:
    def act(call: Call, document: Document) -> Answer:
        _refuse_unknown(document, ())
        return action(call)

    return act


def _function(call: Call) -> Answer:
    """Call the function as a function: with an event, or a body that names the action."""
    if call.event_mode():
        from function.protocols import cloudevents  # its SDK takes a tenth of a start

        return cloudevents.answer(call)
    call.refuse_parameters()
    document = _document(call)
    action = document.get("action") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(action, str) or action not in _ACTIONS:
        close = suggestion(action, _ACTIONS) if isinstance(action, str) else ""
        message = f"must be one of {', '.join(_ACTIONS)}{close}"
        raise Invalid("The body does not say what to do.", [FieldError("/action", message)])
    call.log["action"] = action
    return _ACTIONS[action](call, {k: v for k, v in document.items() if k != "action"})


def _refuse_unknown(document: Document, known: tuple[str, ...]) -> None:
    body = payload.members(document, known)
    if body.errors:
        raise payload.invalid(body.errors)


_ACTIONS: Final[Mapping[str, Callable[[Call, Document], Answer]]] = {
    "predict": _predict_document,
    "metrics": _metrics_document,
    "random-fill": _random_fill_document,
    "models": _without_body(_models),
    "status": _without_body(_status),
}

ROUTES: Final = (
    Route("GET", "/", _index, "What there is: a page for browsers, JSON for the rest"),
    Route("GET", "/page/<file>", _page_file, "What that page is made of"),
    Route(
        "POST", "/", _function, 'A CloudEvent, or {"action": "predict", ...}', authentication=True
    ),
    Route("GET", "/status", _status, "Version and revision"),
    Route("GET", "/models", _models, "The models, their training and their files"),
    Route("GET", "/metrics", _metrics, "Every model's figures on the test years"),
    Route("GET", "/metrics/<model>", _metrics_of, "One model's figures"),
    Route("GET", "/prometheus", _prometheus, "What Prometheus scrapes"),
    Route("GET", "/stations", _stations, "The 49 stations"),
    Route("GET", "/stations/<station>", _station, "A station, and what is usual there"),
    Route("POST", "/predict", _predict, "Will it rain tomorrow?", authentication=True),
    Route(
        "POST",
        "/random-fill",
        _random_fill,
        "Plausible values for what is not known",
        authentication=True,
    ),
    Route("GET", "/whoami", _whoami, "Whose credentials these are", authentication=True),
    Route("GET", "/health/live", _live, "The process answers"),
    Route("GET", "/health/ready", _ready, "Every model answers"),
    Route("GET", "/openapi.json", _openapi, "The API, for machines (OpenAPI 3.1)"),
    Route("GET", "/docs", _docs, "The API, to read and to try"),
    Route("GET", "/docs/<file>", _docs_file, "What that page is made of"),
    Route("GET", "/v2", inference.server, "Open Inference Protocol: this server"),
    Route("GET", "/v2/health/live", inference.live, "The process answers"),
    Route("GET", "/v2/health/ready", inference.ready, "Every model answers"),
    *(
        Route(method, f"/v2/models/<model>{version}{path}", action, summary, method == "POST")
        for version in ("", "/versions/<version>")
        for method, path, action, summary in (
            ("GET", "", inference.model_metadata, "A model's tensors"),
            ("GET", "/ready", inference.model_ready, "The model answers"),
            ("POST", "/infer", inference.infer, "Will it rain tomorrow? As tensors"),
        )
    ),
)


_METHODS: Final = sorted({"HEAD", "OPTIONS"} | {route.method for route in ROUTES})
"""Methods that are possible somewhere, as `OPTIONS *` asks."""
_PLAIN: Final = {(route.method, route.path): route for route in ROUTES if "<" not in route.path}


@functools.cache
def _urls() -> "Map":
    """Map of all routes; made when it is first asked for, to start sooner."""
    from function.web import Map, Rule

    return Map(
        [Rule(route.path, methods=[route.method], endpoint=route) for route in ROUTES],
        strict_slashes=True,
        redirect_defaults=False,
        merge_slashes=False,
    )
