"""Entra tokens for the API servers of AKS clusters."""

from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError

from provisioner.azure.errors import first_line
from provisioner.model.diagnostic import DiagnosticError, error

CLUSTER_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
"""The AKS server application, the same in every tenant (learn.microsoft.com, "Use kubelogin to
authenticate users in Azure Kubernetes Service")."""


def token_source(credential: TokenCredential, way: str) -> Callable[[bool], str]:
    """Return a function that gets a token for an API server from a credential.

    `way` names the connection in messages. The function raises DiagnosticError (`no-token`) where
    Entra issues none.
    """

    def token(_renew: bool) -> str:
        try:
            return credential.get_token(CLUSTER_SCOPE).token
        except ClientAuthenticationError as failure:
            reason = first_line(str(failure))
            raise DiagnosticError(error("no-token", f"{way}: {reason}")) from failure

    return token
