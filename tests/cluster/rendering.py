"""What kustomize makes of the manifests."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from tests.serving import ROOT

KUBECTL: Final = Path(sys.executable).with_name("kubectl")
KNATIVE: Final = ("knative", "knative/minikube", "knative/registry", "knative/canary")
PLAIN: Final = ("knative/plain", "knative/plain/minikube", "knative/plain/registry")
Manifest = dict[str, Any]


@functools.cache
def render(overlay: str) -> list[Manifest]:
    """Objects of a kustomization."""
    done = subprocess.run(
        [KUBECTL, "kustomize", overlay], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def one(overlay: str, kind: str) -> Manifest:
    """The only object of this kind."""
    (found,) = [each for each in render(overlay) if each["kind"] == kind]
    return found


def template(overlay: str) -> Manifest:
    """Template of the pods, with its metadata and spec."""
    kind = "Deployment" if overlay in PLAIN else "Service"
    pods: Manifest = one(overlay, kind)["spec"]["template"]
    return pods


def container(overlay: str) -> Manifest:
    """The only container of a pod."""
    (only,) = template(overlay)["spec"]["containers"]
    found: Manifest = only
    return found


def settings(overlay: str) -> dict[str, str]:
    """Environment variables of the container."""
    config = one(overlay, "ConfigMap")
    assert container(overlay)["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    own = {each["name"]: each["value"] for each in container(overlay).get("env", [])}
    variables: dict[str, str] = config["data"]
    return variables | own


def is_knative(manifest: Manifest) -> bool:
    """Whether the object is one of Knative's."""
    return str(manifest["apiVersion"]).startswith("serving.knative.dev/")
