"""Credentials for Azure Resource Manager: environment, workload identity, managed identity, CLI.

azure-identity is imported when a cloud needs it, never for the local one: that takes 0.2 s.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ClientAuthenticationError

from provisioner.azure.cloud import Cloud
from provisioner.azure.errors import first_line
from provisioner.azure.job_tokens import (
    GITHUB_TOKEN,
    GITHUB_URL,
    PIPELINES_CLIENT,
    PIPELINES_CONNECTION,
    PIPELINES_TENANT,
    PIPELINES_TOKEN,
    PIPELINES_URL,
    request_github_token,
    request_pipelines_token,
)
from provisioner.model.diagnostic import DiagnosticError, error, nearest

AUTH_KINDS = ("default", "workload-identity", "managed-identity", "azure-cli", "environment")
"""The values of `auth`. "default" tries environment, workload identity, managed identity, CLI."""

_REFRESH_SECONDS = 300
_NEVER = 2**31 - 1
_IDENTITY = "AZURE_CLIENT_ID"
_TENANT = "AZURE_TENANT_ID"
_SECRET = "AZURE_CLIENT_SECRET"
_CERTIFICATE = "AZURE_CLIENT_CERTIFICATE_PATH"
_CERTIFICATE_PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"


class SharedToken:
    """Shares one token between all threads, and renews it from `source` shortly before it expires.

    Without it, parallel requests would each start the Azure CLI, which takes a second a time.
    `clock` gives seconds since the epoch. `rebuild` makes another source in place of `source`,
    whose own cache would hand out a token again that Azure has refused.
    """

    def __init__(
        self,
        source: TokenCredential,
        clock: Callable[[], float] = time.time,
        rebuild: Callable[[], TokenCredential] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._rebuild = rebuild
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, ...], AccessToken] = {}

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_options: object,
    ) -> AccessToken:
        """Return a token for `scopes`. Raises ClientAuthenticationError.

        `claims` is Azure's claims challenge to a token that it no longer accepts: a new one is
        requested.
        """
        with self._lock:
            known = self._tokens.get(scopes)
            if claims or known is None or known.expires_on - self._clock() < _REFRESH_SECONDS:
                known = self._source.get_token(
                    *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae
                )
                self._tokens[scopes] = known
            return known

    def reject(self, token: str) -> None:
        """Remove a token that Azure refused from the cache, and rebuild the source.

        Raises:
            ClientAuthenticationError: where the source can no longer be set up.
        """
        with self._lock:
            held = {scopes for scopes, known in self._tokens.items() if known.token == token}
            if not held:
                return
            for scopes in held:
                del self._tokens[scopes]
            if self._rebuild is not None:
                try:
                    self._source = self._rebuild()
                except _NotSetUpError as reason:
                    raise ClientAuthenticationError(str(reason)) from reason


class LocalToken:
    """The token of the local cloud: a constant, no secret."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return the token; it never expires."""
        return AccessToken("local", _NEVER)


@dataclass(frozen=True, slots=True)
class _Setting:
    """The inputs of a credential: cloud, tenant and environment variables."""

    cloud: Cloud
    tenant_id: str
    environ: Mapping[str, str]

    def missing(self, *names: str) -> list[str]:
        """Return those variables that are not set; the tenant may come from the environment."""
        return [
            name
            for name in names
            if not self.environ.get(name) and not (name == _TENANT and self.tenant_id)
        ]

    @property
    def tenant(self) -> str:
        """The tenant of the environment file, or else of the environment variables."""
        return self.tenant_id or self.environ.get(_TENANT, "")


class _NotSetUpError(Exception):
    """A source cannot be used here; the text names what is missing."""


def open_credential(
    auth: str,
    cloud: Cloud,
    tenant_id: str,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
) -> TokenCredential:
    """Return a credential that has obtained a token for `cloud`.

    `auth` is one of AUTH_KINDS; "default" takes the first source that is set up. `tenant_id` ""
    takes AZURE_TENANT_ID or the source's own tenant.

    Raises:
        DiagnosticError: `no-credential`, with every source that was tried and why it gave no token,
            or `unknown-auth`.
    """
    if cloud.is_local:
        return LocalToken()
    if auth not in AUTH_KINDS:
        raise DiagnosticError(
            error("unknown-auth", f"no auth {auth!r}.", hint=nearest(auth, AUTH_KINDS))
        )
    # Each source that gives no token is also logged as a warning, which Python prints where nobody
    # has set up logging; the diagnostic below says it once, for all of them.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    setting = _Setting(cloud, tenant_id, environ)
    tried: list[str] = []
    for name, build in _sources(auth):
        try:
            credential = SharedToken(build(setting), clock, partial(build, setting))
            credential.get_token(cloud.scope)
        except _NotSetUpError as reason:
            tried.append(f"{name}: {reason}")
        except SdkError as failure:
            tried.append(f"{name}: {_failure_reason(failure)}")
            if not _is_unavailable(failure):
                break
        else:
            return credential
    raise DiagnosticError(
        error(
            "no-credential",
            f"no token for {cloud.name}. Tried " + "; ".join(tried) + ".",
            hint=_hint_for(auth),
        )
    )


def _sources(auth: str) -> Iterator[tuple[str, Callable[[_Setting], TokenCredential]]]:
    """Yield the sources that `auth` allows, in the order of trying."""
    wanted = AUTH_KINDS[1:] if auth == "default" else (auth,)
    if "environment" in wanted:
        yield "environment", _from_environment
    if "workload-identity" in wanted:
        yield "workload identity", _from_workload_identity
    if "managed-identity" in wanted:
        yield (
            "managed identity",
            _probe_managed_identity if auth == "default" else _from_managed_identity,
        )
    if "azure-cli" in wanted:
        yield "Azure CLI", _from_azure_cli


