"""`scripts/deploy`: from the project to replicas that answer, and back.

What is missing is said before anything is changed, and every step finds what an earlier run left:
a second run mends a first one that was interrupted.
"""

import argparse
import base64
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from function import __version__
from scripts.deployment.address import minikube_profile, say_where
from scripts.deployment.forms import FORMS, NAME, REPOSITORY, ROOT, Form
from scripts.deployment.kustomization import kustomization, live, reference
from scripts.deployment.programs import Document, Failure, Kubectl, ask, do, gist, require

SECRET: Final = f"{NAME}-credentials"
GENERATED_USER: Final = "rain"
WAIT_SECONDS: Final = 180
_ROUND_SECONDS: Final = 10
_NAME_LABEL: Final = "app.kubernetes.io/name"
_OURS: Final = f"{_NAME_LABEL}={NAME}"
_MANAGER: Final = "app.kubernetes.io/managed-by"
_LABELS: Final = {_NAME_LABEL: NAME, _MANAGER: "scripts-deploy"}
# BuildKit's attestation tells the time of the build: every build would be another image.
_SAME_IMAGE: Final = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def main() -> None:
    """Run the command; a failure or an interruption ends it with a sentence and status 1."""
    try:
        options = _options()
        require("kubectl")
        if options.dry_run:
            _print(options)
        elif options.delete:
            _delete(options)
        else:
            _deploy(options)
    except Failure as failure:
        sys.exit(str(failure))
    except (KeyboardInterrupt, EOFError):
        sys.exit("\nInterrupted; run it again to finish, or with --delete to undo it.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy", description="Deploy the function to a Kubernetes cluster."
    )
    parser.add_argument("form", choices=FORMS, help="as a Knative Service, or without Knative")
    parser.add_argument("--context", help="kubectl's context; the current one if not given")
    parser.add_argument("--namespace", default=NAME, help="made where there is none (%(default)s)")
    parser.add_argument(
        "--image", help="an image that the cluster can pull; if not given, one is built and loaded"
    )
    users = parser.add_mutually_exclusive_group()
    users.add_argument("--demo", action="store_true", help="the public demo users")
    users.add_argument("--credentials", type=Path, metavar="FILE", help="users of this file")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--delete", action="store_true", help="remove what was deployed")
    instead.add_argument("--dry-run", action="store_true", help="print the manifests")
    return parser.parse_args()


def _deploy(options: argparse.Namespace) -> None:
    form = FORMS[options.form]
    if options.image:
        reference(options.image)  # says what is wrong with it
    kubectl = _connect(options)
    _require_platform(options.form, kubectl)
    there = _stored(kubectl)
    given = _read(_file(options, ask_for_one=not there))
    if options.image:
        image = options.image
    else:
        require("docker", "minikube")
        image = _build_and_load(_require_minikube(kubectl))
    _ensure_namespace(kubectl)
    password = ""
    credentials = given or there
    if not credentials:
        credentials, password = _generate()
    if credentials != there:
        _store(credentials, kubectl)
    if password:
        print(f"User {GENERATED_USER}, password {password} - keep it: it is shown once.")
    where = f"namespace {kubectl.namespace} of context {kubectl.context}"
    print(f"Applying {form.folder} to {where} ...", flush=True)
    with kustomization(form, _overlay(options), image, live(form, kubectl, credentials)) as folder:
        kubectl.do("apply", f"--kustomize={folder}")
    _wait(options.form, kubectl)
    say_where(options.form, kubectl)


