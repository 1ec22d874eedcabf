"""The file of `azsec local serve --entra-directory`: the principals of a built-in Azure."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from provisioner.blueprint.file_model import FilePart
from provisioner.blueprint.file_schemas import load_file
from provisioner.blueprint.yaml_source import Node
from provisioner.cli.files import FileSources
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.simulator.entra.directory import (
    Directory,
    Federation,
    Principal,
    PrincipalKind,
)

_GUID = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "azsec:directory")


class _User(FilePart):
    display_name: str = Field(alias="displayName")
    user_principal_name: str = Field(alias="userPrincipalName", pattern="^[^@ ]+@[^@ ]+$")
    id: _GUID | None = None


class _Group(FilePart):
    display_name: str = Field(alias="displayName")
    id: _GUID | None = None
    members: list[str] = Field(default_factory=list)


class _Federation(FilePart):
    name: str = ""
    issuer: str
    subject: str
    audiences: list[str] = Field(default_factory=lambda: ["api://AzureADTokenExchange"])


class _Application(FilePart):
    display_name: str = Field(alias="displayName")
    app_id: _GUID = Field(alias="appId")
    id: _GUID | None = None
    service_principal_id: _GUID | None = Field(None, alias="servicePrincipalId")
    federated_identity_credentials: list[_Federation] | None = Field(
        None, alias="federatedIdentityCredentials"
    )
    certificates: list[str] | None = None


class DirectoryFile(FilePart):
    """The principals of a directory, by the names that Microsoft Graph gives their properties.

    Ids that are left out follow from the names. `members` are user principal names, display names
    or ids; `certificates` are PEM files, relative to this one.
    """

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Directory"]
    users: list[_User] = Field(default_factory=list)
    groups: list[_Group] = Field(default_factory=list)
    applications: list[_Application] = Field(default_factory=list)


def load_directory(path: Path) -> Directory:
    """Return the directory that a file declares, closed to all other principals.

    Raises:
        DiagnosticError: Where members are unknown or entries repeat, with every place.
    """
    sources = FileSources()
    file, node = load_file(DirectoryFile, str(path), sources)
    users = [_user_principal(each) for each in file.users]
    applications = [
        _application_principal(each, path.parent, sources) for each in file.applications
    ]
    groups = [_group_id(each) for each in file.groups]
    names: dict[str, str] = {}
    for principal in (*users, *applications):
        names |= dict.fromkeys(_names_of(principal), principal.object_id)
    for group, found in zip(file.groups, groups, strict=True):
        names |= dict.fromkeys((group.display_name.lower(), found), found)
    problems = [*_unknown_members(file, node, names), *_duplicate_diagnostics(file, node)]
    if problems:
        raise DiagnosticError(*problems)
    made = (
        Principal(
            PrincipalKind.GROUP,
            found,
            group.display_name,
            members=frozenset(names[member.lower()] for member in group.members),
        )
        for group, found in zip(file.groups, groups, strict=True)
    )
    return Directory((*users, *applications, *made), is_closed=True)


def _user_principal(each: _User) -> Principal:
    return Principal(
        PrincipalKind.USER,
        (each.id or _derived_guid("user", each.user_principal_name)).lower(),
        each.display_name,
        user_name=each.user_principal_name,
    )


def _application_principal(each: _Application, folder: Path, sources: FileSources) -> Principal:
    declared = each.federated_identity_credentials
    certificates = each.certificates
    return Principal(
        PrincipalKind.APPLICATION,
        (each.service_principal_id or _derived_guid("service principal", each.app_id)).lower(),
        each.display_name,
        app_id=each.app_id.lower(),
        application_object_id=(each.id or _derived_guid("application", each.app_id)).lower(),
        federations=None
        if declared is None
        else tuple(
            Federation(one.issuer, one.subject, tuple(one.audiences), one.name) for one in declared
        ),
        certificates=None
        if certificates is None
        else tuple(sources.read_text(str(folder / name)) for name in certificates),
    )


def _group_id(each: _Group) -> str:
    return (each.id or _derived_guid("group", each.display_name)).lower()


def _names_of(principal: Principal) -> tuple[str, ...]:
    named = (principal.object_id, principal.name, principal.user_name, principal.app_id)
    return tuple(name.lower() for name in named if name)


def _derived_guid(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}".lower()))


def _unknown_members(
    file: DirectoryFile, node: Node, names: dict[str, str]
) -> Iterator[Diagnostic]:
    for index, group in enumerate(file.groups):
        for position, member in enumerate(group.members):
            if member.lower() not in names:
                yield error(
                    "unknown-member",
                    f"the group {group.display_name!r} has a member {member!r}, which the file "
                    "does not declare.",
                    node.find(("groups", index, "members", position)).span,
                    nearest(member, list(names)),
                )


def _duplicate_diagnostics(file: DirectoryFile, node: Node) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each unique name or id that two principals share."""
    seen: set[str] = set()
    named = [
        *(("users", i, "userPrincipalName", each.user_principal_name)
          for i, each in enumerate(file.users)),
        *(("groups", i, "displayName", each.display_name) for i, each in enumerate(file.groups)),
        *(("applications", i, "appId", each.app_id) for i, each in enumerate(file.applications)),
    ]  # fmt: skip
    for kind, index, name, value in named:
        if value.lower() in seen:
            yield error(
                "duplicate-principal",
                f"{name} is {value!r} a second time.",
                node.find((kind, index, name)).span,
                "Give each principal its own.",
            )
        seen.add(value.lower())
