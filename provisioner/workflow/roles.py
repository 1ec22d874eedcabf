"""`azsec roles`: the least that an environment's commands may do, and who its CI signs in as."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.access.needs import (
    Need,
    delete_needs,
    eligibility_needs,
    lock_needs,
    read_needs,
    write_needs,
)
from provisioner.access.roles import group_needs, role_definition
from provisioner.catalog.registry import Catalog
from provisioner.documents.roles import (
    FederatedCredentialDocument,
    Purpose,
    RoleDocument,
    RolesDocument,
)
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.api_versions import version_needs
from provisioner.workflow.attribution import attribution_needs
from provisioner.workflow.plan import Desired
from provisioner.workflow.preflight import preflight_needs

_ISSUER = "https://token.actions.githubusercontent.com"
_AUDIENCES = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""The audience of a federated token, by cloud (guidelines.md §2.4)."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The job of GitHub Actions that runs azsec: of a repository (OWNER/NAME), in one of its
    environments or on one of its branches."""

    repository: str
    environment: str | None = None
    branch: str | None = None


def describe_roles(
    desired: Desired, catalog: Catalog, purposes: Iterable[Purpose], pipeline: Pipeline | None
) -> RolesDocument:
    """Return the roles of an environment for some purposes, and the credential of its pipeline.

    Raises DiagnosticError for a pipeline that cannot be.
    """
    environment = desired.environment
    aliases = {guid.lower(): alias for alias, guid in environment.subscriptions.items()}
    roles = []
    for purpose in purposes:
        for role in group_needs(
            needs_of(purpose, desired, catalog), desired.graph, environment.lock
        ):
            where = aliases.get((role.scope.subscription or "").lower(), "subscription")
            if role.scope.resource_group is not None:
                where = role.scope.resource_group
            roles.append(
                RoleDocument(
                    name=f"azsec {purpose.value} {environment.name} in {where}",
                    description=_DESCRIPTIONS[purpose].format(name=environment.name),
                    purpose=purpose,
                    scope=role.scope.text,
                    actions=role.actions,
                    condition=role.condition,
                )
            )
    credential = _credential(desired, pipeline) if pipeline else None
    return RolesDocument(environment=desired.document, roles=tuple(roles), credential=credential)


def role_files(document: RolesDocument) -> Mapping[str, Mapping[str, object]]:
    """Return the JSON of each role definition and of the credential, by file name."""
    files: dict[str, Mapping[str, object]] = {
        re.sub(r"[^a-z0-9]+", "-", role.name.lower()) + ".json": role_definition(
            role.name, role.description, role.scope, role.actions
        )
        for role in document.roles
    }
    if document.credential is not None:
        files["federated-credential.json"] = document.credential.to_json()
    return files


_DESCRIPTIONS = {
    Purpose.PLAN: "Reads what azsec plan and azsec drift of {name} read, and nothing else.",
    Purpose.ACCESS: "Reads what azsec access --eligible of {name} reads, and nothing else.",
    Purpose.APPLY: "Writes what azsec apply of {name} writes, and deletes nothing.",
    Purpose.DELETE: "Deletes what azsec made for {name}: azsec destroy, apply --allow-delete.",
}


def needs_of(purpose: Purpose, desired: Desired, catalog: Catalog) -> frozenset[Need]:
    """Return what the commands of an environment need for a purpose; all but `azsec access` run
    the preflight too."""
    environment, graph = desired.environment, desired.graph
    reads = read_needs(graph, catalog, environment.marks.owner, environment.subscriptions.values())
    reads |= version_needs(environment.subscriptions.values())
    if purpose is Purpose.ACCESS:
        return reads | eligibility_needs(environment.subscriptions.values())
    reads |= preflight_needs(graph, catalog)
    if purpose is Purpose.PLAN:
        return reads | attribution_needs(tuple(environment.subscriptions.values()))
    writes = write_needs(graph, catalog) | lock_needs(environment.lock, catalog)
    if purpose is Purpose.APPLY:
        return reads | writes
    return reads | writes | delete_needs(graph, catalog)


def _credential(desired: Desired, pipeline: Pipeline) -> FederatedCredentialDocument:
    if not _REPOSITORY.fullmatch(pipeline.repository):
        raise DiagnosticError(
            error(
                "wrong-repository",
                f"{pipeline.repository!r} is no repository of GitHub. Expected OWNER/NAME.",
            )
        )
    if (pipeline.environment is None) == (pipeline.branch is None):
        raise DiagnosticError(
            error(
                "which-jobs",
                "it takes --github-environment or --github-branch, and not both.",
                None,
                "An environment of GitHub can ask for a review first; a branch cannot.",
            )
        )
    if pipeline.environment is not None:
        subject = f"repo:{pipeline.repository}:environment:{pipeline.environment}"
    else:
        subject = f"repo:{pipeline.repository}:ref:refs/heads/{pipeline.branch}"
    return FederatedCredentialDocument(
        name=f"azsec-{desired.environment.name}",
        issuer=_ISSUER,
        subject=subject,
        audiences=(_AUDIENCES[desired.environment.cloud_names],),
    )
