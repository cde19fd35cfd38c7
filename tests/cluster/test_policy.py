"""What the manifests promise, beyond being valid."""

import copy
import json
import re
from pathlib import PurePosixPath
from typing import Any

import pytest

from function import __version__
from function.routes import ROUTES
from function.settings import Server, Settings
from tests.cluster.rendering import (
    KNATIVE,
    PLAIN,
    Manifest,
    container,
    one,
    render,
    settings,
    template,
)
from tests.cluster.restricted import violations
from tests.serving import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
PUBLIC = {route.path for route in ROUTES if route.method == "GET" and not route.authentication}
SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "8080",
    "prometheus.io/path": "/prometheus",
}
IN_BYTES = {"m": 2**20, "k": 2**10}

overlays = pytest.mark.parametrize("overlay", KNATIVE + PLAIN)
plain = pytest.mark.parametrize("overlay", PLAIN)
FORBIDDEN: dict[str, Any] = {
    **{name: {name: True} for name in ("hostNetwork", "hostPID", "hostIPC")},
    "sysctls": {"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}},
    "hostPath": {"volumes": [{"name": "tmp", "hostPath": {"path": "/"}}]},
}
FORBIDDEN_OF_CONTAINERS: dict[str, Any] = {
    "privileged": {"privileged": True},
    "allowPrivilegeEscalation": {"allowPrivilegeEscalation": None},
    "runAsNonRoot": {"runAsNonRoot": False},
    "runAsUser": {"runAsUser": 0},
    "seccompProfile": {"seccompProfile": {"type": "Unconfined"}},
    "appArmorProfile": {"appArmorProfile": {"type": "Unconfined"}},
    "procMount": {"procMount": "Unmasked"},
    "seLinuxOptions": {"seLinuxOptions": {"user": "root"}},
    "drop": {"capabilities": {"drop": ["KILL"]}},
    "add": {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}},
}


@overlays
def test_pods_are_restricted(overlay: str) -> None:
    assert list(violations(template(overlay)["spec"])) == []


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_restricted_forbids_to_a_pod(rule: str) -> None:
    pod = {**copy.deepcopy(template("knative")["spec"]), **FORBIDDEN[rule]}
    assert list(violations(pod)) == [rule]


@pytest.mark.parametrize("rule", FORBIDDEN_OF_CONTAINERS)
def test_restricted_forbids_to_a_container(rule: str) -> None:
    pod = copy.deepcopy(template("knative")["spec"])
    pod["containers"][0]["securityContext"] |= FORBIDDEN_OF_CONTAINERS[rule]
    assert list(violations(pod)) == [rule]


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        ("hostPort", {"ports": [{"containerPort": 8080, "hostPort": 8080}]}),
        ("host", {"livenessProbe": {"httpGet": {"host": "192.0.2.7", "port": 8080}}}),
        ("host", {"lifecycle": {"preStop": {"tcpSocket": {"host": "192.0.2.7", "port": 80}}}}),
    ],
)
def test_restricted_forbids_what_reaches_the_host(rule: str, members: Manifest) -> None:
    pod = copy.deepcopy(template("knative")["spec"])
    pod["containers"][0] |= members
    assert list(violations(pod)) == [rule]


