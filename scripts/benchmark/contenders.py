"""Who is measured: how each is started, asked, and understood."""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from function.process import ALLOCATOR
from scripts.benchmark.processes import ROOT, Request, free_port
from scripts.benchmark.workload import ALL, ONE_DAY, Question

HANDLERS: Final = Path(__file__).with_name("handlers")
_MLSERVER: Final = HANDLERS / "mlserver"
_JSON: Final = {"Content-Type": "application/json"}
_ALICE: Final = {"Authorization": "Basic " + base64.b64encode(b"alice:wonderland").decode()}
# As in the image.
_IMAGE: Final = {
    "PYTHONUNBUFFERED": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
}


class Contender(ABC):
    """One who is measured; `environment` is the one that it runs in."""

    name: ClassVar[str]
    title: ClassVar[str]
    environment: ClassVar[str] = "serve"
    questions: ClassVar[Sequence[Question]] = ONE_DAY
    variables: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def command(self, python: str, port: int) -> list[str]:
        """How it is started, on 127.0.0.1."""

    @abstractmethod
    def request(self, question: Question) -> Request:
        """How it is asked."""

    @abstractmethod
    def probabilities(self, body: bytes) -> list[float] | None:
        """What it answered; None if it does not predict. Raises ValueError, KeyError, TypeError."""

    def constant(self, body: bytes) -> bytes:
        """Beginning of an answer that is the same whenever the question is."""
        return body


def _framework(python: str, source: Path, target: str, port: int) -> list[str]:
    """functions-framework's own launcher."""
    launcher = str(Path(python).with_name("functions-framework"))
    address = ["--host", "127.0.0.1", "--port", str(port)]
    return [launcher, "--source", str(source), "--target", target, *address]


class Ours(Contender):
    """The function as it is deployed."""

    name = "ours"
    title = "rain-tomorrow, as deployed"
    questions = ALL
    variables: ClassVar[Mapping[str, str]] = _IMAGE

    def command(self, python: str, port: int) -> list[str]:
        """`python -m function.serve`."""
        return [python, "-P", "-m", "function.serve", "--host", "127.0.0.1", "--port", str(port)]

    def request(self, question: Question) -> Request:
        """POST /predict, as alice."""
        return Request("/predict", question.body(), _JSON | _ALICE)

    def probabilities(self, body: bytes) -> list[float]:
        """Of one prediction or of a list."""
        answer: dict[str, Any] = json.loads(body)
        many = answer["predictions"] if "predictions" in answer else [answer["prediction"]]
        return [float(each["probability"]) for each in many]

    def constant(self, body: bytes) -> bytes:
        """Everything before the fill options, which tell a seed that was drawn."""
        head, _, tail = body.rpartition(b',"fill":')
        return body if b'"probability":' in tail else head


class OursFramework(Ours):
    """The function under functions-framework's launcher."""

    name = "ours-ff"
    title = "rain-tomorrow, functions-framework's launcher"
    questions = ONE_DAY
    variables: ClassVar[Mapping[str, str]] = {}

    def command(self, python: str, port: int) -> list[str]:
        """As the Procfile says."""
        return _framework(python, ROOT / "function" / "main.py", "handle", port)


class HelloFramework(Contender):
    """The floor: a function that only greets, under functions-framework's launcher."""

    name = "hello-ff"
    title = "hello world, functions-framework's launcher"
    questions = (Question(""),)

    def command(self, python: str, port: int) -> list[str]:
        """As its documentation says."""
        return _framework(python, HANDLERS / "hello.py", "hello", port)

    def request(self, _question: Question) -> Request:
        """GET /."""
        return Request("/", method="GET")

    def probabilities(self, body: bytes) -> None:
        """None; it must greet."""
        if body != b"Hello world!":
            raise ValueError("no greeting")


class HelloGranian(HelloFramework):
    """The floor under our own server."""

    name = "hello-granian"
    title = "hello world, Granian with our options"
    variables: ClassVar[Mapping[str, str]] = {**_IMAGE, "_RJEM_MALLOC_CONF": ALLOCATOR}

    def command(self, python: str, port: int) -> list[str]:
        """Granian, with the options of `function.serve`."""
        return [python, "-P", str(HANDLERS / "hello_granian.py"), str(port)]


class Naive(Contender):
    """What one would write in an afternoon."""

    name = "naive"
    title = "naive, functions-framework with pandas and joblib"
    environment = "train"

    def command(self, python: str, port: int) -> list[str]:
        """functions-framework's launcher; the handler is the one that images are compared with."""
        source = ROOT / "tests" / "container" / "naive" / "main.py"
        return _framework(python, source, "predict", port)

    def request(self, question: Question) -> Request:
        """The same body, without a password, for which it does not ask."""
        return Request("/predict", question.body(), _JSON)

    def probabilities(self, body: bytes) -> list[float]:
        """Of the one prediction."""
        return [float(json.loads(body)["prediction"]["probability"])]


class MLServer(Contender):
    """The same work as the naive handler's, in MLServer with its own defaults."""

    name = "mlserver"
    title = "MLServer 1.7.1, custom runtime with pandas and joblib"
    environment = "mlserver"

    def command(self, python: str, port: int) -> list[str]:
        """`mlserver start`, with all its ports."""
        ports = zip(("HTTP", "GRPC", "METRICS"), (port, free_port(), free_port()), strict=True)
        variables = [f"MLSERVER_{name}_PORT={number}" for name, number in ports]
        program = str(Path(python).with_name("mlserver"))
        return ["env", "MLSERVER_HOST=127.0.0.1", *variables, program, "start", str(_MLSERVER)]

    def request(self, question: Question) -> Request:
        """The Open Inference Protocol, one input for each field, read as a table."""
        (day,) = question.days()
        inputs = [
            {
                "name": field,
                "shape": [1, 1],
                "data": [value],
                "datatype": "BYTES" if isinstance(value, str) else "FP64",
                "parameters": {"content_type": "str" if isinstance(value, str) else "np"},
            }
            for field, value in day.items()
        ]
        document = {"id": "1", "parameters": {"content_type": "pd"}, "inputs": inputs}
        path = f"/v2/models/{question.model}/infer"
        return Request(path, json.dumps(document).encode(), _JSON)

    def probabilities(self, body: bytes) -> list[float]:
        """The only output."""
        (output,) = json.loads(body)["outputs"]
        return [float(value) for value in output["data"]]


class KServe(Contender):
    """The same work as the naive handler's, in KServe's Python server."""

    name = "kserve"
    title = "KServe 0.21.0, custom model with pandas and joblib"
    environment = "kserve"

    def command(self, python: str, port: int) -> list[str]:
        """The custom model's own program."""
        return [python, "-P", str(HANDLERS / "kserve_server.py"), "--http_port", str(port)]

    def request(self, question: Question) -> Request:
        """KServe's first protocol."""
        document = {"instances": question.days()}
        path = f"/v1/models/{question.model}:predict"
        return Request(path, json.dumps(document).encode(), _JSON)

    def probabilities(self, body: bytes) -> list[float]:
        """Of the one instance."""
        return [float(value) for value in json.loads(body)["predictions"]]


CONTENDERS: Final[Sequence[Contender]] = (
    Ours(),
    OursFramework(),
    HelloGranian(),
    HelloFramework(),
    Naive(),
)
PEERS: Final[Sequence[Contender]] = (MLServer(), KServe())
