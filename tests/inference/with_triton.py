"""Asks the function with Triton's client; prints what that understood, as JSON."""

import base64
import json
from typing import Any

from tritonclient import http

from tests.inference.tensors import ASKED, URL, USER, array

_CREDENTIALS = base64.b64encode(":".join(USER).encode()).decode()
_HEADERS = {"Authorization": f"Basic {_CREDENTIALS}"}


def infer(client: Any, datatypes: dict[str, str], *, binary: bool) -> dict[str, Any]:
    """Answer to tensors in JSON, or as bytes."""
    inputs = []
    for name, values in ASKED["observations"].items():
        tensor = http.InferInput(name, [len(values)], datatypes[name])
        inputs.append(tensor.set_data_from_numpy(array(datatypes[name], values), binary))
    names = ["probability", "rain_tomorrow", "interval_low", "interval_high"]
    result = client.infer(
        ASKED["model"],
        inputs,
        model_version="1.0.0" if binary else "",
        # Without any, the client asks for all as bytes.
        outputs=None if binary else [http.InferRequestedOutput(name, False) for name in names],
        request_id="asked with triton",
        headers=dict(_HEADERS),
        parameters=ASKED["parameters"],
    )
    head = result.get_response()
    figures = {name: result.as_numpy(name).tolist() for name in names}
    return {"id": head["id"], "parameters": head["parameters"], **figures}


def main() -> None:
    """Run the command."""
    client = http.InferenceServerClient(URL.partition("//")[2])
    model = ASKED["model"]
    metadata = client.get_model_metadata(model)
    datatypes = {tensor["name"]: tensor["datatype"] for tensor in metadata["inputs"]}
    refused = ""
    try:
        client.infer(model, [http.InferInput("Snow", [1], "FP64")], headers=dict(_HEADERS))
    except http.InferenceServerException as error:
        refused = f"{error.status()} {error.message()}"
    answer = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(model) and client.is_model_ready(model, "1.0.0"),
        "other_version_ready": client.is_model_ready(model, "2"),
        "server": client.get_server_metadata(),
        "refused": refused,
        "json": infer(client, datatypes, binary=False),
        "binary": infer(client, datatypes, binary=True),
    }
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()