def _from_environment(setting: _Setting) -> TokenCredential:
    missing = setting.missing(_IDENTITY, _TENANT)
    if len(setting.missing(_SECRET, _CERTIFICATE)) == 2:
        missing.append(f"{_SECRET} (or {_CERTIFICATE})")
    _require_set(missing)
    from azure.identity import CertificateCredential, ClientSecretCredential

    environ, authority = setting.environ, setting.cloud.authority
    if environ.get(_SECRET):
        return ClientSecretCredential(
            setting.tenant, environ[_IDENTITY], environ[_SECRET], authority=authority
        )
    try:
        return CertificateCredential(
            setting.tenant,
            environ[_IDENTITY],
            environ[_CERTIFICATE],
            password=environ.get(_CERTIFICATE_PASSWORD),
            authority=authority,
        )
    except (OSError, ValueError) as failure:
        raise _NotSetUpError(f"{_CERTIFICATE} cannot be used: {failure}") from failure


def _from_workload_identity(setting: _Setting) -> TokenCredential:
    if not setting.missing(PIPELINES_CONNECTION):
        return _from_service_connection(setting)
    missing = setting.missing(_IDENTITY, _TENANT)
    from_file = not setting.missing(_TOKEN_FILE)
    from_github = not setting.missing(GITHUB_URL, GITHUB_TOKEN)
    if not from_file and not from_github:
        missing.append(f"{_TOKEN_FILE} (or {GITHUB_URL} and {GITHUB_TOKEN})")
    _require_set(missing)
    from azure.identity import ClientAssertionCredential, WorkloadIdentityCredential

    environ, authority = setting.environ, setting.cloud.authority
    if from_file:
        return WorkloadIdentityCredential(
            tenant_id=setting.tenant,
            client_id=environ[_IDENTITY],
            token_file_path=environ[_TOKEN_FILE],
            authority=authority,
        )

    def assertion() -> str:
        # GitHub's tokens live for minutes and an apply for hours: each exchange needs a new one.
        return request_github_token(
            environ[GITHUB_URL], environ[GITHUB_TOKEN], setting.cloud.token_audience
        )

    return ClientAssertionCredential(
        setting.tenant, environ[_IDENTITY], assertion, authority=authority
    )


def _from_service_connection(setting: _Setting) -> TokenCredential:
    """Return the credential of an Azure Pipelines service connection with workload identity.

    The tasks AzureCLI@2 and AzurePowerShell@5 set the variables for their scripts; the step maps
    SYSTEM_ACCESSTOKEN.
    """
    environ = setting.environ
    missing = setting.missing(PIPELINES_CLIENT, PIPELINES_URL, PIPELINES_TOKEN)
    tenant = setting.tenant_id or environ.get(PIPELINES_TENANT, "")
    if not tenant:
        missing.append(PIPELINES_TENANT)
    _require_set(missing)
    from azure.identity import ClientAssertionCredential

    def assertion() -> str:
        # As GitHub's, these live for minutes (10) and an apply for hours.
        return request_pipelines_token(
            environ[PIPELINES_URL], environ[PIPELINES_CONNECTION], environ[PIPELINES_TOKEN]
        )

    return ClientAssertionCredential(
        tenant, environ[PIPELINES_CLIENT], assertion, authority=setting.cloud.authority
    )


def _from_managed_identity(setting: _Setting) -> TokenCredential:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=setting.environ.get(_IDENTITY) or None)


def _probe_managed_identity(setting: _Setting) -> TokenCredential:
    from azure.identity import ChainedTokenCredential

    # Within a chain the SDK gives up after a second where no identity endpoint answers; alone it
    # retries for minutes.
    return ChainedTokenCredential(_from_managed_identity(setting))


def _from_azure_cli(setting: _Setting) -> TokenCredential:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=setting.tenant_id)


def _require_set(missing: list[str]) -> None:
    if missing:
        raise _NotSetUpError(f"{', '.join(missing)} not set")


def _is_unavailable(failure: SdkError) -> bool:
    """Return whether a source is absent here, rather than refused by Entra.

    A ChainedTokenCredential of one raises ClientAuthenticationError with its member's text, so the
    text is all that shows that the managed identity endpoint is unavailable.
    """
    from azure.identity import CredentialUnavailableError

    return isinstance(failure, CredentialUnavailableError) or "unavailable" in str(failure)


def _failure_reason(failure: SdkError) -> str:
    """Return the line with the reason: a chain of one has its member's message below its own."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    member = next((line for line in lines if line.startswith("ManagedIdentityCredential:")), "")
    return first_line(member.partition(": ")[2] or str(failure)).rstrip(".")


def _hint_for(auth: str) -> str:
    hints = {
        "environment": f"Set {_IDENTITY}, {_TENANT} and {_SECRET} or {_CERTIFICATE}.",
        "workload-identity": (
            f"Set {_IDENTITY}, {_TENANT} and {_TOKEN_FILE}; in GitHub Actions give the job "
            "`permissions: id-token: write`; in Azure Pipelines run azsec in AzureCLI@2 with "
            f"`env: {{{PIPELINES_TOKEN}: $(System.AccessToken)}}`."
        ),
        "managed-identity": (
            "Assign an identity to this machine, and set AZURE_CLIENT_ID for a user-assigned one."
        ),
        "azure-cli": "Run `az login`, and `az cloud set` for a cloud other than the public one.",
    }
    return hints.get(auth, "Run `az login`, or set up one of the others: docs/authentication.md.")
