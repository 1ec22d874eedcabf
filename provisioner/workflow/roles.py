"""`azsec roles`: least-privilege custom roles for an environment's commands and its CI.

Called by `cli`; federated credentials of the CI are listed with the roles.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.access.needs import (
    Need,
    change_needs,
    delete_needs,
    eligibility_needs,
    lock_needs,
    read_needs,
    write_needs,
)
from provisioner.access.roles import group_needs, role_definition
from provisioner.catalog.registry import Catalog
from provisioner.documents.roles import Purpose, RoleDocument, RolesDocument
from provisioner.model.resource_id import ResourceId
from provisioner.workflow.api_versions import version_needs
from provisioner.workflow.attribution import attribution_needs
from provisioner.workflow.federation import AzurePipelinesJobs, GitHubJobs, describe_credentials
from provisioner.workflow.plan import Desired
from provisioner.workflow.preflight import preflight_needs
from provisioner.workflow.upgrade_reader import upgrade_needs


def describe_roles(
    desired: Desired,
    catalog: Catalog,
    purposes: Iterable[Purpose],
    jobs: GitHubJobs | AzurePipelinesJobs | None,
) -> RolesDocument:
    """Return the roles of an environment for some purposes, and the credentials of its CI jobs.

    Raises DiagnosticError for a job whose credential cannot be described.
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
                    left_out=tuple(_omitted_actions(purpose, role.scope, desired)),
                )
            )
    credentials = describe_credentials(desired, jobs) if jobs else ()
    return RolesDocument(environment=desired.document, roles=tuple(roles), credentials=credentials)


_WRITING = (Purpose.APPLY, Purpose.DELETE)


def _omitted_actions(purpose: Purpose, scope: ResourceId, desired: Desired) -> Iterator[str]:
    """Yield why a role of a scope lacks an action on purpose.

    Such an action is required only to change certain existing resources, and would let the role's
    holder do anything.

    Key Vault, "Provide access with Azure RBAC": to change the permission model of a vault takes an
    unrestricted roleAssignments/write; to create one with either model does not.
    """
    if purpose not in _WRITING:
        return
    for address, path, need in change_needs(desired.graph):
        if scope in (need.scope, *need.scope.ancestors):
            yield (
                f"{address}: to change {path.removeprefix('properties.')} of one that exists takes "
                f"{need.action} without a condition. Whoever has it can make themselves an owner: "
                f"assign it on {need.scope.name} for that one apply, and remove it."
            )


def role_files(document: RolesDocument) -> Mapping[str, Mapping[str, object]]:
    """Return the JSON of each role definition and credential, by file name."""
    files: dict[str, Mapping[str, object]] = {
        re.sub(r"[^a-z0-9]+", "-", role.name.lower()) + ".json": role_definition(
            role.name, role.description, role.scope, role.actions
        )
        for role in document.roles
    }
    for found in document.credentials:
        # The format of `az ad app federated-credential create --parameters`.
        files[f"federated-{found.name}.json"] = {
            key: value for key, value in found.to_json().items() if key != "purpose"
        }
    return files


def cluster_role_files(document: RolesDocument) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """Return the objects for each purpose inside of the cluster, by file name."""
    return {f"azsec-{found.purpose}.yaml": found.objects for found in document.cluster_roles}


_DESCRIPTIONS = {
    Purpose.PLAN: "Reads what azsec plan and azsec drift of {name} read, and nothing else.",
    Purpose.ACCESS: "Reads what azsec access --eligible of {name} reads, and nothing else.",
    Purpose.APPLY: "Writes what azsec apply of {name} writes, and deletes nothing.",
    Purpose.DELETE: "Deletes what azsec made for {name}: azsec destroy, apply --allow-delete.",
}


def needs_of(purpose: Purpose, desired: Desired, catalog: Catalog) -> frozenset[Need]:
    """Return the permissions that the commands of an environment need for a purpose.

    All commands but `azsec access` run the preflight too.
    """
    environment, graph = desired.environment, desired.graph
    reads = read_needs(graph, catalog, environment.marks.owner, environment.subscriptions.values())
    reads |= version_needs(environment.subscriptions.values())
    if purpose is Purpose.ACCESS:
        return reads | eligibility_needs(environment.subscriptions.values())
    reads |= preflight_needs(graph, catalog) | upgrade_needs(graph)
    if purpose is Purpose.PLAN:
        return reads | attribution_needs(tuple(environment.subscriptions.values()))
    writes = write_needs(graph, catalog) | lock_needs(environment.lock, catalog)
    if purpose is Purpose.APPLY:
        return reads | writes
    return reads | writes | delete_needs(graph, catalog)