def _print(options: argparse.Namespace) -> None:
    """Print what would be applied, as YAML; as comments, what is done beside that or not known."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in `scripts/deploy ... --dry-run | head`
    image = options.image or f"{REPOSITORY}:{__version__}"
    if not options.image:
        print(f"# docker build --tag {image} {ROOT}")
        print(f"# minikube image load {image}-CONTENT: the tag that is deployed tells the content")
    print(f"# Namespace {options.namespace}, restricted, where there is none")
    print(f"# Secret {SECRET}, {_source(options)}; the pods are annotated with its checksum")
    if FORMS[options.form].instance != NAME:
        print("# As many replicas as there are already, if these are more")
    sys.stdout.flush()
    with kustomization(FORMS[options.form], _overlay(options), image) as folder:
        remedy = "restore the folder knative"
        sys.stdout.write(do("kubectl", "kustomize", folder, remedy=remedy))


def _overlay(options: argparse.Namespace) -> str:
    """Folder within the form's: minikube's nodes are small, and have the image already."""
    return "base" if options.image else "minikube"


def _source(options: argparse.Namespace) -> str:
    if options.demo:
        return "the public demo users"
    return f"from {options.credentials}" if options.credentials else "kept, or a file's, or made"


def _connect(options: argparse.Namespace) -> Kubectl:
    contexts = ask("kubectl", "config", "get-contexts", "--output=name").stdout.split()
    context = options.context or ask("kubectl", "config", "current-context").stdout.strip()
    if not context:
        raise Failure(
            "kubectl has no current context; start a cluster with `minikube start`, or name one "
            "with --context."
        )
    if context not in contexts:
        known = f"there are {', '.join(contexts)}" if contexts else "there are none"
        raise Failure(f"kubectl knows no context {context} ({known}); name another --context.")
    kubectl = Kubectl(context, options.namespace)
    answer = kubectl.ask("version", "--request-timeout=10s")
    if answer.returncode:
        raise Failure(
            f"No cluster answers in context {context} ({gist(answer)}); start it, with "
            "`minikube start` for example, or name another --context."
        )
    return kubectl


def _require_platform(name: str, kubectl: Kubectl) -> None:
    if name == "knative":
        if not _has_knative(kubectl):
            raise Failure(
                f"Knative Serving is not installed in context {kubectl.context}; "
                "docs/installation.md tells how to install it, and `scripts/deploy plain` does "
                "without it."
            )
    elif not kubectl.get("ingressclass", "nginx"):
        raise Failure(
            f"There is no ingress controller of class nginx in context {kubectl.context}; run "
            "`minikube addons enable ingress`, or install ingress-nginx."
        )


def _has_knative(kubectl: Kubectl) -> bool:
    """Whether the API server knows Knative's Services.

    Asked of this one API: a list of all fails while any other of them is down, such as that of a
    metrics server that has just been started.
    """
    answer = kubectl.ask("get", "--raw=/apis/serving.knative.dev/v1")
    if answer.returncode and "NotFound" not in answer.stderr:
        raise Failure(f"Whether Knative is there cannot be told ({gist(answer)}); run this again.")
    return not answer.returncode


def _require_minikube(kubectl: Kubectl) -> str:
    profile = minikube_profile(kubectl)
    if not profile:
        raise Failure(
            f"Context {kubectl.context} is no minikube cluster, so no image can be loaded into it; "
            "push one to a registry and name it with --image."
        )
    return profile


def _build_and_load(profile: str) -> str:
    """Build the image and load it; its tag tells the content, so that a change rolls out."""
    os.environ.update(_SAME_IMAGE)
    print("Building the image; the first time takes some minutes ...", flush=True)
    remedy = "start Docker, or name an image with --image"
    version = f"{REPOSITORY}:{__version__}"
    built = do("docker", "build", "--quiet", "--tag", version, str(ROOT), remedy=remedy).strip()
    image = f"{version}-{built.removeprefix('sha256:')[:12]}"
    do("docker", "tag", built, image, remedy=remedy)
    # Each time: a node that came since the last has nothing yet.
    print(f"Loading {image} into minikube ...", flush=True)
    remedy = "`minikube status` tells how the cluster is"
    do("minikube", f"--profile={profile}", "image", "load", image, remedy=remedy)
    return image


def _ensure_namespace(kubectl: Kubectl) -> None:
    if kubectl.get("namespace", kubectl.namespace):
        return
    labels = {**_LABELS, "pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": kubectl.namespace, "labels": labels}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _stored(kubectl: Kubectl) -> bytes:
    """Content of the Secret, or nothing."""
    data = kubectl.get("secret", SECRET).get("data", {})
    return base64.b64decode(data.get("credentials", ""))


def _store(credentials: bytes, kubectl: Kubectl) -> None:
    metadata = {"name": SECRET, "labels": _LABELS}
    data = {"credentials": base64.b64encode(credentials).decode()}
    kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def _file(options: argparse.Namespace, *, ask_for_one: bool) -> Path | None:
    """Credentials file to take the users from, if any."""
    if options.demo:
        return ROOT / "data" / "credentials"
    if options.credentials or not ask_for_one or not sys.stdin.isatty():
        file: Path | None = options.credentials
        return file
    answer = input("Credentials file (Enter: make a user with a password): ").strip()
    return Path(answer).expanduser() if answer else None


def _read(file: Path | None) -> bytes:
    if file is None:
        return b""
    checked = ask(str(ROOT / "scripts" / "credentials"), str(file), "list")
    if checked.returncode:
        raise Failure(f"{gist(checked)}.")
    return file.read_bytes()


def _generate() -> tuple[bytes, str]:
    """Make credentials of one user; gives the file's content, and the password."""
    print(f"Making the user {GENERATED_USER} ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="rain-tomorrow-") as folder:
        file = Path(folder) / "credentials"
        password = do(
            *(str(ROOT / "scripts" / "credentials"), str(file)),
            *("add", GENERATED_USER, "--generate"),
            remedy="make a file with scripts/credentials, and name it with --credentials",
        )
        return file.read_bytes(), password.strip()


def _wait(name: str, kubectl: Kubectl) -> None:
    print("Waiting for the replicas ...", flush=True)
    form = FORMS[name]
    if name == "plain":
        command = ("rollout", "status", f"deployment/{form.instance}", f"--timeout={WAIT_SECONDS}s")
        if kubectl.show(*command):
            return
    else:
        deadline = time.monotonic() + WAIT_SECONDS
        service = f"{form.workload}/{form.instance}"
        while time.monotonic() < deadline:
            arguments = ("--for=condition=Ready", service, f"--timeout={_ROUND_SECONDS}s")
            answer = kubectl.ask("wait", *arguments)
            if not answer.returncode:
                return
            if "timed out" not in answer.stderr:
                raise Failure(f"Waiting ended early ({gist(answer)}); run this again.")
            print(f"  not yet{_reason(form, kubectl)}", flush=True)
    raise Failure(
        f"It is not ready after {WAIT_SECONDS} s{_reason(form, kubectl)}; docs/run.md lists what "
        "to do."
    )


def _reason(form: Form, kubectl: Kubectl) -> str:
    """Return what the pods say of why they are not ready, in brackets."""
    selector = f"--selector={_OURS},app.kubernetes.io/instance={form.instance}"
    for pod in kubectl.get("pods", selector).get("items", ()):
        status = pod["status"]
        for each in status.get("containerStatuses", ()):
            ended = each.get("lastState", {}).get("terminated", {}) or each["state"].get(
                "terminated", {}
            )
            waiting = each["state"].get("waiting", {})
            said = ended.get("message") or waiting.get("message") or waiting.get("reason")
            if said and not each.get("ready"):
                return f" ({said.strip().splitlines()[-1].rstrip('.')})"
        for condition in status.get("conditions", ()):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                return f" ({condition['message'].rstrip('.')})"
    return ""


def _delete(options: argparse.Namespace) -> None:
    kubectl = _connect(options)
    form = FORMS[options.form]
    namespace = kubectl.get("namespace", kubectl.namespace)
    if not namespace:
        print(f"There is no namespace {kubectl.namespace}, and nothing to delete.")
        return
    has_knative = _has_knative(kubectl)
    kinds = form.kinds if has_knative else form.kinds.removeprefix(f"{form.workload},")
    where = f"namespace {kubectl.namespace} of context {kubectl.context}"
    print(f"Deleting {form.instance} from {where} ...", flush=True)
    instance = f"--selector={_OURS},app.kubernetes.io/instance={form.instance}"
    kubectl.do("delete", kinds, instance, "--ignore-not-found")
    workloads = [each.workload for each in FORMS.values()]
    if not has_knative:
        workloads.remove(FORMS["knative"].workload)
    if _staying(kubectl.get(",".join(workloads), f"--selector={_OURS}")):
        return  # the other form reads the same Secret
    # What somebody made by hand is not ours to take.
    ours = f"--selector={_MANAGER}={_LABELS[_MANAGER]}"
    kubectl.do("delete", "secrets", ours, "--ignore-not-found")
    if namespace["metadata"].get("labels", {}).get(_MANAGER) == _LABELS[_MANAGER]:
        others = kubectl.get("deployments,statefulsets,jobs,secrets,persistentvolumeclaims")
        if _staying(others):
            print(f"The namespace {kubectl.namespace} holds other things as well, and stays.")
        else:
            kubectl.do("delete", "namespace", kubectl.namespace)


def _staying(found: Document) -> list[Document]:
    """What was found, without what goes with the Knative Service that was deleted.

    Its Deployment carries its labels, and is collected a while after it.
    """
    return [
        each
        for each in found.get("items", ())
        if not each["metadata"].get("ownerReferences")
        or each["metadata"].get("labels", {}).get(_NAME_LABEL) != NAME
    ]
