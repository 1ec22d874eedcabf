"""Predefined variables of an Azure Pipelines job (Azure Pipelines, "Predefined variables")."""

from collections.abc import Mapping
from urllib.parse import quote

from provisioner.engine.forge_port import Job
from provisioner.forges.azure_devops import AzureDevOps
from provisioner.model.forge_error import ForgeError

TOKEN = "SYSTEM_ACCESSTOKEN"
"""Mapped into a step explicitly: `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}`."""

_HEADS = "refs/heads/"
_REPOS = "TfsGit"
"""BUILD_REPOSITORY_PROVIDER of Azure Repos."""


def is_azure_pipelines_job(environ: Mapping[str, str]) -> bool:
    """Return whether this process is part of a job of Azure Pipelines (TF_BUILD)."""
    return environ.get("TF_BUILD", "").lower() == "true"


def read_azure_pipelines_job(environ: Mapping[str, str]) -> Job:
    """Return the job that the predefined variables describe.

    A build of a pull request checks out the commit that merges its head into the target branch, so
    that the first parent is the base; no variable has the commit before a push.
    """
    number = environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
    is_review = number.isdigit()
    ref = environ.get("BUILD_SOURCEBRANCH", "")
    folder = environ.get("AGENT_TEMPDIRECTORY", "")
    return Job(
        commit=environ.get("BUILD_SOURCEVERSION", ""),
        before=None,
        number=int(number) if is_review else None,
        head=environ.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", "").lower() or None
        if is_review
        else None,
        base="HEAD^1" if is_review else None,
        branch=ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else None,
        url=_url_of(environ),
        summary=f"{folder}/azsec-summary.md" if folder else None,
        summary_command="##vso[task.uploadsummary]{file}",
        output_command="##vso[task.setvariable variable={name};isOutput=true]",
    )


def open_azure_devops(environ: Mapping[str, str]) -> AzureDevOps:
    """Return the client of the job's repository.

    Raises:
        ForgeError: without a token (`token-missing`), without the variables that name the
            repository (`repository-unknown`), and for a repository that is not in Azure Repos
            (`repository-elsewhere`).
    """
    provider = environ.get("BUILD_REPOSITORY_PROVIDER", _REPOS)
    if provider != _REPOS:
        raise ForgeError(
            0,
            "repository-elsewhere",
            f"the pipeline builds a repository of the provider {provider}, not of Azure Repos.",
            "Run azsec in GitHub Actions for a repository on GitHub, or without `ci`: azsec plan, "
            "azsec drift.",
        )
    names = ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_REPOSITORY_ID")
    collection, project, repository = (environ.get(name, "") for name in names)
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise ForgeError(
            0,
            "repository-unknown",
            f"{', '.join(missing)} not set, so the repository is not known.",
            "Run azsec in a job of Azure Pipelines, which sets them.",
        )
    token = environ.get(TOKEN, "")
    if not token:
        raise ForgeError(
            0,
            "token-missing",
            f"the variable {TOKEN} is not set, so nothing can be read from or written to Azure "
            "DevOps.",
            f"Map it into the step: `env: {{{TOKEN}: $(System.AccessToken)}}`, and give the build "
            "service of the project the permission 'Contribute to pull requests'.",
        )
    return AzureDevOps.open(collection, project, repository, token)


def _url_of(environ: Mapping[str, str]) -> str | None:
    collection, project = environ.get("SYSTEM_COLLECTIONURI"), environ.get("SYSTEM_TEAMPROJECT")
    build = environ.get("BUILD_BUILDID", "")
    if not (collection and project and build.isdigit()):
        return None
    return f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={build}"
