"""The programs that a deployment is made with: kubectl, minikube, Docker."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

_HOW_TO_GET: Final = {
    "docker": "https://docs.docker.com/engine/install/ tells how to install it",
    "kubectl": "https://kubernetes.io/docs/tasks/tools/ tells how to install it",
    "minikube": "https://minikube.sigs.k8s.io/docs/start/ tells how to install it",
}
Document = dict[str, Any]


class Failure(Exception):
    """The deployment cannot go on; the message is a sentence that says what to do."""


def require(*programs: str) -> None:
    """Raise Failure for the first program that is not there."""
    for program in programs:
        if shutil.which(program) is None:
            raise Failure(f"{program} is not on the PATH; {_HOW_TO_GET[program]}.")


def ask(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command whose failure is an answer."""
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def do(*command: str, stdin: str | None = None, remedy: str) -> str:
    """Run a command that must succeed, and give what it prints; raises Failure."""
    done = ask(*command, stdin=stdin)
    if done.returncode:
        raise Failure(f"`{' '.join(command[:3])} ...` failed ({gist(done)}); {remedy}.")
    return done.stdout


def gist(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of what a command complained about."""
    lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    return lines[-1].strip().rstrip(".")


class Kubectl:
    """kubectl for one context and namespace."""

    def __init__(self, context: str, namespace: str) -> None:
        self.context = context
        self.namespace = namespace
        self._command = ("kubectl", f"--context={context}", f"--namespace={namespace}")

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl where its failure is an answer."""
        return ask(*self._command, *arguments)

    def get(self, *arguments: str) -> Document:
        """Get what there is, as JSON; an empty document where there is nothing."""
        shown = self.do("get", *arguments, "--ignore-not-found", "--output=json")
        found: Document = json.loads(shown or "{}")
        return found

    def do(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; raises Failure."""
        done = ask(*self._command, *arguments, stdin=stdin)
        if done.returncode:
            raise Failure(
                f"`kubectl {arguments[0]}` failed in context {self.context} ({gist(done)}); "
                "mend that, and run this again."
            )
        sys.stderr.write(done.stderr)  # warnings of the API server
        return done.stdout

    def show(self, *arguments: str) -> bool:
        """Run kubectl with its output shown as it comes; tells whether it succeeded."""
        sys.stdout.flush()
        return subprocess.run([*self._command, *arguments], check=False).returncode == 0

    def apply(self, manifest: Mapping[str, object]) -> None:
        """Apply one object; nothing of it is kept in an annotation."""
        self.do(
            *("apply", "--server-side", "--force-conflicts", "--filename=-"),
            stdin=json.dumps(manifest),
        )
