"""`scripts/deploy`: with programs that record how they are called, and with the real kubectl."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import __version__
from function.passwords import ScryptHash
from tests.cluster.rendering import KUBECTL
from tests.scripts.interrupting import in_terminal, interrupt
from tests.serving import ROOT, free_port

DEMO = (ROOT / "data" / "credentials").read_bytes()
IMAGE_ID = "sha256:0123456789abcdef0123456789abcdef"
BUILT = f"dev.local/rain-tomorrow:{__version__}-0123456789ab"
SELECTED = "--selector=app.kubernetes.io/name=rain-tomorrow,app.kubernetes.io/instance"
# Answers the first pattern that is in its command line; what is applied is kept as it was rendered.
PROGRAM = f"""#!{sys.executable}
import json, os, pathlib, re, subprocess, sys, time
world = pathlib.Path(os.environ["WORLD"])
line = " ".join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]])
given = sys.stdin.read() if "--filename=-" in sys.argv else ""
for argument in sys.argv:
    if argument.startswith("--kustomize="):
        command = [{str(KUBECTL)!r}, "kustomize", argument.partition("=")[2]]
        given = subprocess.run(command, capture_output=True, text=True, check=True).stdout
if line.startswith("docker build"):
    (world / "attestations").write_text(os.environ.get("BUILDX_NO_DEFAULT_ATTESTATIONS", ""))
with (world / "calls").open("a") as calls:
    calls.write(json.dumps([line, given]) + "\\n")
for pattern, answer in json.loads((world / "answers").read_text()).items():
    if re.search(pattern, line):
        sys.stdout.write(answer.get("out", ""))
        sys.stderr.write(answer.get("err", ""))
        time.sleep(answer.get("seconds", 0))
        sys.exit(answer.get("status", 0))
"""
Answers = Mapping[str, Mapping[str, str | int]]
MINIKUBE: dict[str, dict[str, str | int]] = {
    "config get-contexts": {"out": "minikube\nother\n"},
    "config current-context": {"out": "minikube\n"},
    "--raw=/apis/serving.knative.dev/v1$": {"out": '{"kind": "APIResourceList"}'},
    "get ingressclass nginx": {"out": '{"kind": "IngressClass"}'},
    "get nodes": {"out": "minikube"},
    "get services.serving.knative.dev/rain-tomorrow": {
        "out": json.dumps({"status": {"url": "http://rain-tomorrow.rain-tomorrow.example.com"}})
    },
    "get service/kourier": {
        "out": json.dumps({"spec": {"ports": [{"port": 80, "nodePort": 31234}]}})
    },
    "docker build": {"out": f"{IMAGE_ID}\n"},
    "minikube --profile=minikube ip": {"out": "192.168.49.2\n"},
}
NO_KNATIVE: Answers = {
    "--raw=/apis/serving.knative.dev/v1$": {"status": 1, "err": "Error from server (NotFound): x\n"}
}
WITH_NAMESPACE = {"get namespace": {"out": '{"metadata": {"labels": {}}}'}}


def with_secret(content: bytes) -> Answers:
    data = {"credentials": base64.b64encode(content).decode()}
    return {"get secret": {"out": json.dumps({"data": data})}}


class World:
    """A project, and a PATH on which the programs of a deployment record and answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.project = folder / "project"
        self.path = folder / "bin"
        for name in ("function", "scripts", "knative", "data"):
            ignored = shutil.ignore_patterns("__pycache__", "models", "train_test", ".training-*")
            shutil.copytree(ROOT / name, self.project / name, ignore=ignored)
        (self.project / "scripts" / "environment").write_text(f"#!/bin/sh\necho {sys.executable}\n")
        self.path.mkdir()
        for name in ("kubectl", "minikube", "docker"):
            (self.path / name).write_text(PROGRAM)
            (self.path / name).chmod(0o755)
        for name in ("sh", "dirname"):
            (self.path / name).symlink_to(str(shutil.which(name)))
        self.answer({})

    def answer(self, answers: Answers) -> None:
        """Answer like a minikube that is ready, but for these."""
        others = {name: MINIKUBE[name] for name in MINIKUBE if name not in answers}
        (self._folder / "answers").write_text(json.dumps({**answers, **others}))
        (self._folder / "calls").write_text("")

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the command."""
        return in_terminal(
            [sys.executable, self.project / "scripts" / "deploy", *arguments],
            env={**os.environ, "PATH": str(self.path), "WORLD": str(self._folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def deploy(self, *arguments: str | Path) -> str:
        """Run the command; gives what it prints."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert (process.returncode, stderr) == (0, "")
        return stdout

    def complaint(self, *arguments: str | Path) -> str:
        """Run the command, which cannot do it; gives its sentence."""
        process = self.start(*arguments)
        _, stderr = process.communicate(timeout=120)
        assert (process.returncode, stderr.count("\n")) == (1, 1)
        assert stderr.endswith(".\n")
        return stderr

    def calls(self, pattern: str = "") -> list[str]:
        """Command lines so far."""
        lines = (self._folder / "calls").read_text().splitlines()
        return [line for line, _ in map(json.loads, lines) if re.search(pattern, line)]

    @property
    def attestations(self) -> set[str]:
        """What builds were told of attestations."""
        return {(self._folder / "attestations").read_text()}

    def applied(self) -> dict[str, dict[str, Any]]:
        """Objects that were applied, by kind."""
        lines = (self._folder / "calls").read_text().splitlines()
        texts = [given for _, given in map(json.loads, lines)]
        objects = [each for text in texts for each in yaml.safe_load_all(text) if each]
        return {each["kind"]: each for each in objects}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def pod_template(applied: dict[str, dict[str, Any]], kind: str) -> dict[str, Any]:
    template: dict[str, Any] = applied[kind]["spec"]["template"]
    return template


