"""The Open Inference Protocol, with its own clients, and with what they would never send."""

import json
import statistics
import struct
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from function import __version__
from function.observation import COLUMNS
from tests.http.test_predict import WET
from tests.serving import ALICE, ROOT, Server

MODELS = ("decision-tree", "logistic-regression", "random-forest", "support-vector-machine")
INFER = "/v2/models/random-forest/infer"
LENGTH = "Inference-Header-Content-Length"
DAYS: dict[str, list[Any]] = {
    "Location": ["Sydney", "Hobart", "Perth"],
    "Date": ["2024-06-30", "2024-01-02", "2024-03-01"],
    "MaxTemp": [17.2, 21.3, None],
    "Humidity3pm": [80.5, None, 41],
    "WindGustDir": ["SSW", None, "E"],
    "Cloud3pm": [8, 3, None],
    "RainToday": ["Yes", None, "No"],
}
FILL = {"strategy": "climatology", "draws": 20, "seed": 7}
FINE = {"name": "Location", "shape": [1], "datatype": "BYTES", "data": ["Sydney"]}
PUBLIC = [
    *("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/random-forest"),
    *("/v2/models/random-forest/ready", "/v2/models/random-forest/versions/1.0.0"),
    "/v2/models/random-forest/versions/1.0.0/ready",
]


def tensors(days: dict[str, list[Any]], *, nested: bool = False) -> list[dict[str, Any]]:
    """Columns as tensors in JSON, [n] or nested [n, 1]."""
    found = []
    for name, values in days.items():
        text = any(isinstance(value, str) for value in values)
        tensor: dict[str, Any] = {"name": name, "datatype": "BYTES" if text else "FP64"}
        tensor["shape"] = [len(values), 1] if nested else [len(values)]
        tensor["data"] = [[value] for value in values] if nested else values
        found.append(tensor)
    return found


