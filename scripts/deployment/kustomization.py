"""What is applied: a form's manifests with the image, and with what the cluster itself says."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.deployment.forms import NAME, REPOSITORY, ROOT, Form
from scripts.deployment.programs import Document, Failure, Kubectl

REPLICAS: Final = 3


def live(form: Form, kubectl: Kubectl, credentials: bytes) -> Document:
    """Members of the kustomization that come from the cluster's own state."""
    group, kind = form.workload.partition(".")[2], form.kind
    # A mounted Secret changes within a minute or two: other users make other replicas, for which
    # they count at once.
    annotations = {"checksum/credentials": hashlib.sha256(credentials).hexdigest()}
    patch = {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": "any"},
        "spec": {"template": {"metadata": {"annotations": annotations}}},
    }
    patches = [{"target": {"group": group, "kind": kind}, "patch": json.dumps(patch)}]
    if form.instance == NAME:
        return {"patches": patches}
    # What the autoscaler has raised stays raised.
    running = kubectl.get(form.workload, form.instance).get("spec", {}).get("replicas", REPLICAS)
    replicas = [{"name": form.instance, "count": max(REPLICAS, running)}]
    return {"patches": patches, "replicas": replicas}


@contextlib.contextmanager
def kustomization(
    form: Form, overlay: str, image: str, more: Document | None = None
) -> Iterator[str]:
    """Folder of a kustomization that sets an overlay's image, and has these members more."""
    with tempfile.TemporaryDirectory(prefix="rain-tomorrow-") as made:
        folder = Path(made).resolve()
        document: Document = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(ROOT / form.folder / overlay, folder)],
            "images": [{"name": REPOSITORY, **reference(image)}],
            **(more or {}),
        }
        (folder / "kustomization.yaml").write_text(json.dumps(document))
        yield str(folder)


def reference(image: str) -> dict[str, str]:
    """Parts of an image's reference, as kustomize names them; raises `Failure` for no fixed one."""
    name, at, digest = image.partition("@")
    if at:
        return {"newName": name, "digest": digest}
    path, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    if not tag or tag == "latest":
        raise Failure(f"The image {image} may change under its name; give it a tag or a digest.")
    return {"newName": path + slash + name, "newTag": tag}
