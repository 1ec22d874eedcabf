"""Who can do what: by inheritance, by what can be assigned, less what is denied."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from provisioner.access.capabilities import worst_capability
from provisioner.access.effective import READS, Access, read_access, unknown_roles
from provisioner.access.grants import Effect, Eligibility
from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.permissions import ASSIGN_ROLE
from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{S}/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
ROOT = "/providers/Microsoft.Management/managementGroups/contoso"
AUTHORIZATION = "providers/Microsoft.Authorization"
ADA = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
BOB = "1c2d3e4f-5061-4728-93a4-b5c6d7e8f90a"
EVERYONE = "00000000-0000-0000-0000-000000000000"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
WRITE_VAULT = "Microsoft.KeyVault/vaults/write"
OURS = "5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4"
ONLY_ROLES = (
    "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals {{{guids}}}))"
)
DELEGATE = "Role Based Access Control Administrator"


def only(*names: str) -> str:
    return ONLY_ROLES.format(guids=", ".join(map(find_built_in_role, names)))


def assignment(
    role: str, scope: str = GROUP, who: Any = ADA, kind: str = "User", number: int = 1, **more: Any
) -> Resource:
    guid = role if role.count("-") == 4 else find_built_in_role(role)
    name = f"00000000-0000-4000-8000-{number:012}"
    return Resource(
        ResourceId.parse(f"{scope}/{AUTHORIZATION}/roleAssignments/{name}"),
        "Microsoft.Authorization/roleAssignments",
        {
            "properties": {
                "roleDefinitionId": f"{S}/{AUTHORIZATION}/roleDefinitions/{guid}",
                "principalId": who,
                "principalType": kind,
                **more,
            }
        },
    )


def definition(permissions: Any) -> Resource:
    return Resource(
        ResourceId.parse(f"{S}/{AUTHORIZATION}/roleDefinitions/{OURS}"),
        "Microsoft.Authorization/roleDefinitions",
        {"properties": {"roleName": "Ours", "type": "CustomRole", "permissions": permissions}},
    )


def denial(scope: str = GROUP, **properties: Any) -> Resource:
    stated: Mapping[str, Any] = {
        "denyAssignmentName": "no",
        "permissions": [{"actions": ["*"]}],
        "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
        **properties,
    }
    name = "2b3c4d5e-6f70-4a8b-9c0d-1e2f3a4b5c6d"
    return Resource(
        ResourceId.parse(f"{scope}/{AUTHORIZATION}/denyAssignments/{name}"),
        "Microsoft.Authorization/denyAssignments",
        {"properties": stated},
    )


def access_of(catalog: Catalog, *resources: Resource) -> Access:
    return read_access(Estate.of(resources), catalog)


def can(access: Access, action: str, on: str, *, data: bool = False) -> list[str]:
    found = access.who_can(action, ResourceId.parse(on), data=data)
    return [grant.principal.id for grant in found]


SCOPES = [
    pytest.param("", True, id="the tenant's root"),
    pytest.param(ROOT, True, id="a management group"),
    pytest.param(S, True, id="the subscription"),
    pytest.param(GROUP, True, id="the resource group"),
    pytest.param(VAULT, True, id="the vault"),
    pytest.param(VAULT.upper(), True, id="the vault in another case"),
    pytest.param(f"{VAULT}-2", False, id="a vault whose name begins alike"),
    pytest.param(f"{VAULT}/keys/k", False, id="a key in the vault"),
    pytest.param(f"{S}2", False, id="another subscription"),
]


@pytest.mark.parametrize(("scope", "holds"), SCOPES)
def test_a_role_holds_at_its_scope_and_below(catalog: Catalog, scope: str, holds: bool) -> None:
    access = access_of(catalog, assignment("Key Vault Contributor", scope))
    assert can(access, WRITE_VAULT, VAULT) == ([ADA] if holds else [])


PLACES = [
    pytest.param(f"{CLUSTER}/namespaces/app", True, id="the namespace itself"),
    pytest.param(f"{CLUSTER}/managedNamespaces/app", True, id="the managed namespace of its name"),
    pytest.param(f"{CLUSTER}/namespaces/web", False, id="another namespace"),
    pytest.param(f"{CLUSTER}/managedNamespaces/web", False, id="another managed namespace"),
    pytest.param(CLUSTER, True, id="the cluster"),
]


@pytest.mark.parametrize(("scope", "holds"), PLACES)
def test_namespaces_of_a_cluster_are_scopes(catalog: Catalog, scope: str, holds: bool) -> None:
    access = access_of(catalog, assignment("Azure Kubernetes Service RBAC Writer", scope))
    read = "Microsoft.ContainerService/managedClusters/secrets/read"
    assert can(access, read, f"{CLUSTER}/namespaces/app", data=True) == ([ADA] if holds else [])
    inside = "namespaces" in scope.lower()
    assert can(access, read, CLUSTER, data=True) == ([] if inside else [ADA])


def test_whoever_may_assign_roles_can_have_everything(catalog: Catalog) -> None:
    access = access_of(catalog, assignment("User Access Administrator"))
    (grant,) = access.who_can(GET_SECRET, ResourceId.parse(VAULT), data=True)
    assert (grant.allows(GET_SECRET, data=True), grant.escalates) == (False, True)


ASSIGNERS = [
    pytest.param(None, True, Effect.NONE, id="without a condition"),
    pytest.param(only("AcrPull"), False, Effect.NARROWS, id="a role that does something else"),
    pytest.param(only("Key Vault Secrets User"), True, Effect.NARROWS, id="the role that does it"),
    pytest.param(only("Owner"), True, Effect.ALLOWS_ALL, id="a role that assigns every role"),
    pytest.param("true BoolEquals true", True, Effect.ALLOWS_ALL, id="a condition about nothing"),
    pytest.param("@Request[", True, Effect.NOT_UNDERSTOOD, id="one that cannot be parsed"),
    pytest.param(
        only("Owner") + " AND " + only("AcrPull"), False, Effect.NARROWS, id="both at once: none"
    ),
    pytest.param(
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] "
        f"ForAnyOfAnyValues:GuidEquals {{{BOB}}} OR "
        "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})",
        False,
        Effect.NARROWS,
        id="to somebody named alone",
    ),
    pytest.param(
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] "
        f"ForAnyOfAnyValues:GuidEquals {{{ADA}}} OR "
        "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})",
        True,
        Effect.ALLOWS_ALL,
        id="to oneself alone",
    ),
    pytest.param(
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEquals 'Group' OR "
        "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})",
        True,
        Effect.ALLOWS_ALL,
        id="to any group, of which they may be a member",
    ),
    pytest.param(
        "!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})",
        True,
        Effect.ALLOWS_ALL,
        id="about deletes alone",
    ),
]


@pytest.mark.parametrize(("condition", "reads", "effect"), ASSIGNERS)
def test_a_condition_narrows_what_can_be_had_by_assigning(
    catalog: Catalog, condition: str | None, reads: bool, effect: Effect
) -> None:
    access = access_of(catalog, assignment(DELEGATE, condition=condition))
    assert bool(can(access, GET_SECRET, VAULT, data=True)) is reads
    assert access.grants[0].effect is effect


def test_a_condition_on_data_grants_what_it_may_leave(catalog: Catalog) -> None:
    """Which blobs have the tag is in the blobs: access to some is access."""
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
    tagged = (
        f"((!(ActionMatches{{'{blobs}/read'}})) OR (@Resource[{blobs}/tags:Project<$key$>] "
        "StringEquals 'Cascade'))"
    )
    never = f"!(ActionMatches{{'{blobs}/read'}})"
    some = access_of(catalog, assignment("Storage Blob Data Reader", condition=tagged))
    none = access_of(catalog, assignment("Storage Blob Data Reader", condition=never))

    assert can(some, f"{blobs}/read", account, data=True) == [ADA]
    assert some.grants[0].effect is Effect.NARROWS
    assert can(none, f"{blobs}/read", account, data=True) == []


ESCALATING = [
    pytest.param(["*"], [], True, id="everything"),
    pytest.param(["Microsoft.Authorization/*"], [], True, id="all of authorization"),
    pytest.param(["*/write"], [], True, id="every write"),
    pytest.param(["Microsoft.Authorization/roleDefinitions/write"], [], True, id="define roles"),
    pytest.param(["Microsoft.Authorization/elevateAccess/action"], [], True, id="elevate access"),
    pytest.param(["*"], ["Microsoft.Authorization/*"], False, id="everything else"),
    pytest.param(["*"], ["Microsoft.Authorization/*/Write"], True, id="elevation is left"),
    pytest.param(["*/read"], [], False, id="every read"),
]


@pytest.mark.parametrize(("actions", "excluded", "escalates"), ESCALATING)
def test_custom_roles_escalate_by_what_they_allow(
    catalog: Catalog, actions: list[str], excluded: list[str], escalates: bool
) -> None:
    ours = definition([{"actions": actions, "notActions": excluded}])
    (grant,) = access_of(catalog, ours, assignment(OURS)).grants
    assert (grant.role.name, grant.escalates) == ("Ours", escalates)


DENIED = [
    # properties of the denial, principal type, whether Ada still can, why
    pytest.param({}, "User", False, id="everyone"),
    pytest.param({"excludePrincipals": [{"id": ADA, "type": "User"}]}, "User", True, id="but her"),
    pytest.param(
        {"excludePrincipals": [{"id": BOB, "type": "User"}]}, "User", False, id="but another"
    ),
    pytest.param(
        {"excludePrincipals": [{"id": BOB, "type": "Group"}]}, "User", True,
        id="but a group, of which she may be a member",
    ),
    pytest.param(
        {"excludePrincipals": [{"id": BOB, "type": "User"}]}, "Group", True,
        id="but somebody who may be a member of the group",
    ),
    pytest.param({}, "Group", False, id="everyone, so every member of a group"),
    pytest.param({"principals": [{"id": BOB, "type": "User"}]}, "User", True, id="another"),
    pytest.param({"permissions": [{"actions": ["*/delete"]}]}, "User", True, id="another action"),
    pytest.param({"doNotApplyToChildScopes": True}, "User", True, id="the group itself alone"),
    pytest.param({"condition": "@Resource[x] StringEquals 'a'"}, "User", True, id="sometimes"),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "kind", "left"), DENIED)
def test_a_deny_assignment_takes_what_it_takes_for_certain(
    catalog: Catalog, properties: Mapping[str, Any], kind: str, left: bool
) -> None:
    role = assignment("Key Vault Contributor", S, kind=kind)
    access = access_of(catalog, role, denial(**properties))
    assert can(access, WRITE_VAULT, VAULT) == ([ADA] if left else [])


@pytest.mark.parametrize(
    "properties",
    [
        {
            "principals": [{"id": ADA, "type": "User"}],
            "excludePrincipals": [{"id": BOB, "type": "Group"}],
        },
        {
            "principals": [{"id": ADA, "type": "User"}],
            "excludePrincipals": [{"id": ADA, "type": "User"}],
        },
        {"principals": [{"id": EVERYONE}], "excludePrincipals": [{"id": BOB}]},
        {"permissions": [{"actions": ["*"], "condition": "@Resource[a:b] StringEquals 'c'"}]},
    ],
    ids=["a group is excluded", "named and excluded", "excluded without a type", "conditional"],
)
def test_a_denial_that_may_not_hold_leaves_access(
    catalog: Catalog, properties: dict[str, Any]
) -> None:
    everybody = {"principals": [{"id": EVERYONE}], "excludePrincipals": []}
    denied = denial(**{**everybody, **properties})
    access = access_of(catalog, assignment("Owner"), denied)
    assert can(access, WRITE_VAULT, VAULT) == [ADA]


def test_nothing_is_read_but_what_is_declared_as_read(catalog: Catalog) -> None:
    condition = "@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'c'"
    estate = Estate.of(
        [
            assignment("Owner", condition=condition, conditionVersion="2.0", description="x"),
            definition([{"actions": ["*"]}]),
            denial(condition=condition, isSystemProtected=True),
        ]
    )
    masked = Estate.of(
        replace(found, body=_only(found.body, READS[found.type])) for found in estate
    )
    whole, part = (read_access(each, catalog) for each in (estate, masked))
    assert [(g.role, g.restriction) for g in whole.grants] == [
        (g.role, g.restriction) for g in part.grants
    ]
    assert [(d.principals, d.is_conditional) for d in whole.denials] == [
        (d.principals, d.is_conditional) for d in part.denials
    ]


def _only(body: Mapping[str, Any], paths: tuple[str, ...]) -> Mapping[str, Any]:
    kept = {path.partition(".")[2] for path in paths}
    return {"properties": {k: v for k, v in body["properties"].items() if k in kept}}


def test_grants_below_a_place_are_found_without_a_walk(catalog: Catalog) -> None:
    inside = f"{CLUSTER}/namespaces/app"
    access = access_of(
        catalog,
        assignment("Reader", GROUP, number=1),
        assignment("Reader", CLUSTER, number=2),
        assignment("Reader", inside, number=3),
        assignment("Reader", f"{CLUSTER}x", number=4),
    )
    found = access.below(ResourceId.parse(CLUSTER))
    assert [grant.scope.text for grant in found if grant.scope] == [inside]


def test_a_role_that_nobody_knows_is_unknown_and_not_nothing(catalog: Catalog) -> None:
    access = access_of(catalog, assignment(OURS))
    vault = ResourceId.parse(VAULT)
    assert access.who_can(WRITE_VAULT, vault) == ()
    assert access.unknown_at(vault) == access.grants == unknown_roles(access.grants)
    assert worst_capability(access, access.grants[0], vault).startswith("not known")


def test_a_definition_that_is_not_known_before_apply_is_unknown(catalog: Catalog) -> None:
    later = Unknown("x.properties.y", {}, ("x.properties.y",))
    access = access_of(catalog, definition(later), assignment(OURS))
    assert not access.grants[0].is_known


def test_principals_have_the_address_of_what_signs_in_by_them(catalog: Catalog) -> None:
    identity = Resource(
        ResourceId.parse(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"),
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        {"properties": {"principalId": ADA.upper()}},
        "identities.nodes",
    )
    path = "identities.nodes.properties.principalId"
    access = access_of(
        catalog,
        identity,
        assignment("Reader"),
        assignment("Reader", who=Unknown(path, {}, (path,)), number=2),
        assignment("Reader", who=BOB, kind="Group", number=3),
    )
    assert [(g.principal.address, g.principal.label) for g in access.grants] == [
        ("identities.nodes", "identities.nodes"),
        ("identities.nodes", "identities.nodes"),
        (None, f"members of group {BOB}"),
    ]


def test_what_can_be_activated_is_told_apart(catalog: Catalog) -> None:
    instance = Resource(
        ResourceId.parse(f"{S}/{AUTHORIZATION}/roleEligibilityScheduleInstances/one"),
        "Microsoft.Authorization/roleEligibilityScheduleInstances",
        assignment("Owner", S).body,
    )
    access = read_access(Estate.of([]), catalog, [instance])
    (grant,) = access.who_can(ASSIGN_ROLE, ResourceId.parse(VAULT))
    assert grant.eligibility is Eligibility.ELIGIBLE


def test_what_a_grant_can_is_asked_for_on_a_resource(catalog: Catalog) -> None:
    access = access_of(catalog, assignment("Key Vault Contributor"))
    (grant,) = access.grants
    asked = (WRITE_VAULT, ASSIGN_ROLE)
    assert access.what_can(grant, ResourceId.parse(VAULT), asked) == (WRITE_VAULT,)
    assert access.what_can(grant, ResourceId.parse(S), asked) == ()


CAPABILITIES = [
    ("Owner", GROUP, "administers access"),
    ("Contributor", GROUP, "administers clusters"),
    ("Contributor", VAULT, "reads secrets"),
    ("Azure Kubernetes Service Cluster Admin Role", CLUSTER, "administers clusters"),
    ("Key Vault Secrets User", VAULT, "reads secrets"),
    ("Key Vault Reader", VAULT, "runs actions"),
    ("Network Contributor", GROUP, "writes network"),
    ("Network Contributor", VAULT, "reads configuration"),
    ("Managed Identity Operator", GROUP, "signs in as identities"),
    ("Azure Kubernetes Service RBAC Reader", f"{CLUSTER}/namespaces/app", "reads configuration"),
    ("Azure Kubernetes Service RBAC Writer", f"{CLUSTER}/namespaces/app", "reads secrets"),
    ("AcrPull", GROUP, "pulls images"),
    ("Reader", S, "pulls images"),
    ("Reader", VAULT, "reads configuration"),
]


@pytest.mark.parametrize(("role", "scope", "words"), CAPABILITIES)
def test_the_worst_of_a_role_is_said_in_words(
    catalog: Catalog, role: str, scope: str, words: str
) -> None:
    access = access_of(catalog, assignment(role, scope))
    assert worst_capability(access, access.grants[0], ResourceId.parse(scope)) == words


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        pytest.param(f"{S}/resourceGroups/data", "reads secrets", id="a group with a vault alone"),
        pytest.param(GROUP, "administers clusters", id="the group of the cluster"),
        pytest.param(S, "administers clusters", id="the subscription"),
    ],
)
def test_who_may_make_a_cluster_where_there_is_none_administers_none(
    catalog: Catalog, scope: str, words: str
) -> None:
    cluster = Resource(
        ResourceId.parse(CLUSTER), "Microsoft.ContainerService/managedClusters", {}, "cluster"
    )
    vault = ResourceId.parse(f"{S}/resourceGroups/data/providers/Microsoft.KeyVault/vaults/kv")
    stored = Resource(vault, "Microsoft.KeyVault/vaults", {}, "vault")
    access = access_of(catalog, cluster, stored, assignment("Contributor", scope))
    assert worst_capability(access, access.grants[0], ResourceId.parse(scope)) == words