@overlays
def test_container_is_the_image_s_user_on_a_root_that_is_read_only(overlay: str) -> None:
    context = {**template(overlay)["spec"].get("securityContext", {})}
    context |= container(overlay)["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}\n" in DOCKERFILE
    assert context["readOnlyRootFilesystem"] is True


@overlays
def test_prometheus_is_led_to_a_public_route_of_the_functions_own_port(overlay: str) -> None:
    annotations = template(overlay)["metadata"]["annotations"]
    (port,) = container(overlay)["ports"]
    assert annotations.items() >= SCRAPED.items()
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    assert annotations["prometheus.io/path"] in PUBLIC


@overlays
def test_pods_have_no_token(overlay: str) -> None:
    account = one(overlay, "ServiceAccount")
    assert template(overlay)["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is False


@overlays
def test_resources_are_set(overlay: str) -> None:
    resources = container(overlay)["resources"]
    assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


@overlays
def test_image_is_one_version(overlay: str) -> None:
    image = container(overlay)["image"]
    if overlay.endswith("registry"):
        assert re.fullmatch(r"registry\.example\.com/rain-tomorrow@sha256:[0-9a-f]{64}", image)
    else:
        assert image == f"dev.local/rain-tomorrow:{__version__}"
    policy = "Never" if overlay.endswith("minikube") else "IfNotPresent"
    assert container(overlay)["imagePullPolicy"] == policy


@overlays
def test_probes_ask_public_routes_of_the_image_s_port(overlay: str) -> None:
    (port,) = container(overlay)["ports"]
    assert f"EXPOSE {port['containerPort']}\n" in DOCKERFILE
    for probe in (container(overlay)[name] for name in PROBES):
        assert probe["httpGet"]["path"] in PUBLIC
        assert probe["httpGet"]["port"] in {port["containerPort"], port["name"]}
    assert container(overlay)["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container(overlay)["livenessProbe"]["httpGet"]["path"] == "/health/live"


@overlays
def test_settings_are_the_function_s(overlay: str) -> None:
    variables = settings(overlay)
    known = {*Settings.__struct_fields__, *Server.__struct_fields__}
    assert {name.lower() for name in variables} <= known - {"port", "k_revision"}
    Settings.read(variables)
    Server.read(variables)


@overlays
def test_credentials_are_a_mounted_secret_that_is_no_part_of_the_manifests(overlay: str) -> None:
    assert "Secret" not in {each["kind"] for each in render(overlay)}
    (volume,) = [each for each in template(overlay)["spec"]["volumes"] if "secret" in each]
    assert volume == {
        "name": volume["name"],
        "secret": {"secretName": "rain-tomorrow-credentials"},
    }
    mounts = {mount["name"]: mount for mount in container(overlay)["volumeMounts"]}
    file = PurePosixPath(settings(overlay)["CREDENTIALS_FILE"])
    assert mounts[volume["name"]] == {
        "name": volume["name"],
        "mountPath": str(file.parent),
        "readOnly": True,
    }
    assert file.name == "credentials"


@overlays
def test_callers_are_who_the_proxies_in_front_say(overlay: str) -> None:
    """The activator and queue-proxy, or the ingress controller; docs/authentication.md."""
    assert Settings.read(settings(overlay)).forwarded_hops == (2 if overlay in KNATIVE else 1)


@overlays
def test_temporary_files_are_in_memory_and_few(overlay: str) -> None:
    (volume,) = [each for each in template(overlay)["spec"]["volumes"] if "emptyDir" in each]
    assert volume["emptyDir"]["medium"] == "Memory"
    assert volume["emptyDir"]["sizeLimit"]


@overlays
def test_objects_say_what_they_belong_to(overlay: str) -> None:
    for each in [*render(overlay), template(overlay)]:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "rain-tomorrow"
        assert labels["app.kubernetes.io/version"] == __version__
        assert labels["app.kubernetes.io/instance"] == (
            "rain-tomorrow-plain" if overlay in PLAIN else "rain-tomorrow"
        )


@overlays
def test_objects_go_where_they_are_applied(overlay: str) -> None:
    assert [each for each in render(overlay) if "namespace" in each["metadata"]] == []


def test_both_forms_can_stand_side_by_side() -> None:
    names = [
        {(each["kind"], each["metadata"]["name"]) for each in render(overlay)}
        for overlay in ("knative", "knative/plain")
    ]
    assert names[0] & names[1] == set()
    selector = one("knative/plain", "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selects(selector, template("knative"))


def selects(labels: dict[str, str], pod: Manifest) -> bool:
    carried: dict[str, str] = pod["metadata"]["labels"]
    return labels.items() <= carried.items()


@overlays
def test_drain_takes_one_pod_at_a_time(overlay: str) -> None:
    budget = one(overlay, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget
    assert selects(budget["selector"]["matchLabels"], template(overlay))


@plain
def test_selectors_find_the_pods(overlay: str) -> None:
    pod = template(overlay)
    rules = pod["spec"]["affinity"]["podAntiAffinity"]
    (preferred,) = rules["preferredDuringSchedulingIgnoredDuringExecution"]
    assert rules.keys() == {"preferredDuringSchedulingIgnoredDuringExecution"}
    (spread,) = pod["spec"]["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
    for selector in (
        one(overlay, "Service")["spec"]["selector"],
        one(overlay, "Deployment")["spec"]["selector"]["matchLabels"],
        one(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        preferred["podAffinityTerm"]["labelSelector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
    ):
        assert selector
        assert selects(selector, pod)


@plain
def test_names_lead_from_the_ingress_to_the_pods(overlay: str) -> None:
    (rule,) = one(overlay, "Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = one(overlay, "Service")
    (port,) = service["spec"]["ports"]
    assert path["backend"]["service"] == {
        "name": service["metadata"]["name"],
        "port": {"name": port["name"]},
    }
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    assert port["targetPort"] == container(overlay)["ports"][0]["name"]


@plain
def test_three_replicas_or_more(overlay: str) -> None:
    deployment, autoscaler = one(overlay, "Deployment"), one(overlay, "HorizontalPodAutoscaler")
    assert deployment["spec"]["replicas"] == autoscaler["spec"]["minReplicas"] == 3
    assert autoscaler["spec"]["maxReplicas"] == 10
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@plain
def test_replica_that_leaves_has_the_time_to_answer(overlay: str) -> None:
    pause = container(overlay)["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = Server.read(settings(overlay)).grace_seconds
    assert template(overlay)["spec"]["terminationGracePeriodSeconds"] > pause + grace


@plain
def test_function_itself_refuses_a_large_body_and_a_late_answer_gets_through(overlay: str) -> None:
    ingress = one(overlay, "Ingress")["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    size = ingress[f"{prefix}proxy-body-size"]
    assert int(size[:-1]) * IN_BYTES[size[-1]] > Settings.read(settings(overlay)).max_body_bytes
    grace = Server.read(settings(overlay)).grace_seconds
    assert int(ingress[f"{prefix}proxy-read-timeout"]) > grace


@plain
def test_one_caller_can_ask_for_all_replicas(overlay: str) -> None:
    """The limit for one address is no lower than what the autoscaler answers with all it has."""
    measured = json.loads((ROOT / "docs" / "performance.json").read_text())["contenders"]
    (ours,) = (contender["cells"] for contender in measured if contender["name"] == "ours")
    of_one_core = max(
        cell["answers"] / cell["seconds"]
        for cell in ours
        if (cell["rows"], cell["draws"]) == (1, 1)
    )
    autoscaler = one(overlay, "HorizontalPodAutoscaler")["spec"]
    (metric,) = autoscaler["metrics"]
    cores = int(metric["resource"]["target"]["averageValue"].removesuffix("m")) / 1000
    limits = one(overlay, "Ingress")["metadata"]["annotations"]
    limit = int(limits["nginx.ingress.kubernetes.io/limit-rps"])
    assert limit >= autoscaler["maxReplicas"] * cores * of_one_core


@plain
def test_only_the_gateway_and_prometheus_come_in_and_only_dns_goes_out(overlay: str) -> None:
    policy = one(overlay, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (ingress,), (egress,) = policy["ingress"], policy["egress"]
    assert ingress["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
        for namespace in ("ingress-nginx", "monitoring")
    ]
    assert ingress["ports"] == [{"port": container(overlay)["ports"][0]["name"]}]
    assert {(each["port"], each["protocol"]) for each in egress["ports"]} == {
        (53, "UDP"),
        (53, "TCP"),
    }
    # Its own labels would let nothing through: kustomize's labels once got in here.
    assert [each["podSelector"]["matchLabels"] for each in egress["to"]] == [
        {"k8s-app": "kube-dns"}
    ]


@pytest.mark.parametrize("base", ["knative", "knative/plain"])
def test_minikube_differs_in_what_its_size_asks_for_only(base: str) -> None:
    small, full = copy.deepcopy(render(f"{base}/minikube")), copy.deepcopy(render(base))
    for each in [*small, *full]:
        if each["kind"] in {"Deployment", "Service"} and "template" in each["spec"]:
            (only,) = each["spec"]["template"]["spec"]["containers"]
            del only["imagePullPolicy"], only["resources"]["requests"]
        if each["kind"] == "HorizontalPodAutoscaler":
            (metric,) = each["spec"]["metrics"]
            del metric["resource"]["target"]["averageValue"]
    assert small == full


def test_what_the_gateways_are_told() -> None:
    """Word for word: a name that is misspelt is not refused, and does nothing."""
    (service,) = (each for each in render("knative") if each["kind"] == "Service")
    assert service["spec"]["template"]["metadata"]["annotations"] == {
        "autoscaling.knative.dev/min-scale": "3",
        "autoscaling.knative.dev/max-scale": "10",
        "autoscaling.knative.dev/metric": "concurrency",
        "autoscaling.knative.dev/target": "4",
        "autoscaling.knative.dev/target-utilization-percentage": "75",
        "autoscaling.knative.dev/target-burst-capacity": "-1",
        **SCRAPED,
    }
    assert template("knative/plain")["metadata"]["annotations"] == SCRAPED
    (ingress,) = (each for each in render("knative/plain") if each["kind"] == "Ingress")
    assert ingress["spec"]["ingressClassName"] == "nginx"
    nginx = "nginx.ingress.kubernetes.io/"
    assert {
        name.removeprefix(nginx): value
        for name, value in ingress["metadata"]["annotations"].items()
    } == {
        "proxy-body-size": "16m",
        "limit-rps": "40000",
        "limit-burst-multiplier": "5",
        "limit-connections": "1000",
        "proxy-next-upstream": "error timeout http_502 http_503 non_idempotent",
        "proxy-next-upstream-tries": "3",
        "proxy-connect-timeout": "2",
        "proxy-read-timeout": "60",
    }


@overlays
def test_requests_are_within_limits(overlay: str) -> None:
    """What is asked for is no more than what may be used, in the units of the manifests."""
    asked, most = (container(overlay)["resources"][name] for name in ("requests", "limits"))
    assert int(asked["memory"].removesuffix("Mi")) <= int(most["memory"].removesuffix("Mi"))
    assert int(asked["cpu"].removesuffix("m")) <= 1000 * int(most["cpu"])
