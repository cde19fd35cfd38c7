"""`scripts/sbom`: what the function is made of, as a CycloneDX bill of materials.

Every package that serving installs, as the lock pins it, with its license and the checksums of its
files; and every file that was learned. The same inputs give the same bytes.
"""

import argparse
import datetime as dt
import hashlib
import importlib.metadata
import os
import re
import signal
import sys
import tomllib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from function import __version__
from function.artifacts import Artifacts
from function.pinned import REGISTRY_SHA256
from scripts.training.failure import Failure, run

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "function" / "requirements.txt"
_PIN: Final = re.compile(
    r"^(?P<pin>[^\s#-][^\\\n]*)(?P<hashes>(?:\\\n\s+--hash=\S+\s*)+)", re.MULTILINE
)
_LINUX: Final = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
# What packages call it that were made before there were SPDX expressions.
_SPDX: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "https://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
}
_CLASSIFIER: Final = "License :: OSI Approved :: "
# They say no more than BSD; their license files have three clauses.
_BSD_3: Final = frozenset({"itsdangerous", "jinja2"})


class Package(msgspec.Struct, frozen=True):
    """A package of the lock: its license (SPDX), and the sha256 of the files it may come in."""

    name: str
    version: str
    license: str
    sha256: tuple[str, ...]
    requires: frozenset[str]


def packages(lock: Path = LOCK) -> Sequence[Package]:
    """Packages that a lock installs on Linux; their metadata are those of this environment.

    Raises:
        Failure: One is not installed here in the version of the lock.

    """
    found = []
    for match in _PIN.finditer(lock.read_text(encoding="utf-8")):
        pin = Requirement(match["pin"].strip())
        if pin.marker is None or pin.marker.evaluate(_LINUX):
            sha256 = tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"])))
            found.append(_package(pin, sha256))
    return sorted(found, key=lambda package: package.name)


def _package(pin: Requirement, sha256: tuple[str, ...]) -> Package:
    name, version = canonicalize_name(pin.name), str(pin.specifier).removeprefix("==")
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        distribution = None
    if distribution is None or distribution.version != version:
        raise Failure(f"{name} {version} is not installed here; run this by scripts/sbom.")
    wanted = map(Requirement, distribution.requires or ())
    requires = {
        canonicalize_name(each.name)
        for each in wanted
        if each.marker is None or each.marker.evaluate({**_LINUX, "extra": ""})
    }
    return Package(name, version, license_of(distribution), sha256, frozenset(requires))


def license_of(distribution: importlib.metadata.Distribution) -> str:
    """License of a package (SPDX), as its metadata tell it.

    Raises:
        Failure: They do not, or not in words that are known here.

    """
    metadata = distribution.metadata
    for expression in metadata.get_all("License-Expression", []):
        return str(expression)
    name = canonicalize_name(metadata["Name"])
    if name in _BSD_3:
        return "BSD-3-Clause"
    told: list[str] = [*metadata.get_all("License", []), *metadata.get_all("Classifier", [])]
    for text in (each.removeprefix(_CLASSIFIER) for each in told):
        if text in _SPDX.values() or text in _SPDX:
            return _SPDX.get(text, text)
    raise Failure(f"The license of {name} is not known; look it up, and add it to {__file__}.")


def bill(found: Sequence[Package]) -> Bom:
    """Bill of materials of the function: these packages, and what was learned."""
    function = Component(
        name="rain-tomorrow",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="rain-tomorrow",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    components = {package.name: _library(package) for package in found}
    learned = _learned()
    # As the content has it: no time and no chance.
    content = msgspec.json.encode([found, REGISTRY_SHA256, __version__], order="sorted")
    serial = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(content).hexdigest())
    bom = Bom(
        components=[*components.values(), *learned],
        serial_number=serial,
        metadata=BomMetaData(component=function),
    )
    bom.metadata.timestamp = _made()  # type: ignore[assignment]  # None leaves it out
    bom.register_dependency(function, [*(components[name] for name in _direct()), *learned])
    for package in found:
        requires = [components[name] for name in sorted(package.requires) if name in components]
        bom.register_dependency(components[package.name], requires)
    return bom


def _made() -> dt.datetime | None:
    """When it was made, if https://reproducible-builds.org/specs/source-date-epoch/ says so."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return None
    try:
        return dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Failure(
            f"SOURCE_DATE_EPOCH={epoch} is no time in seconds since 1970; correct it, or unset it."
        ) from error


def _direct() -> Sequence[str]:
    """What the project itself asks for, to serve."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [canonicalize_name(Requirement(each).name) for each in project["dependencies"]]


def _library(package: Package) -> Component:
    purl = PackageURL("pypi", name=package.name, version=package.version)
    distribution = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{package.name}/{package.version}/"),
        comment="the lock takes a file of any of these checksums",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.sha256],
    )
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(package.license)],
        external_references=[distribution],
    )


def _learned() -> Sequence[Component]:
    registry = Artifacts(ROOT / "data", REGISTRY_SHA256).registry
    files = [(name, ComponentType.DATA, each.sha256) for name, each in registry.files.items()]
    files.append(("registry.json", ComponentType.DATA, REGISTRY_SHA256))
    for card in registry.models:
        artifact = card.artifacts["onnx"]
        files.append((artifact.file, ComponentType.MACHINE_LEARNING_MODEL, artifact.sha256))
    return [
        Component(
            name=f"data/{name}",
            version=registry.version,
            type=kind,
            bom_ref=f"data/{name}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        )
        for name, kind, sha256 in files
    ]


def written(bom: Bom) -> str:
    """JSON of a bill, valid by the schema of CycloneDX 1.6; raises `Failure` where it is not."""
    text = JsonV1Dot6(bom).output_as_string(indent=1) + "\n"
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise Failure(f"The bill of materials is not valid: {error}")
    return text


def licenses(found: Sequence[Package]) -> str:
    """The table of `docs/licenses.md`."""
    rows = [f"| {package.name} | {package.license} |" for package in found]
    return "\n".join(["| package | license |", "| --- | --- |", *rows]) + "\n"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/sbom", description="Write what the function is made of, as CycloneDX JSON."
    )
    parser.add_argument("file", nargs="?", type=Path, help="printed where there is none")
    parser.add_argument("--licenses", action="store_true", help="the licenses as a table instead")
    options = parser.parse_args()
    found = packages()
    text = licenses(found) if options.licenses else written(bill(found))
    if options.file is None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in `scripts/sbom | head`
        sys.stdout.write(text)
        return
    try:
        options.file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(
            f"{options.file} cannot be written ({error.strerror}); name a file elsewhere."
        ) from error


if __name__ == "__main__":
    run(main)
