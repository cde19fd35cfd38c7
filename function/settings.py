"""Settings: environment variables, read once when the process starts."""

import argparse
import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec

from function.artifacts import Format
from function.attempts import WRONG_PASSWORDS
from function.problems import DeploymentError

_DATA: Final = Path(__file__).resolve().parent.parent / "data"
_ORIGIN: Final = r"(\*|https?://[A-Za-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-fA-F:]+\](:[0-9]+)?)"
_ORIGINS: Final = rf"^\s*{_ORIGIN}(\s*,\s*{_ORIGIN})*\s*$"
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=3600)]


class Variables(msgspec.Struct, frozen=True, rename=str.upper):
    """Environment variables; each is a field's name in capitals."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables that are set and not empty.

        Raises:
            DeploymentError: A value is not of its kind; the message names the variable.

        """
        known = {name.upper() for name in cls.__struct_fields__}
        given = {name: environment[name] for name in known if environment.get(name)}
        try:
            return msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$.")
            name = place.rstrip("`")
            raise DeploymentError(
                f"The setting {name}={given.get(name)} is not valid ({message}); "
                "docs/settings.md tells what it takes."
            ) from error


class Settings(Variables, frozen=True):
    """What an operator may set of the function."""

    data_dir: str = str(_DATA)
    """Folder of the registry and what it lists."""
    credentials_file: str = ""
    """File of users and scrypt hashes; empty: `credentials` in the data folder (demo users)."""
    wrong_passwords: Positive = WRONG_PASSWORDS
    """Wrong passwords that a client may send at once; another one every 10 seconds."""
    forwarded_hops: Annotated[int, msgspec.Meta(ge=0, le=16)] = 0
    """Proxies in front that append to X-Forwarded-For; 0: the header is not heeded."""
    registry_checksum: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] = ""
    """Checksum that the registry must have; empty: that of the project's own."""
    model_format: Format = "onnx"
    """`onnx`, or `joblib` for the scikit-learn originals (needs the training environment)."""
    model_default: str = ""
    """Model that answers when the caller names none; empty: the registry's."""
    max_body_bytes: Positive = 8 * 1024 * 1024
    """Largest request body, in bytes."""
    max_rows: Positive = 10_000
    """Most observations in one request."""
    max_samples: Positive = 100_000
    """Most rows x draws in one request."""
    cors_origins: Annotated[str, msgspec.Meta(pattern=_ORIGINS)] = ""
    """Origins whose pages may call the function from a browser, by commas; `*` for any."""
    k_revision: str = "local"
    """Name of the running revision, as /status reports it; Knative sets it."""

    def origins(self) -> frozenset[str]:
        """Origins of `cors_origins`, as browsers write them."""
        told = filter(None, map(str.strip, self.cors_origins.lower().split(",")))
        return frozenset(
            origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(":")[0], "")) for origin in told
        )


class Server(Variables, frozen=True):
    """What an operator may set of the production server."""

    host: str = "0.0.0.0"  # noqa: S104  (a container's own network)
    """Address to listen on."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    """Port to listen on."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=1024)] | None = None
    """Requests that compute at the same time; not set: two for each CPU of the container's."""
    max_waiting: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    """Requests that may wait for one of these; more are refused with 503."""
    max_connections: Annotated[int, msgspec.Meta(ge=128, le=65535)] = 1024
    """Connections that may be open at once, which bounds their memory; the next wait for that."""
    backlog: Annotated[int, msgspec.Meta(ge=128, le=65535)] = 1024
    """Connections that may wait to be accepted."""
    grace_seconds: Seconds = 8
    """How long accepted requests may take after SIGTERM; less than what the platform grants."""
    idle_seconds: Seconds = 100
    """How long a connection may wait for the headers of its next request."""

    @classmethod
    def of(cls, environment: Mapping[str, str], arguments: Sequence[str]) -> Self:
        """Read the command line, and the variables for what it does not say.

        Raises:
            DeploymentError: A value is not of its kind; the message names the variable.

        """
        parser = argparse.ArgumentParser(
            prog="python -m function.serve", description="Serve the function with Granian."
        )
        parser.add_argument("--host", help="address to listen on (HOST)")
        parser.add_argument("--port", help="port to listen on (PORT)")
        options = vars(parser.parse_args(arguments))
        given = {name.upper(): value for name, value in options.items() if value is not None}
        server = cls.read({**environment, **given})
        try:
            ipaddress.ip_address(server.host)
        except ValueError as error:
            raise DeploymentError(
                f"The setting HOST={server.host} is not valid (Expected an IP address); "
                "docs/settings.md tells what it takes."
            ) from error
        return server
