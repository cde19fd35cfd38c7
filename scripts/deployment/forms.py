"""The two ways to deploy: as a Knative Service, and as a plain Deployment."""

from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = "rain-tomorrow"
REPOSITORY: Final = f"dev.local/{NAME}"
"""Name of the image in the manifests."""


class Form(NamedTuple):
    """One of the two ways to deploy: where its manifests are and what they make."""

    folder: str
    instance: str
    workload: str
    kind: str
    kinds: str
    """What `--delete` removes, beside what these own."""


FORMS: Final = {
    "knative": Form(
        "knative",
        NAME,
        "services.serving.knative.dev",
        "Service",
        "services.serving.knative.dev,poddisruptionbudgets,configmaps,serviceaccounts",
    ),
    "plain": Form(
        "knative/plain",
        f"{NAME}-plain",
        "deployments.apps",
        "Deployment",
        "ingresses,services,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,"
        "deployments.apps,configmaps,serviceaccounts",
    ),
}