def users(applied: dict[str, dict[str, Any]]) -> bytes:
    assert applied["Secret"]["metadata"]["name"] == "rain-tomorrow-credentials"
    return base64.b64decode(applied["Secret"]["data"]["credentials"])


def test_first_deployment_to_knative(world: World) -> None:
    output = world.deploy("knative", "--demo")
    assert output.splitlines()[-1] == (
        "  curl -H 'Host: rain-tomorrow.rain-tomorrow.example.com' http://192.168.49.2:31234/status"
    )
    assert world.calls("docker tag|image load") == [
        f"docker tag {IMAGE_ID} {BUILT}",
        f"minikube --profile=minikube image load {BUILT}",
    ]
    applied = world.applied()
    labels = applied["Namespace"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert users(applied) == DEMO
    template = pod_template(applied, "Service")
    (container,) = template["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (BUILT, "Never")
    annotations = template["metadata"]["annotations"]
    assert annotations["checksum/credentials"] == hashlib.sha256(DEMO).hexdigest()
    assert annotations["autoscaling.knative.dev/min-scale"] == "3"
    for call in world.calls("^kubectl .*(apply|wait|get secret)"):
        assert "--context=minikube --namespace=rain-tomorrow" in call


def test_first_deployment_without_knative(world: World) -> None:
    world.answer(NO_KNATIVE)
    output = world.deploy("plain", "--demo")
    assert output.endswith("\n  curl http://192.168.49.2/status\n")
    applied = world.applied()
    template = pod_template(applied, "Deployment")
    assert template["spec"]["containers"][0]["image"] == BUILT
    annotations = template["metadata"]["annotations"]
    assert annotations["checksum/credentials"] == hashlib.sha256(DEMO).hexdigest()
    assert annotations["prometheus.io/scrape"] == "true"
    assert world.calls("rollout status deployment/rain-tomorrow-plain")


def test_knative_without_a_domain_is_pointed_out(world: World) -> None:
    url = {"status": {"url": "http://rain-tomorrow.rain-tomorrow.svc.cluster.local"}}
    world.answer({"get services.serving.knative.dev/rain-tomorrow": {"out": json.dumps(url)}})
    assert "Only the cluster itself reaches that" in world.deploy("knative", "--demo")


def test_second_deployment_changes_nothing(world: World) -> None:
    world.deploy("knative", "--demo")
    first = world.applied()
    world.answer({**WITH_NAMESPACE, **with_secret(DEMO)})
    world.deploy("knative")
    second = world.applied()
    assert second["Service"] == first["Service"]
    assert second.keys() & {"Namespace", "Secret"} == set()
    # A node that came in between has no image yet.
    assert world.calls(f"image load {BUILT}")
    assert world.attestations == {"1"}  # which BuildKit would date, and so make another image


def test_replicas_that_the_autoscaler_raised_stay(world: World) -> None:
    world.deploy("plain", "--demo")
    assert world.applied()["Deployment"]["spec"]["replicas"] == 3
    for running, kept in ((7, 7), (1, 3)):
        deployment = {"out": json.dumps({"spec": {"replicas": running}})}
        raised = {"get deployments.apps rain-tomorrow-plain": deployment}
        world.answer({**WITH_NAMESPACE, **with_secret(DEMO), **raised})
        world.deploy("plain")
        assert world.applied()["Deployment"]["spec"]["replicas"] == kept


def test_other_users_make_another_revision(world: World, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"eve:{ScryptHash.of('x')}\n")
    world.answer({**WITH_NAMESPACE, **with_secret(DEMO)})
    world.deploy("knative", "--credentials", file)
    applied = world.applied()
    assert users(applied) == file.read_bytes()
    checksum = pod_template(applied, "Service")["metadata"]["annotations"]["checksum/credentials"]
    assert checksum == hashlib.sha256(file.read_bytes()).hexdigest()


def test_user_is_made_where_there_is_none(world: World) -> None:
    output = world.deploy("knative")
    shown = re.search(r"^User rain, password (\S+) - keep it", output, re.MULTILINE)
    assert shown
    lines = users(world.applied()).decode().splitlines()
    (entry,) = [line for line in lines if not line.startswith("#")]
    name, _, text = entry.partition(":")
    known = ScryptHash.parse(text)
    assert name == "rain"
    assert known.derive(shown[1].encode()) == known.digest
    assert shown[1] not in json.dumps(world.calls())


@pytest.mark.parametrize(
    "reference", ["registry.example.com:5000/team/rain:3", f"rain@sha256:{'a' * 64}"]
)
def test_image_of_a_registry_is_neither_built_nor_loaded(world: World, reference: str) -> None:
    for name in ("minikube", "docker"):
        (world.path / name).unlink()
    world.answer({"get nodes": {"out": ""}})
    output = world.deploy("knative", "--demo", "--image", reference, "--context", "other")
    (container,) = pod_template(world.applied(), "Service")["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (reference, "IfNotPresent")
    assert container["resources"]["requests"]["cpu"] == "250m"
    assert "port-forward --namespace=kourier-system service/kourier 8080:80" in output
    assert output.endswith("http://127.0.0.1:8080/status\n")


@pytest.mark.parametrize(
    ("answers", "arguments", "sentence"),
    [
        ({"config": {"status": 1}}, [], "no current context"),
        ({}, ["--context", "nope"], "knows no context nope (there are minikube, other)"),
        (
            {" version ": {"status": 1, "err": "E1 noise\nconnection refused\n"}},
            *([], "No cluster answers in context minikube (connection refused)"),
        ),
        (NO_KNATIVE, [], "Knative Serving is not installed"),
        (
            {"--raw=/apis/serving.knative.dev/v1$": {"status": 1, "err": "(Forbidden): no\n"}},
            *([], "cannot be told ((Forbidden): no); run this again"),
        ),
        ({"get nodes": {"out": ""}}, [], "is no minikube cluster"),
        ({"docker build": {"status": 1, "err": "no daemon\n"}}, [], "(no daemon); start Docker"),
        ({"image load": {"status": 1, "err": "disk full\n"}}, [], "(disk full); `minikube status`"),
        ({}, ["--image", "rain"], "give it a tag or a digest"),
        ({}, ["--image", "localhost:5000/rain:latest"], "give it a tag or a digest"),
        ({}, ["--credentials", "/nowhere"], "There is no file /nowhere"),
        ({}, ["--credentials", str(ROOT / "LICENSE")], "Line "),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_applied(
    world: World, answers: Answers, arguments: list[str], sentence: str
) -> None:
    world.answer(answers)
    assert sentence in world.complaint("knative", *arguments)
    assert world.applied() == {}


def test_ingress_controller_that_is_missing(world: World) -> None:
    world.answer({"get ingressclass nginx": {"out": ""}})
    assert "minikube addons enable ingress" in world.complaint("plain", "--demo")
    assert world.applied() == {}


@pytest.mark.parametrize("program", ["kubectl", "docker", "minikube"])
def test_program_that_is_missing(world: World, program: str) -> None:
    (world.path / program).unlink()
    assert world.complaint("knative").startswith(f"{program} is not on the PATH; https://")
    assert world.applied() == {}


def test_refusal_of_the_api_server_is_passed_on(world: World) -> None:
    world.answer({"apply --kustomize": {"status": 1, "err": "denied the request: no.\n"}})
    assert "(denied the request: no); mend that" in world.complaint("knative", "--demo")


def test_replica_that_does_not_start_says_why(world: World) -> None:
    last = "rain-tomorrow cannot start: The credentials file names no user; add one."
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    status = {"state": state, "lastState": {"terminated": {"message": f"{{}}\n{last}\n"}}}
    pods = {"items": [{"status": {"containerStatuses": [status]}}]}
    world.answer({"rollout status": {"status": 1}, "get pods": {"out": json.dumps(pods)}})
    assert f"({last[:-1]}); docs/run.md" in world.complaint("plain", "--demo")


def test_pod_that_finds_no_node_says_why(world: World) -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "Insufficient cpu."}
    pods = {"items": [{"status": {"conditions": [condition]}}]}
    world.answer({"rollout status": {"status": 1}, "get pods": {"out": json.dumps(pods)}})
    assert "(Insufficient cpu); docs/run.md" in world.complaint("plain", "--demo")


def test_interrupted_deployment_says_how_to_go_on(world: World) -> None:
    world.answer({"kubectl .* wait ": {"seconds": 60}})
    process = world.start("knative", "--demo")
    stderr = interrupt(process, lambda: bool(world.calls(" wait ")))
    assert process.returncode == 1
    assert stderr.endswith("Interrupted; run it again to finish, or with --delete to undo it.\n")
    assert "scripts/deploy" not in stderr  # no traceback of ours


def test_a_reader_that_leaves_early_is_no_error(world: World) -> None:
    with world.start("knative", "--dry-run") as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""


WORKLOADS = "services.serving.knative.dev,deployments.apps"


def test_delete_removes_all_of_it(world: World) -> None:
    ours = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "scripts-deploy"}}}
    world.answer({"get namespace": {"out": json.dumps(ours)}})
    world.deploy("knative", "--delete")
    objects, secret, namespace = world.calls(" delete ")
    assert "delete services.serving.knative.dev," in objects
    assert f"{SELECTED}=rain-tomorrow " in objects
    assert "delete secrets --selector=app.kubernetes.io/managed-by=scripts-deploy" in secret
    assert namespace.endswith("delete namespace rain-tomorrow")


def test_delete_does_not_take_what_is_collected_soon_for_the_other_form(world: World) -> None:
    """Knative's Deployment goes a while after its Service."""
    labels = {"app.kubernetes.io/name": "rain-tomorrow"}
    left = {"metadata": {"labels": labels, "ownerReferences": [{"kind": "Revision"}]}}
    found = {"out": json.dumps({"items": [left]})}
    ours = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "scripts-deploy"}}}
    namespace = {"get namespace": {"out": json.dumps(ours)}}
    world.answer({**namespace, f"get {WORKLOADS}": found, "get deployments,statefulsets": found})
    world.deploy("knative", "--delete")
    assert len(world.calls("delete secrets ")) == 1
    assert len(world.calls("delete namespace ")) == 1


