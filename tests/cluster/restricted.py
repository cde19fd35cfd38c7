"""The Pod Security Standard `restricted`, rule by rule.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Final

from tests.cluster.rendering import Manifest

_VOLUMES: Final = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}
_CONFINED: Final = {"RuntimeDefault", "Localhost"}


def violations(pod: Manifest) -> Iterator[str]:
    """Yield what of a pod's spec breaks a rule."""
    yield from (field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field))
    for volume in pod.get("volumes", ()):
        yield from volume.keys() - {"name"} - _VOLUMES
    shared = pod.get("securityContext", {})
    if shared.get("sysctls"):
        yield "sysctls"
    for container in pod["containers"] + pod.get("initContainers", []):
        context = {**shared, **container.get("securityContext", {})}
        yield from _by_context(context)
        yield from _by_capabilities(context.get("capabilities", {}))
        if any(port.get("hostPort") for port in container.get("ports", ())):
            yield "hostPort"
        hooks = [container.get(f"{name}Probe", {}) for name in ("startup", "readiness", "liveness")]
        hooks += container.get("lifecycle", {}).values()
        handlers = [hook.get(name, {}) for hook in hooks for name in ("httpGet", "tcpSocket")]
        if any("host" in handler for handler in handlers):
            yield "host"


def _by_context(context: Manifest) -> Iterator[str]:
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot"
    if context.get("runAsUser") == 0:
        yield "runAsUser"
    if context.get("seccompProfile", {}).get("type") not in _CONFINED:
        yield "seccompProfile"
    if context.get("appArmorProfile", {"type": "RuntimeDefault"})["type"] not in _CONFINED:
        yield "appArmorProfile"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    yield from {"seLinuxOptions", "windowsOptions"} & context.keys()  # none is needed here


def _by_capabilities(capabilities: Manifest) -> Iterator[str]:
    if "ALL" not in capabilities.get("drop", ()):
        yield "drop"
    if set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "add"
