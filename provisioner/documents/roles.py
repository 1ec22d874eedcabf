"""Least-privilege custom roles for the commands of azsec, and credentials of CI jobs."""

from enum import StrEnum
from typing import Any, Literal

from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument


class Purpose(StrEnum):
    """The purpose of a role.

    To review (plan, drift, access), see eligible roles too, apply, or delete too; in the cluster
    observe, apply, or delete too.
    """

    PLAN = "plan"
    ACCESS = "access"
    APPLY = "apply"
    DELETE = "delete"
    CLUSTER_OBSERVE = "cluster-observe"
    CLUSTER_APPLY = "cluster-apply"
    CLUSTER_DELETE = "cluster-delete"


class RoleDocument(Document):
    """A custom role.

    `scope` is the one place where it is to be assigned; `condition` limits which roles its holder
    may assign, and belongs to the assignment. `left_out` states, a sentence each, which actions a
    later change may take besides that the role does not hold.
    """

    name: str
    description: str
    purpose: Purpose
    scope: str
    actions: tuple[str, ...]
    condition: str | None = None
    left_out: tuple[str, ...] = ()


class ClusterRolesDocument(Document):
    """Kubernetes RBAC roles in the cluster: `objects` are ClusterRoles and Roles."""

    purpose: Purpose
    description: str
    objects: tuple[dict[str, Any], ...]


class FederatedCredentialDocument(Document):
    """The federated credential by which a CI job signs in, instead of a secret.

    It is on the identity for `purpose`: the one with the role for plan, or the one with the role
    for apply.
    """

    name: str
    purpose: Purpose
    issuer: str
    subject: str
    audiences: tuple[str, ...]


class RolesDocument(Document):
    """The roles of an environment, the narrowest scope each, and the credentials of its CI."""

    kind: Literal["azsec/roles"] = "azsec/roles"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    roles: tuple[RoleDocument, ...]
    cluster_roles: tuple[ClusterRolesDocument, ...] = ()
    credentials: tuple[FederatedCredentialDocument, ...] = ()
