import json

from .api import MODELS, Api

DAY = {"Location": "Hobart", "Date": "2024-06-30", "Humidity3pm": 71}
FILL = {"strategy": "climatology", "draws": 20, "seed": 7}
INPUTS = [
    {"name": "Location", "shape": [1], "datatype": "BYTES", "data": ["Hobart"]},
    {"name": "Date", "shape": [1], "datatype": "BYTES", "data": ["2024-06-30"]},
    {"name": "Humidity3pm", "shape": [1], "datatype": "FP64", "data": [71]},
]
EVENT = {"specversion": "1.0", "id": "1", "source": "/tester", "type": "observation"}
STRUCTURED = "application/cloudevents+json"


def test_inference_server(api: Api) -> None:
    """The Open Inference Protocol says that the server and its models are ready."""
    assert api.get("/v2").json()["name"] == "rain-tomorrow"
    assert api.get("/v2/health/live").json() == {"live": True}
    assert api.get("/v2/health/ready").json() == {"ready": True}
    for model in MODELS:
        assert api.get(f"/v2/models/{model}/ready").json() == {"name": model, "ready": True}


def test_inference_metadata(api: Api, model: str) -> None:
    """A model's metadata name its tensors and its version."""
    metadata = api.get(f"/v2/models/{model}").json()
    inputs = {tensor["name"]: tensor for tensor in metadata["inputs"]}
    assert len(inputs) == 22
    assert inputs["Humidity3pm"]["parameters"]["unit"] == "%"
    version = metadata["versions"][0]
    assert api.get(f"/v2/models/{model}/versions/{version}").json() == metadata


def test_inference(api: Api, model: str) -> None:
    """Tensors get the same figures as a prediction."""
    body = {"inputs": INPUTS, "parameters": FILL, "id": "tester"}
    answer = api.post(f"/v2/models/{model}/infer", body).json()
    assert answer["id"] == "tester"
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    document = {"model": model, "observation": DAY, "fill": FILL}
    expected = api.post("/predict", document).json()["prediction"]
    assert outputs["probability"] == [expected["probability"]]
    assert outputs["rain_tomorrow"] == [expected["rain_tomorrow"]]
    assert [outputs["interval_low"][0], outputs["interval_high"][0]] == expected["interval"]


def test_inference_refuses(api: Api, model: str) -> None:
    """A mistake is answered in the protocol's own form."""
    answer = api.post(f"/v2/models/{model}/infer", {"inputs": []})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert api.stranger("POST", f"/v2/models/{model}/infer").status_code == 401
    assert api.get("/v2/models/oracle").status_code == 404


def test_event(api: Api, model: str) -> None:
    """An observation event is answered with a prediction event, in either mode."""
    document = {"model": model, "observation": DAY, "fill": FILL}
    expected = api.post("/predict", document).json()
    headers = {f"ce-{name}": value for name, value in EVENT.items()}
    binary = api.post("/", document, headers=headers)
    assert binary.headers["ce-type"] == "au.rain-tomorrow.prediction.v1"
    assert binary.headers["ce-subject"] == "Hobart"
    assert binary.json() == expected
    body = json.dumps({**EVENT, "data": document})
    structured = api.post("/", data=body, headers={"Content-Type": STRUCTURED})
    assert structured.headers["Content-Type"] == STRUCTURED
    assert structured.json()["data"] == expected


def test_event_refused(api: Api) -> None:
    """An event that lacks an attribute is refused, and a batch is."""
    answer = api.post("/", {"observation": DAY}, headers={"ce-id": "1", "ce-specversion": "1.0"})
    assert answer.status_code == 400
    assert "source" in answer.json()["detail"]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    assert api.post("/", data="[]", headers=headers).status_code == 415
