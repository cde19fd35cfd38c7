"""Asks the function with KServe's client; prints what that understood, as JSON."""

import asyncio
import json
from typing import Any

import httpx
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from tests.inference.tensors import ASKED, URL, USER, array

TEXTS = ("Location", "Date", "WindGustDir", "WindDir9am", "WindDir3pm", "RainToday")


async def infer(client: InferenceRESTClient, *, binary: bool) -> dict[str, Any]:
    """Answer to tensors in JSON, or as bytes."""
    inputs = []
    for name, values in ASKED["observations"].items():
        datatype = "BYTES" if name in TEXTS else "FP64"
        tensor = InferInput(name, [len(values)], datatype)
        tensor.set_data_from_numpy(array(datatype, values), binary_data=binary)
        inputs.append(tensor)
    names = ["probability", "rain_tomorrow", "interval_low", "interval_high"]
    request = InferRequest(
        ASKED["model"],
        inputs,
        request_id="asked with kserve",
        parameters=ASKED["parameters"],
        request_outputs=[RequestedOutput(name, {"binary_data": binary}) for name in names],
    )
    answer = await client.infer(URL, request, model_name=ASKED["model"])
    figures = {output.name: output.as_numpy().tolist() for output in answer.outputs}
    return {"id": answer.id, "parameters": answer.parameters, **figures}


async def main() -> None:
    """Run the command."""
    config = RESTConfig(protocol="v2", auth=USER)
    async with InferenceRESTClient(config) as client:
        refused = ""
        try:
            await client.infer(URL, {"inputs": []}, model_name=ASKED["model"])
        except httpx.HTTPStatusError as error:
            refused = str(error)
        answer = {
            "live": await client.is_server_live(URL),
            "ready": await client.is_server_ready(URL),
            "model_ready": await client.is_model_ready(URL, ASKED["model"]),
            "refused": refused,
            "json": await infer(client, binary=False),
            "binary": await infer(client, binary=True),
        }
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
