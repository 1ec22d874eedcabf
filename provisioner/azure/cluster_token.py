"""Tokens of Entra for the API servers of AKS."""

from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError

from provisioner.azure.errors import first_line
from provisioner.model.diagnostic import DiagnosticError, error

CLUSTER_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
"""AKS' server application, the same in every tenant (learn.microsoft.com, "Use kubelogin to
authenticate users in Azure Kubernetes Service")."""


def token_source(credential: TokenCredential, way: str) -> Callable[[bool], str]:
    """Return what gives a token for an API server, with which a credential signs in; `way` is what
    to call it. It raises DiagnosticError where Entra gives none."""

    def token(_renew: bool) -> str:
        try:
            return credential.get_token(CLUSTER_SCOPE).token
        except ClientAuthenticationError as failure:
            said = first_line(str(failure))
            raise DiagnosticError(error("no-token", f"{way}: {said}")) from failure

    return token
