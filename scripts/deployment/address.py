"""Where the function answers when it is deployed, as seen from here."""

import contextlib
import shutil

from scripts.deployment.forms import FORMS, NAME
from scripts.deployment.programs import Document, Failure, Kubectl, ask


def say_where(name: str, kubectl: Kubectl) -> None:
    """Print the address, and a call through the gateway as it can be reached from here."""
    if name == "knative":
        url = kubectl.get(f"{FORMS[name].workload}/{NAME}")["status"]["url"]
        host = f"-H 'Host: {url.partition('://')[2]}' "
        gateway = _looked_up(kubectl, "service/kourier", "--namespace=kourier-system")
        forward = "--namespace=kourier-system service/kourier"
    else:
        url, host = "", ""
        gateway = _looked_up(kubectl, "ingress", FORMS[name].instance)
        forward = "--namespace=ingress-nginx service/ingress-nginx-controller"
    address = _address(gateway) or _minikube_address(name, gateway, kubectl)
    print(f"Ready: {url or f'http://{address or NAME}'}\n")
    if url.endswith(".svc.cluster.local"):
        print(
            "Only the cluster itself reaches that: docs/installation.md gives Knative a domain.\n"
        )
    if not address:
        address = "127.0.0.1:8080"
        print(f"  kubectl --context={kubectl.context} port-forward {forward} 8080:80 &")
    print(f"  curl {host}http://{address}/status")


def _looked_up(kubectl: Kubectl, *what: str) -> Document:
    """Find something that another may be allowed to see; an empty document where it is not."""
    with contextlib.suppress(Failure):
        return kubectl.get(*what)
    return {}


def _address(gateway: Document) -> str:
    """Address that a load balancer gave a Service or an Ingress, or nothing."""
    for each in gateway.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
        address: str = each.get("ip") or each.get("hostname", "")
        if address:
            return address
    return ""


def _minikube_address(name: str, gateway: Document, kubectl: Kubectl) -> str:
    """Address of the gateway on minikube's own node, or nothing."""
    ports = [each for each in gateway.get("spec", {}).get("ports", ()) if "nodePort" in each]
    port = next((f":{each['nodePort']}" for each in ports if each["port"] == 80), "")
    profile = minikube_profile(kubectl)
    if not profile or not shutil.which("minikube") or (name == "knative" and not port):
        return ""
    return ask("minikube", f"--profile={profile}", "ip").stdout.strip() + port


def minikube_profile(kubectl: Kubectl) -> str:
    """Name of the minikube profile that the cluster is, or nothing."""
    label = r"{.items[0].metadata.labels.minikube\.k8s\.io/name}"
    return kubectl.ask("get", "nodes", f"--output=jsonpath={label}").stdout.strip()
