"""The directory: users, groups and applications of the built-in Azure.

It is declared at start-up, and no request changes it. Service principals of managed identities are
added, which exist as long as their resources. Without a declaration every client id is an
application, so that a pipeline's own need not be registered first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioner.catalog.permissions import IDENTITY
from provisioner.simulator.state.cloud import CALLER, Cloud, stable_guid
from provisioner.simulator.state.records import Record

OPERATOR_APPLICATION = stable_guid("operator", "application")
"""The client id of the local operator, for clients that sign in."""
_FEDERATED = f"{IDENTITY}/federatedIdentityCredentials"


class PrincipalKind(StrEnum):
    """The kind of a principal, as `principalType` of a role assignment spells it."""

    USER = "User"
    GROUP = "Group"
    APPLICATION = "ServicePrincipal"


@dataclass(frozen=True, slots=True)
class Federation:
    """A federated identity credential: an issuer and subject whose tokens replace a secret."""

    issuer: str
    subject: str
    audiences: tuple[str, ...] = ("api://AzureADTokenExchange",)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, a group, or an application with its service principal.

    object_id     of the user, group or service principal
    name          the display name
    app_id        the client id of an application
    application_object_id  of the application object, which the service principal represents
    user_name     the user principal name of a user
    members       the object ids of a group's direct members, groups included
    federations   its federated credentials; None if not declared: any token is accepted
    certificates  its certificates (PEM); None if not declared: any is accepted
    managed       the id of the resource that a managed identity belongs to; None otherwise
    """

    kind: PrincipalKind
    object_id: str
    name: str
    app_id: str | None = None
    application_object_id: str | None = None
    user_name: str | None = None
    members: frozenset[str] = frozenset()
    federations: tuple[Federation, ...] | None = None
    certificates: tuple[str, ...] | None = None
    managed: str | None = None


OPERATOR = Principal(
    PrincipalKind.APPLICATION,
    CALLER,
    "local operator",
    app_id=OPERATOR_APPLICATION,
    application_object_id=stable_guid("operator", "application object"),
)
"""Who calls without saying who they are, and whose client id `azsec local env` prints."""
OPERATOR_USER = Principal(
    PrincipalKind.USER,
    stable_guid("operator", "user"),
    "Local Operator",
    user_name="operator@local.invalid",
)


OWNERS = frozenset({OPERATOR.object_id, OPERATOR_USER.object_id})
"""The principals that may do everything, whatever is assigned to whom."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The declared principals; `is_closed`: undeclared applications cannot sign in."""

    declared: tuple[Principal, ...] = ()
    is_closed: bool = False

    @property
    def principals(self) -> tuple[Principal, ...]:
        """The declared principals, after the local operator and its user."""
        return (OPERATOR, OPERATOR_USER, *self.declared)

    def find_user(self, user_name: str) -> Principal | None:
        """Return the user of a user principal name, in any case."""
        folded = user_name.lower()
        return next((p for p in self.principals if (p.user_name or "").lower() == folded), None)

    def groups_of(self, object_id: str) -> frozenset[str]:
        """Return the object ids of the groups that a principal is in, directly or transitively."""
        found: set[str] = set()
        pending = {object_id}
        while pending:
            found |= (
                pending := {
                    each.object_id
                    for each in self.declared
                    if each.object_id not in found and not pending.isdisjoint(each.members)
                }
            )
        return frozenset(found)


EMPTY_DIRECTORY = Directory()


def find_application(directory: Directory, cloud: Cloud, app_id: str) -> Principal | None:
    """Return the application or managed identity of a client id.

    In a directory that is not closed, every client id is one.
    """
    folded = app_id.lower()
    for principal in all_principals(directory, cloud):
        if principal.app_id == folded:
            return principal
    return None if directory.is_closed else _undeclared_application(folded)


def all_principals(directory: Directory, cloud: Cloud) -> Iterator[Principal]:
    """Yield the principals of a directory, then those of managed identities."""
    yield from directory.principals
    yield from _managed_identities(cloud)


def _undeclared_application(app_id: str) -> Principal:
    return Principal(
        PrincipalKind.APPLICATION,
        stable_guid("service principal", app_id),
        app_id,
        app_id=app_id,
        application_object_id=stable_guid("application", app_id),
    )


def _managed_identities(cloud: Cloud) -> Iterator[Principal]:
    """Yield the service principals of user-assigned and system-assigned identities."""
    for row in cloud.store.resources.of_type(IDENTITY):
        properties = _properties_of(row)
        if properties.get("principalId"):
            yield Principal(
                PrincipalKind.APPLICATION,
                str(properties["principalId"]).lower(),
                row.id.name,
                app_id=str(properties.get("clientId", "")).lower(),
                federations=tuple(_federations_of(cloud, row.id.key)),
                managed=row.id.text,
            )
    for _, row in cloud.store.resources.items():
        identity = row.body.get("identity")
        if isinstance(identity, Mapping) and identity.get("principalId"):
            yield Principal(
                PrincipalKind.APPLICATION,
                str(identity["principalId"]).lower(),
                row.id.name,
                app_id=stable_guid("application of", str(identity["principalId"])),
                federations=(),
                managed=row.id.text,
            )


def _federations_of(cloud: Cloud, identity: str) -> Iterable[Federation]:
    for row in cloud.store.resources.inside(identity):
        if row.type == _FEDERATED:
            properties = _properties_of(row)
            audiences = properties.get("audiences")
            yield Federation(
                str(properties.get("issuer", "")),
                str(properties.get("subject", "")),
                tuple(map(str, audiences)) if isinstance(audiences, (list, tuple)) else (),
                row.id.name,
            )


def _properties_of(row: Record) -> Mapping[str, Any]:
    found = row.body.get("properties")
    return found if isinstance(found, Mapping) else {}
