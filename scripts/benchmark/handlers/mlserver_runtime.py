"""MLServer's custom runtime, as its documentation shows one; runs in an environment of its own."""

import numpy as np
import pandas as pd
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import decode_args  # type: ignore[import-not-found]

from scripts.benchmark.handlers.pipeline import Pipeline


class Rain(MLModel):  # type: ignore[misc]
    """One model; its settings are in the folder `mlserver`."""

    async def load(self) -> bool:
        """Load the pipeline."""
        self._pipeline = Pipeline(self.name)
        return True

    @decode_args  # type: ignore[untyped-decorator]
    async def predict(self, days: pd.DataFrame) -> np.ndarray:
        """Answer for a table of raw observations."""
        return np.array(self._pipeline.probabilities(days))
