"""OIDC tokens of CI jobs for workload identity federation: GitHub Actions and Azure Pipelines.

Both services give a job one bearer token, and exchange it for a new OIDC token at each request.
Neither token is in any message.
"""

import json
import urllib.error
import urllib.request
from contextlib import closing
from urllib.parse import urlencode, urlsplit

from azure.core.exceptions import ClientAuthenticationError

from provisioner.azure.cloud import is_loopback

GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
PIPELINES_URL = "SYSTEM_OIDCREQUESTURI"
PIPELINES_TOKEN = "SYSTEM_ACCESSTOKEN"
PIPELINES_CONNECTION = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"
PIPELINES_CLIENT = "AZURESUBSCRIPTION_CLIENT_ID"
PIPELINES_TENANT = "AZURESUBSCRIPTION_TENANT_ID"
"""Variables of the jobs. The AZURESUBSCRIPTION_* ones are set by AzureCLI@2 and AzurePowerShell@5
for a service connection with workload identity federation (azure-sdk-for-python, azure-identity,
TROUBLESHOOTING.md: AzurePipelinesCredential)."""

_TIMEOUT = 30
_PIPELINES_API = "7.1"


def request_github_token(url: str, bearer: str, audience: str) -> str:
    """Return a new OIDC token of the GitHub Actions job for `audience`.

    Raises ClientAuthenticationError where GitHub gives none; its message holds no token.
    """
    request = urllib.request.Request(
        _with_query(_require_https(url, GITHUB_URL), {"audience": audience}),
        headers={"Authorization": f"Bearer {bearer}", "Accept": "application/json"},
    )
    return _request_token(
        request,
        "value",
        "GitHub Actions",
        "The job needs `permissions: id-token: write`.",
    )


def request_pipelines_token(url: str, connection: str, bearer: str) -> str:
    """Return a new OIDC token of the Azure Pipelines job for a service connection.

    `connection` is the id of the connection, which determines the audience.

    Raises ClientAuthenticationError where Azure DevOps gives none; its message holds no token.
    """
    query = {"api-version": _PIPELINES_API, "serviceConnectionId": connection}
    request = urllib.request.Request(
        _with_query(_require_https(url, PIPELINES_URL), query),
        data=b"",
        method="POST",
        headers={
            "Authorization": f"Bearer {bearer}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            # With it a refused token is answered with 401, and not with the sign-in page.
            "X-TFS-FedAuthRedirect": "Suppress",
        },
    )
    return _request_token(
        request,
        "oidcToken",
        "Azure Pipelines",
        f"Map `{PIPELINES_TOKEN}: $(System.AccessToken)` into the step, and let the pipeline use "
        "the service connection.",
    )


def _require_https(url: str, variable: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ClientAuthenticationError(f"{variable} is not an HTTPS URL")
    return url


def _with_query(url: str, query: dict[str, str]) -> str:
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}{urlencode(query)}"


def _request_token(request: urllib.request.Request, key: str, service: str, hint: str) -> str:
    try:
        with closing(urllib.request.urlopen(request, timeout=_TIMEOUT)) as answer:
            value = json.load(answer)[key]
    except (OSError, ValueError, KeyError, TypeError) as failure:
        status = f"HTTP {failure.code}" if isinstance(failure, urllib.error.HTTPError) else None
        reason = status or getattr(failure, "reason", None) or "no token in its answer"
        raise ClientAuthenticationError(
            f"{service} gave no OIDC token: {reason}. {hint}"
        ) from failure
    return str(value)
