"""What Knative's webhook asks of a Service, and how ours rolls and scales."""

import pytest

from function.settings import Server
from tests.cluster.rendering import KNATIVE, container, one, settings, template

# What the webhook lets through with no feature flag set.
POD_FIELDS = {
    *("containerConcurrency", "containers", "enableServiceLinks", "idleTimeoutSeconds"),
    *("imagePullSecrets", "responseStartTimeoutSeconds", "serviceAccountName", "timeoutSeconds"),
    "volumes",
}
CONTAINER_FIELDS = {
    *("args", "command", "env", "envFrom", "image", "imagePullPolicy", "livenessProbe", "name"),
    *("ports", "readinessProbe", "resources", "securityContext", "startupProbe"),
    *("terminationMessagePath", "terminationMessagePolicy", "volumeMounts", "workingDir"),
}
SECURITY_FIELDS = {
    *("allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem", "runAsGroup"),
    *("runAsNonRoot", "runAsUser", "seccompProfile"),
}
VOLUMES = {"configMap", "emptyDir", "projected", "secret"}
RESERVED_PORTS = {8008, 8012, 8013, 8022, 8112, 9090, 9091}
RESERVED_VARIABLES = {"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"}
DRAIN_SECONDS = 30  # queue-proxy goes on answering for as long before it lets the function go
MAX_TIMEOUT_SECONDS = 600

knative = pytest.mark.parametrize("overlay", KNATIVE)


@knative
def test_no_field_needs_a_feature_flag(overlay: str) -> None:
    pod = template(overlay)["spec"]
    assert pod.keys() - POD_FIELDS == set()
    assert container(overlay).keys() - CONTAINER_FIELDS == set()
    assert container(overlay)["securityContext"].keys() - SECURITY_FIELDS == set()
    assert container(overlay)["securityContext"]["capabilities"].keys() == {"drop"}
    kinds = {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}}
    assert kinds - VOLUMES == set()


@knative
def test_every_volume_is_mounted_and_only_memory_can_be_written(overlay: str) -> None:
    volumes = {volume["name"]: volume for volume in template(overlay)["spec"]["volumes"]}
    mounts = {mount["name"]: mount for mount in container(overlay)["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    for name, mount in mounts.items():
        assert mount.get("readOnly", False) == ("emptyDir" not in volumes[name])


@knative
def test_nothing_is_set_that_knative_sets(overlay: str) -> None:
    (port,) = container(overlay)["ports"]
    assert port["name"] == "http1"
    assert port["containerPort"] not in RESERVED_PORTS
    assert settings(overlay).keys() & RESERVED_VARIABLES == set()
    assert container(overlay)["name"] != "queue-proxy"


@knative
def test_revisions_are_named_by_knative(overlay: str) -> None:
    assert "name" not in template(overlay)["metadata"]


@knative
def test_three_replicas_or_more(overlay: str) -> None:
    annotations = template(overlay)["metadata"]["annotations"]
    assert annotations["autoscaling.knative.dev/min-scale"] == "3"
    assert annotations["autoscaling.knative.dev/max-scale"] == "10"
    assert annotations["autoscaling.knative.dev/metric"] == "concurrency"
    assert all(isinstance(value, str) for value in annotations.values())


@knative
def test_one_request_for_each_thread(overlay: str) -> None:
    threads = Server.read(settings(overlay)).threads
    assert template(overlay)["spec"]["containerConcurrency"] == threads
    target = template(overlay)["metadata"]["annotations"]["autoscaling.knative.dev/target"]
    assert int(target) == threads


@knative
def test_replica_that_leaves_has_the_time_to_answer(overlay: str) -> None:
    grace = Server.read(settings(overlay)).grace_seconds
    timeout = template(overlay)["spec"]["timeoutSeconds"]
    assert DRAIN_SECONDS + grace < timeout <= MAX_TIMEOUT_SECONDS


@knative
def test_all_requests_go_somewhere(overlay: str) -> None:
    service = one(overlay, "Service")
    assert sum(target["percent"] for target in service["spec"]["traffic"]) == 100
    assert service["metadata"]["annotations"] == {"serving.knative.dev/rollout-duration": "20s"}


def test_first_revision_is_the_newest() -> None:
    assert one("knative", "Service")["spec"]["traffic"] == [
        {"latestRevision": True, "percent": 100}
    ]


def test_canary_changes_the_traffic_and_makes_no_other_revision() -> None:
    assert template("knative/canary") == template("knative")
    stable, canary = one("knative/canary", "Service")["spec"]["traffic"]
    assert stable["revisionName"].startswith("rain-tomorrow-")
    assert (stable["tag"], canary["tag"]) == ("stable", "canary")
    assert canary["latestRevision"] is True
