"""One request on its way through the routes, and the answer that comes out of them."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from wsgiref.types import WSGIEnvironment

import msgspec

from function.attempts import client
from function.monitoring import Cells
from function.observation import pointer
from function.payload import invalid, members
from function.problems import DeploymentError, FieldError, Malformed, Unavailable
from function.service import Service

if TYPE_CHECKING:
    from function.web import Request

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
HTML: Final = "text/html"
EVENT_HEADER: Final = "HTTP_CE_"
"""How WSGI names the headers of a CloudEvent in binary mode."""

Language = Literal["en", "fr"]
Body = bytes | Iterator[bytes]
"""What is large comes in pieces."""


def too_many(what: str) -> Unavailable:
    """Tell the caller to come back, for want of room for these."""
    detail = f"There are too many {what} at once; try again in a second."
    return Unavailable(detail, headers={"Retry-After": "1"})


class Call:
    """A request: who answers it, what came, who sent it, and what is logged and counted of it.

    `environ` is the request as a server hands it over (PEP 3333).
    """

    def __init__(self, service: Service, environ: WSGIEnvironment) -> None:
        self.service = service
        self.environ = environ
        self.user = ""
        self.log: dict[str, Any] = {}
        self.filled: Cells | None = None
        self._ends: list[Callable[[], None]] = []

    @functools.cached_property
    def request(self) -> "Request":
        """The request, read with all of Werkzeug's care; most need none of it."""
        from function.web import Request

        # Unless told not to, it leaves itself in the environ, and both wait, with the body, for the
        # garbage collector.
        return Request(self.environ, populate_request=False)

    def begin(self, *, large: bool) -> None:
        """Wait for the right to hold a large body, or else to compute; `end` gives it back.

        Raises:
            Unavailable: Too many large bodies are on their way, and come slowly.

        """
        admission = self.service.admission
        if large:
            if not admission.begin_large():
                raise too_many("large bodies")
            self._ends.append(admission.end_large)
        else:
            admission.begin()
            self._ends.append(admission.end)

    def end(self) -> None:
        """Give back what was waited for."""
        while self._ends:
            self._ends.pop()()

    def preferred(self, forms: Sequence[str]) -> str:
        """Content type that the caller likes best; the first where it is all the same."""
        accept = self.environ.get("HTTP_ACCEPT", "*/*")
        if accept in {"*/*", forms[0]}:
            return forms[0]
        from function.web import MIMEAccept

        # Parameters, such as a charset, choose between forms of one type, of which there is one.
        types = [(kind.partition(";")[0], q) for kind, q in self.request.accept_mimetypes]
        return MIMEAccept(types).best_match(forms, default=forms[0])

    def parameters(self) -> Mapping[str, str]:
        """Parameters of the query.

        Raises:
            Malformed: It is not UTF-8.
            Invalid: One is given twice; each is named.

        """
        try:
            given = self.request.args.to_dict(flat=False)
        except UnicodeDecodeError as error:
            raise Malformed("The query is not UTF-8.") from error
        twice = [
            FieldError("/query" + pointer(name), "is given more than once")
            for name, values in given.items()
            if len(values) > 1
        ]
        if twice:
            raise invalid(twice)
        return {name: values[0] for name, values in given.items()}

    def refuse_parameters(self) -> None:
        """Refuse a query where the body says everything; raises as `parameters` does."""
        if self.environ.get("QUERY_STRING"):
            unknown = members(self.parameters(), (), "/query").errors
            if unknown:
                raise invalid(unknown)

    def language(self) -> Language:
        """Language that the caller likes best; English where it does not matter."""
        told: str = self.environ.get("HTTP_ACCEPT_LANGUAGE", "").lower()
        if "fr" not in told:
            return "en"
        from function.web import LanguageAccept, parse_accept_header

        for language, quality in parse_accept_header(told, LanguageAccept):  # the best first
            primary = language.partition("-")[0]
            if quality > 0 and primary in {"en", "fr"}:
                return "fr" if primary == "fr" else "en"
        return "en"

    def event_mode(self) -> Literal["structured", "binary", ""]:
        """Mode of the CloudEvent that a request is, or means to be; empty where it is none."""
        kind: str = self.environ.get("CONTENT_TYPE", "")
        if kind.lstrip().lower().startswith("application/cloudevents"):
            return "structured"
        return "binary" if any(name.startswith(EVENT_HEADER) for name in self.environ) else ""

    def client(self) -> str:
        """Address that the request came from."""
        return client(self.environ, self.service.settings.forwarded_hops)

    def check_models(self) -> None:
        """Let every model answer once; raises `Unavailable` where one does not."""
        try:
            self.service.models.check()
        except DeploymentError as error:
            raise Unavailable(str(error)) from error


class Answer(msgspec.Struct, frozen=True):
    """What is sent back; `constant` is the same for everybody while the process runs."""

    body: Body
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = {}
    constant: bool = False

    @classmethod
    def of(cls, document: object, *, constant: bool = False) -> Self:
        """Answer with a document, as JSON."""
        return cls(msgspec.json.encode(document), constant=constant)
