"""`azsec local env`: the environment variables by which other tools use a running built-in Azure.

Sources: the environment variables of azure-identity, of Terraform's azurerm and azapi providers
(azapi 2.7 and newer for ARM_DISABLE_INSTANCE_DISCOVERY), of the Azure CLI (AZURE_SECTION_NAME), of
azure.azcollection, and of OpenSSL, Go, requests and Node.js for the CA certificates that they
trust.
"""

import json
import os
import shlex
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.cli.files import LOCAL_ENDPOINT, FileSources, state_path, write_file
from provisioner.cli.options import EnvironmentFormat
from provisioner.model.diagnostic import DiagnosticError, error

_RUNNING = "running.json"
_TRUST = "trust.pem"
_SECRET = "local"
"""The client secret of the local operator: any text is accepted, and this one is no secret."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running built-in Azure: the settings that clients need.

    `trust` is the file of the certificate authorities that clients trust, `authority` that of the
    built-in Azure's own one among them; both are "" without TLS.
    """

    endpoint: str
    tenant: str
    subscription: str
    client: str
    trust: str
    authority: str

    @property
    def host(self) -> str:
        """Host and port."""
        return self.endpoint.partition("://")[2]


def write_trust(folder: Path, authority: Path) -> Path:
    """Write the authorities that this machine trusts, with one more; return the file.

    With the built-in Azure's alone a shell could not reach anything else: `terraform init` and pip
    use the same variables.
    """
    known = _trusted_here(folder)
    path = folder / _TRUST
    own = authority.read_text()
    write_file(str(path), f"{known.rstrip()}\n{own}" if known else own)
    return path


def _trusted_here(folder: Path) -> str:
    """Return the authorities that this machine trusts, in PEM; "" where none are found."""
    paths = ssl.get_default_verify_paths()
    stated = os.environ.get("SSL_CERT_FILE")
    for candidate in (
        stated,
        paths.cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        _bundled_certificates(),
    ):
        if candidate and Path(candidate).is_file() and Path(candidate).parent != folder.absolute():
            return Path(candidate).read_text(errors="replace")
    return ""


def _bundled_certificates() -> str:
    import certifi

    return certifi.where()


def write_running(folder: Path, running: Running) -> None:
    """Note that a built-in Azure runs, for `azsec local env`."""
    fields = {name: getattr(running, name) for name in Running.__slots__}
    write_file(str(folder / _RUNNING), json.dumps(fields, indent=2) + "\n")


def forget_running(folder: Path) -> None:
    """Note that it runs no more."""
    (folder / _RUNNING).unlink(missing_ok=True)


def print_environment(state: str | None, form: EnvironmentFormat) -> None:
    """Print the variables of the built-in Azure that has a state file.

    Raises:
        DiagnosticError: Where none is running.
    """
    from provisioner.simulator.server import identity_folder
    from provisioner.simulator.state.state_file import status

    path = state_path(state)
    file = identity_folder(path) / _RUNNING
    running = _read_running(file) if status(path).holder and file.exists() else None
    if running is None:
        raise DiagnosticError(
            error(
                "local-not-running",
                f"no `azsec local serve` runs with the state file {path}.",
                hint="Start one: azsec local serve --tls",
            )
        )
    sys.stdout.write(_FORMATS[form](variables_of(running)))


def _read_running(file: Path) -> Running | None:
    try:
        found = json.loads(FileSources().read_text(str(file)))
        return Running(**{name: str(found[name]) for name in Running.__slots__})
    except (ValueError, KeyError, TypeError):
        return None


def variables_of(running: Running) -> dict[str, str]:
    """Return the variables by which clients find a built-in Azure, by who reads them."""
    endpoint = running.endpoint
    known = {
        LOCAL_ENDPOINT: endpoint,
        # azure-identity, in all languages
        "AZURE_AUTHORITY_HOST": endpoint,
        "AZURE_TENANT_ID": running.tenant,
        "AZURE_CLIENT_ID": running.client,
        "AZURE_CLIENT_SECRET": _SECRET,
        "AZURE_SUBSCRIPTION_ID": running.subscription,
        # az, Ansible
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CLOUD_ENVIRONMENT": endpoint,
        "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
        # azurerm, azapi, azure-native of Pulumi
        "ARM_ENVIRONMENT": "custom",
        "ARM_METADATA_HOSTNAME": running.host,
        "ARM_RESOURCE_MANAGER_ENDPOINT": endpoint,
        "ARM_RESOURCE_MANAGER_AUDIENCE": endpoint,
        "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": f"{endpoint}/",
        "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
        "ARM_TENANT_ID": running.tenant,
        "ARM_SUBSCRIPTION_ID": running.subscription,
        "ARM_CLIENT_ID": running.client,
        "ARM_CLIENT_SECRET": _SECRET,
    }
    if running.trust:
        known |= {
            "REQUESTS_CA_BUNDLE": running.trust,
            "SSL_CERT_FILE": running.trust,
            "CURL_CA_BUNDLE": running.trust,
            "NODE_EXTRA_CA_CERTS": running.authority,
        }
    return known


def _as_sh(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _as_fish(variables: Mapping[str, str]) -> str:
    return "".join(f"set -gx {name} {shlex.quote(value)}\n" for name, value in variables.items())


def _as_powershell(variables: Mapping[str, str]) -> str:
    return "".join(
        f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
        for name, value in variables.items()
    )


def _as_dotenv(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def _as_json(variables: Mapping[str, str]) -> str:
    return json.dumps(variables, indent=2) + "\n"


_FORMATS: Mapping[EnvironmentFormat, Callable[[Mapping[str, str]], str]] = {
    EnvironmentFormat.SH: _as_sh,
    EnvironmentFormat.FISH: _as_fish,
    EnvironmentFormat.POWERSHELL: _as_powershell,
    EnvironmentFormat.DOTENV: _as_dotenv,
    EnvironmentFormat.JSON: _as_json,
}
