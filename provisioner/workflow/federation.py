"""Federated credentials that let a CI job of GitHub or Azure Pipelines sign in to Azure.

Called by `cli` and `workflow.roles`.
"""

import base64
import re
import uuid
from dataclasses import dataclass

from provisioner.documents.roles import FederatedCredentialDocument, Purpose
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.guid import is_guid
from provisioner.workflow.plan import Desired

_GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
_AUDIENCES = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""The audience of a federated token, by cloud (guidelines.md §2.4)."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(@\d+)?/[A-Za-z0-9._-]+(@\d+)?")
"""OWNER/NAME. Repositories that were created, renamed or moved since July 2026 have subjects with
the ids of both: `repo:OWNER@ID/NAME@ID:…` (GitHub, OpenID Connect reference, immutable subject
claims; `sub_claim_prefix` of GET /repos/OWNER/NAME/actions/oidc/customization/sub)."""

_AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"
"""The application id of Azure DevOps, the same in each tenant."""


@dataclass(frozen=True, slots=True)
class GitHubJobs:
    """The jobs of GitHub Actions that run azsec, as `azsec init --ci github` writes them.

    `repository` is OWNER/NAME, or OWNER@ID/NAME@ID where subjects are immutable; `environment` is
    the environment of the job that applies, None for one of the azsec environment's name.
    """

    repository: str
    environment: str | None = None
    branch: str = "main"


@dataclass(frozen=True, slots=True)
class AzurePipelinesJobs:
    """The service connections of Azure Pipelines that azsec signs in through.

    `organization` is the organization's id, a GUID. A connection is its id (a GUID: the Entra
    issuer), or ORGANIZATION/PROJECT/CONNECTION by names (the issuer of Azure DevOps).
    """

    organization: str
    plan_connection: str | None = None
    apply_connection: str | None = None


def describe_credentials(
    desired: Desired, jobs: GitHubJobs | AzurePipelinesJobs
) -> tuple[FederatedCredentialDocument, ...]:
    """Return the federated credentials of an environment's jobs, those of the plan identity first.

    Raises DiagnosticError for a text that is no repository, organization or connection.
    """
    if isinstance(jobs, GitHubJobs):
        return _github_credentials(desired, jobs)
    return _pipelines_credentials(desired, jobs)


def _github_credentials(
    desired: Desired, jobs: GitHubJobs
) -> tuple[FederatedCredentialDocument, ...]:
    if not _REPOSITORY.fullmatch(jobs.repository):
        raise DiagnosticError(
            error(
                "wrong-repository",
                f"{jobs.repository!r} is not a repository of GitHub. Expected OWNER/NAME.",
                None,
                "With immutable subject claims: OWNER@ID/NAME@ID, as `gh api "
                "repos/OWNER/NAME/actions/oidc/customization/sub` prints it.",
            )
        )
    name = desired.environment.name
    # An environment's name may hold anything in GitHub; in a subject `:` is sent as `%3A` (GitHub,
    # OpenID Connect reference, filtering for a specific environment).
    environment = (jobs.environment or name).replace(":", "%3A")
    subjects = (
        # One identity plans all environments, and Entra refuses a second credential with the same
        # issuer and subject on it: they have one name, so that a second one is the same one.
        (Purpose.PLAN, "azsec-plan-pull-request", "pull_request"),
        (Purpose.PLAN, "azsec-plan-branch", f"ref:refs/heads/{jobs.branch}"),
        (Purpose.APPLY, f"azsec-{name}-apply", f"environment:{environment}"),
    )
    return tuple(
        FederatedCredentialDocument(
            name=credential,
            purpose=purpose,
            issuer=_GITHUB_ISSUER,
            subject=f"repo:{jobs.repository}:{subject}",
            audiences=(_AUDIENCES[desired.environment.cloud_names],),
        )
        for purpose, credential, subject in subjects
    )


def _pipelines_credentials(
    desired: Desired, jobs: AzurePipelinesJobs
) -> tuple[FederatedCredentialDocument, ...]:
    if not is_guid(jobs.organization):
        raise DiagnosticError(
            error(
                "wrong-organization",
                f"{jobs.organization!r} is not an id of an Azure DevOps organization. Expected a "
                "GUID.",
                None,
                "GET https://dev.azure.com/ORGANIZATION/_apis/connectionData prints it as "
                "instanceId.",
            )
        )
    connections = ((Purpose.PLAN, jobs.plan_connection), (Purpose.APPLY, jobs.apply_connection))
    named = [(purpose, connection) for purpose, connection in connections if connection]
    if not named:
        raise DiagnosticError(
            error(
                "which-connections",
                "--azure-pipelines needs --plan-connection, --apply-connection or both.",
                None,
                "Give the plan and the apply a service connection each, with an identity each.",
            )
        )
    return tuple(
        _connection_credential(desired, jobs.organization.lower(), purpose, connection)
        for purpose, connection in named
    )


def _connection_credential(
    desired: Desired, organization: str, purpose: Purpose, connection: str
) -> FederatedCredentialDocument:
    """Return the credential of a service connection of Azure Pipelines.

    Source of issuer and subject of both kinds: Azure DevOps, release notes of sprint 253, "Workload
    identity federation uses Entra issuer".

    Raises:
        DiagnosticError: Where the text is not a service connection, and where it is an id outside
            of the public cloud, which alone has the Entra issuer (`wrong-connection`).
    """
    environment = desired.environment
    if is_guid(connection):
        if environment.cloud_names != "AzureCloud":
            # The Entra issuer is for the public cloud alone; there the older one ends on
            # 1 July 2027 (Azure DevOps, Convert service connections to the Entra issuer).
            raise DiagnosticError(
                error(
                    "wrong-connection",
                    f"service connections to {environment.cloud_names} have the issuer of Azure "
                    f"DevOps, whose subject has names; {connection} is an id.",
                    None,
                    "Expected ORGANIZATION/PROJECT/CONNECTION.",
                )
            )
        tenant = environment.tenant_id
        issuer = f"https://login.microsoftonline.com/{tenant}/v2.0"
        subject = (
            f"/eid1/c/pub/t/{_encode_guid(tenant)}/a/{_encode_guid(_AZURE_DEVOPS)}"
            f"/sc/{organization}/{connection.lower()}"
        )
    elif connection.count("/") == 2 and all(connection.split("/")):
        issuer = f"https://vstoken.dev.azure.com/{organization}"
        subject = f"sc://{connection}"
    else:
        raise DiagnosticError(
            error(
                "wrong-connection",
                f"{connection!r} is not a service connection.",
                None,
                "Expected its id (resourceId in the URL of its page), or "
                "ORGANIZATION/PROJECT/CONNECTION for one with the issuer of Azure DevOps.",
            )
        )
    return FederatedCredentialDocument(
        name=f"azsec-{purpose.value}-{_credential_suffix(connection)}",
        purpose=purpose,
        issuer=issuer,
        subject=subject,
        audiences=(_AUDIENCES[environment.cloud_names],),
    )


def _credential_suffix(connection: str) -> str:
    """Return the name by which a credential is known in the output.

    All environments share a connection, so its credential has one name in the output of each.
    """
    if is_guid(connection):
        return connection.lower()[:8]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", connection.rpartition("/")[2])[:80]


def _encode_guid(guid: str) -> str:
    """Return a GUID as Entra writes it into a subject: base64url without padding.

    The first three groups are little-endian. Raises ValueError for a text that is no GUID.
    """
    return base64.urlsafe_b64encode(uuid.UUID(guid).bytes_le).decode().rstrip("=")
