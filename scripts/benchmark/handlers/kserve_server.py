"""KServe's custom model, as its documentation shows one; runs in an environment of its own."""

import argparse
from typing import Any

import kserve
import pandas as pd

from scripts.benchmark.handlers.pipeline import MODELS, Pipeline


class Rain(kserve.Model):  # type: ignore[misc]
    """One model."""

    def load(self) -> None:
        """Load the pipeline."""
        self._pipeline = Pipeline(self.name)
        self.ready = True

    def predict(
        self, payload: dict[str, Any], _headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Answer for a list of raw observations."""
        return {"predictions": self._pipeline.probabilities(pd.DataFrame(payload["instances"]))}


def main() -> None:
    """Serve all models."""
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    options, _ = parser.parse_known_args()
    models = [Rain(name) for name in MODELS]
    for model in models:
        model.load()
    kserve.ModelServer(http_port=options.http_port, enable_grpc=False, workers=1).start(models)


if __name__ == "__main__":
    main()