def test_delete_leaves_what_is_not_its_own(world: World) -> None:
    other = {f"get {WORKLOADS}": {"out": json.dumps({"items": [{"metadata": {}}]})}}
    world.answer({**WITH_NAMESPACE, **other})
    world.deploy("plain", "--delete")
    (objects,) = world.calls(" delete ")
    assert f"{SELECTED}=rain-tomorrow-plain " in objects
    world.answer(WITH_NAMESPACE)
    world.deploy("plain", "--delete")
    assert world.calls("delete namespace") == []


def test_delete_leaves_a_namespace_that_others_use(world: World) -> None:
    ours = {"app.kubernetes.io/managed-by": "scripts-deploy"}
    namespace = {"get namespace": {"out": json.dumps({"metadata": {"labels": ours}})}}
    strange = {"metadata": {"labels": {}, "ownerReferences": [{"kind": "Operator"}]}}
    others = {"get deployments,statefulsets": {"out": json.dumps({"items": [strange]})}}
    world.answer({**namespace, **others})
    assert "holds other things" in world.deploy("knative", "--delete")
    assert world.calls("delete namespace") == []


def test_delete_where_there_is_nothing(world: World) -> None:
    assert "nothing to delete" in world.deploy("knative", "--delete")
    world.answer({**WITH_NAMESPACE, **NO_KNATIVE})
    world.deploy("knative", "--delete")
    assert "services.serving.knative.dev" not in json.dumps(world.calls(" delete "))