def rows(days: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Columns as observations."""
    return [dict(zip(days, values, strict=True)) for values in zip(*days.values(), strict=True)]


def predicted(server: Server, model: str, **fill: Any) -> dict[str, list[Any]]:
    """What /predict says to the same days, as the outputs' columns."""
    body = {"model": model, "observations": rows(DAYS), "fill": fill}
    answers = server.post("/predict", body).json()["predictions"]
    found = {
        name: [answer[name] for answer in answers] for name in ("probability", "rain_tomorrow")
    }
    if fill.get("draws", 1) > 1:
        found["interval_low"] = [answer["interval"][0] for answer in answers]
        found["interval_high"] = [answer["interval"][1] for answer in answers]
    return found


def data(answer: dict[str, Any]) -> dict[str, list[Any]]:
    """Outputs of an answer by name."""
    return {output["name"]: output["data"] for output in answer["outputs"]}


def send(server: Server, head: object, raw: bytes = b"", **headers: str) -> requests.Response:
    """Send a request with bytes after its JSON, and its true length unless told otherwise."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    told = {"Content-Type": "application/octet-stream", LENGTH: str(len(text))}
    return server.call("POST", INFER, data=text + raw, headers={**told, **headers})


def error(response: requests.Response, status: int = 400) -> str:
    """What an answer in the protocol's form complains of."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    document = response.json()
    assert document.keys() == {"error"}
    message: str = document["error"]
    assert message
    return message


@pytest.fixture(scope="session")
def python() -> str:
    """Python of the clients' environment, which scripts/test makes."""
    done = subprocess.run(
        [ROOT / "scripts" / "environment", "inference"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("client", ["triton", "kserve"])
def test_common_client(server: Server, python: str, client: str) -> None:
    asked = {"model": "random-forest", "observations": DAYS, "parameters": FILL}
    done = subprocess.run(
        [python, "-m", f"tests.inference.with_{client}", server.url, json.dumps(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["live"] is answer["ready"] is answer["model_ready"] is True
    assert "400" in answer["refused"]
    expected = {"id": f"asked with {client}", "parameters": FILL}
    expected |= predicted(server, "random-forest", **FILL)
    assert answer["json"] == expected
    assert answer["binary"] == expected
    if client == "triton":
        assert answer["other_version_ready"] is False
        assert answer["server"]["version"] == __version__


@pytest.mark.parametrize("path", PUBLIC)
def test_anybody_may_look(server: Server, path: str) -> None:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [INFER, "/v2/models/random-forest/versions/1.0.0/infer"])
def test_only_users_may_infer(server: Server, path: str) -> None:
    answer = requests.post(server.url + path, json={"inputs": [FINE]}, timeout=5)
    error(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert server.post(path, {"inputs": [FINE]}).status_code == 200


def test_server_and_health(server: Server) -> None:
    metadata = server.call("GET", "/v2").json()
    assert metadata["name"] == "rain-tomorrow"
    assert "binary_tensor_data" in metadata["extensions"]
    assert server.call("GET", "/v2/health/live").json() == {"live": True}
    assert server.call("GET", "/v2/health/ready").json() == {"ready": True}
    ready = server.call("GET", "/v2/models/decision-tree/ready").json()
    assert ready == {"name": "decision-tree", "ready": True}


@pytest.mark.parametrize("model", MODELS)
def test_model_metadata(server: Server, model: str) -> None:
    metadata = server.call("GET", f"/v2/models/{model}").json()
    assert server.call("GET", f"/v2/models/{model}/versions/1.0.0").json() == metadata
    assert (metadata["name"], metadata["versions"]) == (model, ["1.0.0"])
    inputs = {tensor["name"]: tensor for tensor in metadata["inputs"]}
    assert list(inputs) == list(COLUMNS)
    assert {tuple(tensor["shape"]) for tensor in inputs.values()} == {(-1,)}
    humidity = inputs["Humidity3pm"]
    assert humidity["datatype"] == "FP64"
    parameters = humidity["parameters"]
    assert (parameters["unit"], parameters["minimum"], parameters["maximum"]) == ("%", 0, 100)
    assert inputs["RainToday"]["datatype"] == "BYTES"
    assert [tensor["name"] for tensor in metadata["outputs"]] == list(
        predicted(server, model, draws=2)
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fill", [FILL, {"strategy": "none"}, {"strategy": "uniform", "seed": 3}])
def test_figures_are_those_of_predict(server: Server, model: str, fill: dict[str, Any]) -> None:
    body = {"inputs": tensors(DAYS), "parameters": fill, "id": "x"}
    answer = server.post(f"/v2/models/{model}/infer", body).json()
    assert (answer["model_name"], answer["model_version"]) == (model, "1.0.0")
    assert answer["id"] == "x"
    assert data(answer) == predicted(server, model, **fill)
    assert {tuple(output["shape"]) for output in answer["outputs"]} == {(3,)}


def test_seed_that_was_drawn_is_told(server: Server) -> None:
    body = {"inputs": tensors(DAYS)}
    answer = server.post(INFER, body).json()
    assert "id" not in answer
    again = {**body, "parameters": answer["parameters"]}
    assert data(server.post(INFER, again).json()) == data(answer)


def test_nested_data_and_names_in_any_spelling(server: Server) -> None:
    inputs = tensors(DAYS, nested=True)
    inputs[3]["name"] = "humidity_3pm"
    answer = server.post(INFER, {"inputs": inputs, "parameters": FILL})
    assert data(answer.json()) == predicted(server, "random-forest", **FILL)


@pytest.mark.parametrize(
    ("datatype", "codes"),
    [
        *(("FP64", "d"), ("FP32", "f"), ("INT8", "b"), ("INT16", "h"), ("INT32", "i")),
        *(("INT64", "q"), ("UINT8", "B"), ("UINT16", "H"), ("UINT32", "I"), ("UINT64", "Q")),
    ],
)
def test_datatypes_of_numbers(server: Server, datatype: str, codes: str) -> None:
    humidity = {"name": "Humidity3pm", "shape": [1], "datatype": datatype}
    day = {"Location": "Sydney", "Humidity3pm": 55}
    fill = {"strategy": "none"}
    expected = server.post(
        "/predict", {"model": "random-forest", "observation": day, "fill": fill}
    ).json()
    inline = {"inputs": [FINE, {**humidity, "data": [55]}], "parameters": fill}
    raw = struct.pack(f"<{codes}", 55)
    head = {
        "inputs": [FINE, {**humidity, "parameters": {"binary_data_size": len(raw)}}],
        "parameters": fill,
    }
    for answer in (server.post(INFER, inline), send(server, head, raw)):
        assert data(answer.json())["probability"] == [expected["prediction"]["probability"]]


@pytest.mark.parametrize("rained", [True, False])
def test_rain_today_as_truth(server: Server, rained: bool) -> None:
    tensor = {"name": "RainToday", "shape": [1], "datatype": "BOOL"}
    word = {**tensor, "datatype": "BYTES", "data": ["Yes" if rained else "No"]}
    head = {"inputs": [FINE, {**tensor, "parameters": {"binary_data_size": 1}}]}
    options = {"parameters": FILL}
    answers = [
        server.post(INFER, {"inputs": [FINE, word], **options}),
        server.post(INFER, {"inputs": [FINE, {**tensor, "data": [rained]}], **options}),
        send(server, head | options, bytes([rained])),
    ]
    assert len({json.dumps(data(answer.json())) for answer in answers}) == 1


def test_what_is_not_known(server: Server) -> None:
    body: dict[str, Any] = {"inputs": [FINE], "parameters": FILL}
    expected = data(server.post(INFER, body).json())
    unknown = '{"name": "%s", "shape": [1], "datatype": "%s", "data": [%s]}'
    for name, datatype, value in (
        ("Humidity3pm", "FP32", "NaN"),
        ("Humidity3pm", "INT8", "null"),
        ("WindGustDir", "BYTES", '""'),
        ("RainToday", "BYTES", "null"),
        ("RainToday", "BOOL", "null"),
    ):
        body["inputs"] = [FINE, "?"]
        text = json.dumps(body).replace('"?"', unknown % (name, datatype, value))
        answer = server.call("POST", INFER, data=text, headers={"Content-Type": "application/json"})
        assert data(answer.json()) == expected


def test_outputs_are_chosen_in_json_and_as_bytes(server: Server) -> None:
    outputs: list[dict[str, Any]] = [
        {"name": "rain_tomorrow", "parameters": {"binary_data": True}},
        {"name": "probability"},
        {"name": "interval_low", "parameters": {"binary_data": True}},
    ]
    body = {"inputs": tensors(DAYS), "outputs": outputs, "parameters": FILL}
    response = server.post(INFER, body)
    assert response.headers["Content-Type"] == "application/octet-stream"
    length = int(response.headers[LENGTH])
    answer = json.loads(response.content[:length])
    raw = response.content[length:]
    expected = predicted(server, "random-forest", **FILL)
    assert [output["name"] for output in answer["outputs"]] == [o["name"] for o in outputs]
    sizes = [output.get("parameters") for output in answer["outputs"]]
    assert sizes == [{"binary_data_size": 3}, None, {"binary_data_size": 24}]
    assert answer["outputs"][1]["data"] == expected["probability"]
    assert list(struct.unpack("<3?3d", raw)) == expected["rain_tomorrow"] + expected["interval_low"]


def test_binary_output_for_all_but_one(server: Server) -> None:
    chosen = {"name": "rain_tomorrow", "parameters": {"binary_data": False}}
    outputs = [{"name": "probability"}, chosen]
    body = {"inputs": [FINE], "outputs": outputs, "parameters": {"binary_data_output": True}}
    response = server.post(INFER, body)
    answer = json.loads(response.content[: int(response.headers[LENGTH])])
    assert answer["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert len(answer["outputs"][1]["data"]) == 1


def test_ten_thousand_rows(server: Server) -> None:
    many = {"name": "Humidity3pm", "shape": [10_000], "datatype": "FP32"}
    place = {**FINE, "shape": [10_000], "data": ["Sydney"] * 10_000}
    raw = struct.pack("<10000f", *[50.0] * 10_000)
    head = {
        "inputs": [place, {**many, "parameters": {"binary_data_size": len(raw)}}],
        "parameters": {"strategy": "none"},
    }
    answer = send(server, head, raw)
    assert len(data(answer.json())["probability"]) == 10_000


HUMIDITY: dict[str, Any] = {"name": "Humidity3pm", "shape": [1], "datatype": "FP64", "data": [5.5]}
NAMED: list[tuple[dict[str, Any], str]] = [
    ({"name": "Humidty3pm"}, "did you mean Humidity3pm?"),
    ({"name": "x" * 5000}, "x" * 64 + " is no field"),
    ({"name": "location"}, "Location a second time"),
    ({"name": 3}, "inputs[1].name"),
    ({"datatype": "BYTES"}, "Humidity3pm has the datatype BYTES, not FP64, FP32"),
    ({"datatype": "FP65"}, "Humidity3pm has the datatype FP65"),
    ({"datatype": "BOOL", "data": [True]}, "Humidity3pm has the datatype BOOL"),
    ({"datatype": None}, "inputs[1].datatype"),
    ({"datatype": "INT32"}, "Humidity3pm holds data that are not INT32"),
    ({"datatype": "UINT8", "data": [256]}, "Humidity3pm holds data that are not UINT8"),
    ({"data": ["5.5"]}, "Humidity3pm holds data that are not FP64"),
    ({"data": [True]}, "Humidity3pm holds data that are not FP64"),
    ({"data": [101.5]}, "Humidity3pm[0] must be a number from 0 to 100 (%)"),
    ({"data": [1, 2]}, "Humidity3pm has the shape [1], but its data hold 2 values"),
    ({"data": []}, "but its data hold 0 values"),
    ({"data": [[5.5]]}, "Humidity3pm holds data that are not FP64"),
    ({"data": [[5.5, 6]], "shape": [1, 1]}, "Humidity3pm holds data that are not FP64"),
    ({"data": [[[5.5]]], "shape": [1, 1]}, "Humidity3pm holds data that are not FP64"),
    ({"data": {"0": 5.5}}, "inputs[1].data"),
    ({"data": 5.5}, "inputs[1].data"),
    ({"data": None}, "Humidity3pm must have either data or a binary_data_size"),
    ({"shape": [2], "data": [1, 2]}, "Humidity3pm has 2 rows, where the first one has 1"),
    ({"shape": []}, "Humidity3pm has the shape []"),
    ({"shape": [0], "data": []}, "Humidity3pm has the shape [0]"),
    ({"shape": [1, 2]}, "Humidity3pm has the shape [1, 2]"),
    ({"shape": [1, 1, 1]}, "Humidity3pm has the shape [1, 1, 1]"),
    ({"shape": [-1]}, "inputs[1].shape"),
    ({"shape": [1.5]}, "inputs[1].shape"),
    ({"shape": "1"}, "inputs[1].shape"),
    ({"shape": [10**30]}, "inputs[1].shape"),
    ({"shpae": [1]}, "shpae"),
    ({"parameters": {"shared_memory_region": "x"}}, "shared_memory_region"),
    ({"parameters": {"binary_data_size": 8}}, "either data or a binary_data_size"),
]


@pytest.mark.parametrize(("changed", "message"), NAMED, ids=lambda value: str(value)[:40])
def test_bad_tensor(server: Server, changed: dict[str, Any], message: str) -> None:
    response = server.post(INFER, {"inputs": [FINE, {**HUMIDITY, **changed}]})
    assert message in error(response)


def test_every_bad_element_is_named_with_its_row(server: Server) -> None:
    days: dict[str, list[Any]] = {"Location": ["Sydney", "Sydny"]}
    days |= {"Cloud3pm": [3.5, 8], "Humidity3pm": [50, 101]}
    message = error(server.post(INFER, {"inputs": tensors(days), "parameters": {"sed": 1}}))
    assert "4 fields are not valid" in message
    for part in (
        "Location[1] is none of the 49 stations (GET /stations); did you mean Sydney?",
        "Cloud3pm[0] must be a whole number of oktas",
        "Humidity3pm[1] must be a number from 0 to 100 (%)",
        "parameters.sed is not known here; did you mean seed?",
    ):
        assert part in message


def test_not_more_than_twenty_are_named(server: Server) -> None:
    days = {"Location": ["Nowhere"] * 50}
    message = error(server.post(INFER, {"inputs": tensors(days)}))
    assert message.endswith("; and 30 more")
    assert message.count("is none of the 49 stations") == 20


def test_tensor_that_is_missing(server: Server) -> None:
    assert "Location[0] is required" in error(server.post(INFER, {"inputs": [HUMIDITY]}))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "`inputs`"),
        ({"inputs": []}, "inputs"),
        ({"inputs": None}, "inputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": ["Location"]}, "inputs[0]"),
        ([], "object"),
        ("rain", "object"),
        (None, "object"),
        ({"inputs": [FINE, FINE]}, "gives Location a second time"),
        ({"inputs": [FINE], "id": 7}, "id"),
        ({"inputs": [FINE], "input": []}, "input"),
        ({"inputs": [FINE], "parameters": []}, "parameters"),
        ({"inputs": [FINE], "parameters": {"strategy": "guess"}}, "parameters.strategy"),
        ({"inputs": [FINE], "parameters": {"draws": 0}}, "parameters.draws"),
        ({"inputs": [FINE], "parameters": {"seed": -1}}, "parameters.seed"),
        ({"inputs": [FINE], "parameters": {"binary_data_output": 1}}, "binary_data_output"),
        ({"inputs": [FINE], "outputs": {}}, "outputs"),
        ({"inputs": [FINE], "outputs": [{}]}, "outputs[0]"),
        ({"inputs": [FINE], "outputs": [{"name": "probabilty"}]}, "did you mean probability?"),
        ({"inputs": [FINE], "outputs": [{"name": "probability"}] * 2}, "a second time"),
        ({"inputs": [FINE], "outputs": [{"name": "interval_low"}]}, "parameters.draws above 1"),
        (
            {
                "inputs": [FINE],
                "outputs": [{"name": "probability", "parameters": {"classification": 3}}],
            },
            "classification",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_request(server: Server, body: object, message: str) -> None:
    response = server.call(
        "POST", INFER, data=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert message in error(response)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"inputs": [' * 5000, b"1" * 5000),
        b'{"inputs": [{"name": NaN, "shape": [' + b"[" * 100_000,
    ],
    ids=lambda body: str(body[:20]),
)
def test_not_json(server: Server, body: bytes) -> None:
    error(server.call("POST", INFER, data=body, headers={"Content-Type": "application/json"}))


PLACE = json.dumps(FINE)
TWICE = PLACE.replace('"name": "Location"', '"name": "Date", "name": "Location"')


@pytest.mark.parametrize(
    "text",
    [
        f'{{"inputs": [{PLACE}], "inputs": [{PLACE}]}}',
        f'{{"inputs": [{TWICE}]}}',
        f'{{"inputs": [{PLACE}], "parameters": {{"seed": 1, "seed": 2}}}}',
        f'{{"inputs": [{PLACE}], "outputs": [{{"name": "x", "name": "probability"}}]}}',
    ],
)
def test_member_that_is_given_twice(server: Server, text: str) -> None:
    response = server.call("POST", INFER, data=text, headers={"Content-Type": "application/json"})
    assert "is given twice" in error(response)


def test_one_that_is_given_twice_hides_behind_no_other(server: Server) -> None:
    """Where a tensor of another form, or an output with nothing to say, has fewer members."""
    date = b'{"name": "Date", "datatype": "BYTES", "shape": [1], "data": ["x"], "data": [null]}'
    raw = json.dumps(RAW).encode()
    assert "is given twice" in error(send(server, b'{"inputs": [%b, %b]}' % (raw, date), SYDNEY))
    outputs = '[{"name": "probability", "parameters": {}}]'
    text = f'{{"inputs": [{PLACE}], "outputs": {outputs}, "id": "1", "id": "2"}}'
    response = server.call("POST", INFER, data=text, headers={"Content-Type": "application/json"})
    assert "is given twice" in error(response)


def test_query_is_refused(server: Server) -> None:
    said = error(server.post(f"{INFER}?seed=7", {"inputs": [FINE]}))
    assert said.endswith("query.seed is not known here")


def test_colon_in_a_text_is_no_member(server: Server) -> None:
    body = {"inputs": [FINE], "id": "urn:uuid:1", "model_name": "random-forest"}
    assert server.post(INFER, body).json()["id"] == "urn:uuid:1"


RAW = {**FINE, "parameters": {"binary_data_size": 10}}
del RAW["data"]
SYDNEY = struct.pack("<I", 6) + b"Sydney"


@pytest.mark.parametrize(
    ("size", "raw", "message"),
    [
        (10, b"", "declares more bytes than the 0 that are left"),
        (10, SYDNEY[:9], "declares more bytes than the 9 that are left"),
        (10, SYDNEY + b"x", "declare 10 of the 11 bytes"),
        (9, SYDNEY, "9 bytes, which are not 1 elements of BYTES"),
        (11, SYDNEY + b"x", "11 bytes, which are not 1 elements of BYTES"),
        (10**15, SYDNEY, "declares more bytes than the 10 that are left"),
        (10, struct.pack("<I", 2**32 - 1) + b"Sydney", "not 1 elements of BYTES"),
        (10, struct.pack("<I", 5) + b"Sydney", "not 1 elements of BYTES"),
        (3, b"\1\0\0", "not 1 elements of BYTES"),
        (0, b"", "not 1 elements of BYTES"),
        (6, struct.pack("<I", 2) + b"\xff\xfe", "not UTF-8"),
        (-1, SYDNEY, "binary_data_size"),
        (1.5, SYDNEY, "binary_data_size"),
        ("10", SYDNEY, "binary_data_size"),
        (10**40, SYDNEY, "binary_data_size"),
        (True, SYDNEY, "binary_data_size"),
    ],
)
def test_binary_lengths_that_lie(server: Server, size: object, raw: bytes, message: str) -> None:
    head = {"inputs": [{**RAW, "parameters": {"binary_data_size": size}}]}
    assert message in error(send(server, head, raw))


@pytest.mark.parametrize(
    ("datatype", "value", "names"),
    [("FP64", 1007.4, ["Pressure9am", "Pressure3pm"]), ("FP32", 15.7, ["MinTemp", "Temp9am"])],
)
def test_bytes_may_look_like_json(
    server: Server, datatype: str, value: float, names: list[str]
) -> None:
    """A bracket is among the bytes of either number, more often than any JSON needs one."""
    days = 10_000
    raw = struct.pack("<d" if datatype == "FP64" else "<f", value) * days
    given = {"datatype": datatype, "shape": [days], "parameters": {"binary_data_size": len(raw)}}
    station = {**FINE, "shape": [days], "data": ["Perth"] * days}
    head = {"inputs": [station, *({"name": name, **given} for name in names)]}
    response = send(server, head, raw * len(names))
    assert response.status_code == 200, response.text


def test_all_tensors_that_are_no_fields_are_named(server: Server) -> None:
    inputs = [FINE, *({**FINE, "name": f"Nowhere{number}"} for number in range(30))]
    assert error(server.post(INFER, {"inputs": inputs})).count("is no field") == 20
    message = error(server.post(INFER, {"inputs": [{**FINE, "name": "MinTmp"}, FINE, FINE]}))
    assert "MinTmp is no field; did you mean MinTemp?" in message
    assert "Location gives Location a second time" in message


@pytest.mark.parametrize(
    "length",
    ["-1", "1e1", "0x10", "", "ten", "9" * 5000, "10_0", "1.0", "100000", "5 5", "\u00b2"],
)
def test_header_length_that_is_none(server: Server, length: str) -> None:
    headers = {LENGTH: length.encode("latin-1")}
    assert LENGTH in error(send(server, {"inputs": [RAW]}, SYDNEY, **headers))  # type: ignore[arg-type]


@pytest.mark.parametrize("length", ["0", "5", str(len(json.dumps({"inputs": [RAW]})) + 1)])
def test_header_length_that_lies(server: Server, length: str) -> None:
    error(send(server, {"inputs": [RAW]}, SYDNEY, **{LENGTH: length}))


def test_bytes_without_their_header(server: Server) -> None:
    head = json.dumps({"inputs": [RAW]}).encode()
    headers = {"Content-Type": "application/octet-stream"}
    error(server.call("POST", INFER, data=head + SYDNEY, headers=headers))
    assert "the 0 that are left" in error(server.call("POST", INFER, data=head, headers=headers))


def test_number_of_bytes_that_does_not_fit_the_shape(server: Server) -> None:
    head = {
        "inputs": [
            FINE,
            {
                **{key: HUMIDITY[key] for key in ("name", "shape", "datatype")},
                "parameters": {"binary_data_size": 4},
            },
        ]
    }
    message = error(send(server, head, b"\0" * 4))
    assert "Humidity3pm of FP64 and the shape [1] has 8 bytes, not 4" in message


def computed(server: Server) -> int:
    """Nanoseconds that the function's processes have computed."""
    family = psutil.Process(server.process.pid)
    tasks = (
        Path(f"/proc/{each.pid}/task/{thread.id}/schedstat")
        for each in (family, *family.children(recursive=True))
        for thread in each.threads()
    )
    return sum(int(task.read_text().split()[0]) for task in tasks)


# The framework's own part would only make the difference smaller.
@pytest.mark.parametrize("launcher", ["granian"], indirect=True)
@pytest.mark.parametrize("model", MODELS)
def test_tensors_cost_little_more_than_a_document(server: Server, model: str) -> None:
    """CPU time of the same whole day, both ways in turn: what else is running disturbs both."""
    days = {name: [value] for name, value in WET.items()}
    requests_of = {
        "/predict": {"model": model, "observation": WET},
        f"/v2/models/{model}/infer": {"inputs": tensors(days)},
    }
    ratios = []
    with requests.Session() as session:
        session.auth = ALICE
        for _ in range(30):
            spent = []
            for path, body in requests_of.items():
                before = computed(server)
                for _ in range(10):
                    assert session.post(server.url + path, json=body, timeout=30).ok
                spent.append(computed(server) - before)
            ratios.append(spent[1] / spent[0])
    assert statistics.median(ratios) <= 1.25


def memory(server: Server) -> int:
    """Bytes that the function's processes hold."""
    family = psutil.Process(server.process.pid)
    return sum(each.memory_info().rss for each in (family, *family.children(recursive=True)))


@pytest.mark.parametrize("rows", [10**12, 2**63 - 1])
def test_huge_shape_moves_no_memory(server: Server, rows: int) -> None:
    huge = {"name": "Humidity3pm", "shape": [rows], "datatype": "INT8"}
    inline = {"inputs": [{**huge, "data": [1]}]}
    head = {"inputs": [{**huge, "parameters": {"binary_data_size": rows}}]}
    error(server.post(INFER, inline), 413)
    before = memory(server)
    for _ in range(20):
        error(server.post(INFER, inline), 413)
        error(send(server, head, b"\1"), 413)
        error(server.post(INFER, {"inputs": [FINE, {**huge, "data": [1]}]}), 400)
    assert memory(server) - before < 8 * 2**20


def test_too_many_rows(server: Server) -> None:
    tensor = {**FINE, "shape": [10_001], "data": ["Sydney"] * 10_001}
    message = error(server.post(INFER, {"inputs": [tensor]}), 413)
    assert "10001 observations; at most 10000" in message


def test_eight_million_rows_of_bytes_move_little_memory(server: Server) -> None:
    rows = 8_000_000
    huge = {"name": "Humidity3pm", "shape": [rows], "datatype": "INT8"}
    head = {"inputs": [{**huge, "parameters": {"binary_data_size": rows}}]}
    for _ in range(4):
        error(send(server, head, bytes(rows)), 413)
    before = memory(server)
    for _ in range(8):
        error(send(server, head, bytes(rows)), 413)
    assert memory(server) - before < 32 * 2**20  # the threads' bodies, in their allocators' hands


def test_too_many_samples(server: Server) -> None:
    tensor = {**FINE, "shape": [1001], "data": ["Sydney"] * 1001}
    body = {"inputs": [tensor], "parameters": {"draws": 100}}
    assert "1001 x 100 samples" in error(server.post(INFER, body), 413)


def test_body_that_is_too_large(server: Server) -> None:
    error(send(server, b" " * (8 * 1024 * 1024 + 1)), 413)


@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
def test_unknown_model_and_version(server: Server, path: str) -> None:
    verb = "POST" if path == "/infer" else "GET"
    answer = server.call(verb, f"/v2/models/random-forrest{path}", json={"inputs": [FINE]})
    assert "did you mean random-forest?" in error(answer, 404)
    answer = server.call(verb, f"/v2/models/all{path}", json={"inputs": [FINE]})
    assert "GET /models lists them" in error(answer, 404)
    answer = server.call(verb, f"/v2/models/random-forest/versions/2{path}", json={})
    assert "version 1.0.0 only" in error(answer, 404)


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/nowhere", "/v2/models", "/v2/health", "/v2/models/random-forest/explain"]
)
def test_unknown_path(server: Server, path: str) -> None:
    error(server.call("GET", path), 404)


@pytest.mark.parametrize(
    ("verb", "path"), [("POST", "/v2"), ("GET", INFER), ("DELETE", "/v2/models/random-forest")]
)
def test_wrong_verb(server: Server, verb: str, path: str) -> None:
    answer = server.call(verb, path)
    error(answer, 405)
    assert answer.headers["Allow"]


def test_content_type_that_nobody_reads(server: Server) -> None:
    error(server.call("POST", INFER, data=b"{}", headers={"Content-Type": "text/plain"}), 415)


def test_other_paths_keep_their_form(server: Server) -> None:
    answer = server.call("GET", "/v22")
    assert answer.headers["Content-Type"] == "application/problem+json"