@pytest.mark.parametrize("form", ["knative", "plain"])
def test_delete_knows_every_kind_that_is_applied(world: World, form: str) -> None:
    world.answer({**WITH_NAMESPACE, **with_secret(DEMO)})
    world.deploy(form)
    kinds = {kind.casefold() for kind in world.applied()}
    world.deploy(form, "--delete")
    (deleted,) = world.calls(f" delete .*{SELECTED}")
    for kind in kinds:
        assert kind[:-1] in deleted, kind  # policy, policies


def real(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command with the real kubectl, and with no package but Python's own."""
    path = f"{KUBECTL.parent}:{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-S", ROOT / "scripts" / "deploy", *arguments],
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("form", "kind"), [("knative", "Service"), ("plain", "Deployment")])
def test_dry_run_prints_manifests(form: str, kind: str) -> None:
    done = real(form, "--dry-run", KUBECONFIG="/dev/null")
    assert (done.returncode, done.stderr) == (0, "")
    objects = list(yaml.safe_load_all(done.stdout))
    (workload,) = [each for each in objects if "template" in each.get("spec", ())]
    image = f"dev.local/rain-tomorrow:{__version__}"
    assert workload["kind"] == kind
    assert workload["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert f"# docker build --tag {image} " in done.stdout


def test_real_kubectl_without_a_context() -> None:
    done = real("knative", KUBECONFIG="/dev/null")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kubectl has no current context; start a cluster")


def test_real_kubectl_without_a_cluster(tmp_path: Path) -> None:
    server = f"http://127.0.0.1:{free_port()}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "gone", "cluster": {"server": server}}],
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": ""}}],
        "current-context": "gone",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    done = real("plain", KUBECONFIG=str(tmp_path / "config"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("No cluster answers in context gone (")
