"""WRK-01.4 and WRK-01.5: network exposure of the container registry, and its pull permissions.

Facts: guidelines.md §0.10, §1.3 and §2.5.
"""

from collections.abc import Iterator

from provisioner.access.effective import Access
from provisioner.access.grants import Grant
from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.effective_access import (
    ACCESS_READS,
    access_of,
    describe_scope,
    is_of,
    path_of,
    principal_of,
)
from provisioner.controls.predicates import differs, equals
from provisioner.controls.resource_types import CLUSTER, REGISTRY, SCOPE_MAP, TOKEN
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.permissions import Permission, is_within
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, lookup

_ITEM = "Image scanning in Azure Container Registry, ValidatingAdmissionWebhook and third parties"
_MODE = "properties.roleAssignmentMode"
_KUBELET = "properties.identityProfile.kubeletidentity"
_STATUS = "properties.status"
_SCOPE_MAP = "properties.scopeMapId"
_SCOPE_MAP_ACTIONS = "properties.actions"
_ALL_REPOSITORIES = "_repositories_"
"""How the names of the scope maps begin that every registry has, for all of its repositories."""

_PULL = (f"{REGISTRY}/pull/read", False)
_PULL_IN_REPOSITORY_MODE = (f"{REGISTRY}/repositories/content/read", True)
"""What it takes to pull, and whether it is an action on data. A registry in repository mode asks
for the second, and ignores the first (guidelines.md §0.10)."""

_PUSH = f"{REGISTRY}/push/write"
_HARMLESS = (
    Permission(actions=("*/read",), data_actions=("*/read",)),
    Permission(
        actions=("*",),
        not_actions=("Microsoft.ContainerRegistry/*",),
        data_actions=("*",),
        not_data_actions=("Microsoft.ContainerRegistry/*",),
    ),
)
"""What changes nothing in a registry: to read, and all that is about something else."""


def _is_kubelet(cluster: Subject, grant: Grant) -> bool:
    """Return whether a grant is for what a cluster's nodes sign in as."""
    kubelet = cluster.value(_KUBELET)
    identity = cluster.at(lookup(kubelet, ("resourceId",)))
    if identity is not None and is_of(grant, identity):
        return True
    principal, stated = principal_of(grant), lookup(kubelet, ("objectId",))
    # Before apply both are the same reference to the identity's principalId, or different
    # identities.
    if isinstance(stated, Unknown) or isinstance(principal, Unknown):
        return isinstance(stated, Unknown) and stated == principal
    return isinstance(stated, str) and stated.lower() == str(principal).lower()


def _judge_pull(registry: Subject) -> Iterator[Observation]:
    """Judge whether the nodes of a cluster can pull from the registry, and do nothing else."""
    clusters = registry.all(CLUSTER)
    if not clusters:
        return
    access = access_of(registry)
    grants = [
        grant
        for grant in access.reaching(registry.id)
        if any(_is_kubelet(cluster, grant) for cluster in clusters)
    ]
    is_repository_mode = str(registry.value(_MODE)).lower() == "abacrepositorypermissions"
    pull = _PULL_IN_REPOSITORY_MODE if is_repository_mode else _PULL
    for grant in grants:
        problem = _excess_of(grant, registry, pull)
        if problem is not None:
            yield registry.fails(path_of(grant), f"{grant.assignment.label} {problem}")
        elif not grant.is_known:
            evidence = f"the permissions that {grant.assignment.label} grants the nodes are unknown"
            yield registry.unknown(path_of(grant), evidence)
    pulling = [grant for grant in grants if _can_pull(access, grant, registry, pull)]
    if pulling:
        yield registry.passes("", f"nodes pull with the role {pulling[0].role.name}")
    # A role of which nothing is known may be the one that pulls; that is reported above.
    elif not any(not grant.is_known for grant in grants):
        yield registry.fails(
            "",
            (
                "the kubelet identity of no cluster in the environment is allowed to pull "
                f"({pull[0]})"
            ),
        )


def _excess_of(grant: Grant, registry: Subject, pull: tuple[str, bool]) -> str | None:
    """Return what a grant lets nodes do beyond pulling from the one registry, None for nothing."""
    allowed, data = pull
    # Named before the rest: a role that may assign roles looks like one without push.
    if grant.gives(_PUSH) and not grant.allows(_PUSH):
        return f"allows the kubelet identity to grant itself push permission ({grant.role.name})"
    if not is_within(grant.role.permissions or (), _HARMLESS):
        return f"allows the kubelet identity more than pull ({grant.role.name})"
    # Registries of other environments in the same resource group would be open to these nodes.
    if grant.scope != registry.id and grant.allows(allowed, data=data):
        return f"grants the kubelet identity more than this registry: {describe_scope(grant)}"
    return None


def _can_pull(access: Access, grant: Grant, registry: Subject, pull: tuple[str, bool]) -> bool:
    action, data = pull
    denied = access.is_denied(grant, action, registry.id, data=data)
    return grant.allows(action, data=data) and not denied


def _judge_token(token: Subject) -> Iterator[Observation]:
    """Judge whether a token of the registry is limited to named repositories.

    It is no second administrator. Source: "Token-based repository permissions in Azure Container
    Registry".
    """
    if str(token.value(_STATUS)).lower() == "disabled":
        yield token.passes(_STATUS, f"{_STATUS} is disabled")
        return
    stated = token.value(_SCOPE_MAP)
    named = parse_resource_id(stated)
    scope_map = token.at(stated)
    # The built-in scope maps are not resources of the blueprint, and known by their names.
    if named is not None and named.name.startswith(_ALL_REPOSITORIES):
        yield token.fails(_SCOPE_MAP, f"{named.name} covers all repositories")
    elif scope_map is None:
        yield token.unknown(
            _SCOPE_MAP, f"{_SCOPE_MAP} is {stated}, which is not in the environment"
        )
    elif wide_actions := [
        text for text in scope_map.texts(_SCOPE_MAP_ACTIONS) if _covers_all_repositories(text)
    ]:
        yield token.fails(
            _SCOPE_MAP, f"{scope_map.label} covers all repositories: {wide_actions[0]}"
        )
    else:
        yield token.passes(_SCOPE_MAP, f"{scope_map.label} is limited to named repositories")


def _covers_all_repositories(action: str) -> bool:
    return action.lower().startswith(("repositories/*/", "repositories/**"))


CONTROLS = (
    Control(
        id="WRK-01.4",
        title="The registry is private: public access, admin user and anonymous pull are disabled",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Push access to the registry allows running code in the cluster. Pull access "
            "exposes the company's software."
        ),
        synonyms=terms(
            "ACR; container registry; adminUserEnabled; anonymousPullEnabled; publicNetworkAccess; "
            "private registry; exportPolicy; scope map; token"
        ),
        remediation="""
            registry:
              type: Microsoft.ContainerRegistry/registries
              sku: {name: Premium}
              properties:
                adminUserEnabled: false
                anonymousPullEnabled: false
                publicNetworkAccess: Disabled
                networkRuleSet: {defaultAction: Deny}
                dataEndpointEnabled: true
                policies: {exportPolicy: {status: disabled}}
        """,
        rules=(
            expect(REGISTRY, "sku.name", equals("Premium")),
            expect(REGISTRY, "properties.adminUserEnabled", equals(False)),
            expect(REGISTRY, "properties.anonymousPullEnabled", equals(False)),
            expect(REGISTRY, "properties.publicNetworkAccess", equals("Disabled")),
            expect(REGISTRY, "properties.networkRuleSet.defaultAction", equals("Deny")),
            expect(REGISTRY, "properties.dataEndpointEnabled", equals(True)),
            expect(REGISTRY, "properties.policies.exportPolicy.status", equals("disabled")),
            expect(REGISTRY, "properties.networkRuleBypassAllowedForTasks", differs(True)),
            rule(
                TOKEN, _judge_token, _STATUS, _SCOPE_MAP, others={SCOPE_MAP: (_SCOPE_MAP_ACTIONS,)}
            ),
        ),
        limits=(
            "Push permissions are checked by WRK-01.5 and `azsec access`. Whether a token "
            "has a password, and who knows it, is not visible."
        ),
        mappings=Mappings(
            policies=(
                "dc921057-6b28-4fbe-9b83-f7bec05db6c2",
                "9f2dea28-e834-476c-99c5-3507b4728395",
                "0fdf0491-d080-4575-b627-ad0e843cba0f",
                "d0793b48-0edc-4296-a390-4c75d1bdfd71",
                "524b0254-c285-4903-bee6-bb8126cde579",
                "bd560fc0-3c69-498a-ae9f-aa8eb7de0e13",
            ),
            checkov=(
                "CKV_AZURE_137",
                "CKV_AZURE_138",
                "CKV_AZURE_139",
                "CKV_AZURE_237",
                "CKV_AZURE_166",
                "CKV_AZURE_233",
            ),
            psrule=("Azure.ACR.AdminUser", "Azure.ACR.AnonymousAccess", "Azure.ACR.Firewall"),
        ),
    ),
    Control(
        id="WRK-01.5",
        title="The kubelet identity has AcrPull on the registry and nothing else",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "An image pull secret is a static password in a namespace. A kubelet identity "
            "with push permission allows a compromised node to replace images for all "
            "others."
        ),
        synonyms=terms(
            "AcrPull; imagePullSecrets; kubelet identity; image pull; ACR permissions; --attach-acr"
        ),
        remediation="""
            puller:
              type: Microsoft.Authorization/roleAssignments
              name: 0f2b1c3d-5a6e-4f70-8192-a3b4c5d6e7f8
              scope: ${registry.id}
              properties:
                roleDefinitionId: ${subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d
                principalId: 22222222-2222-2222-2222-222222222222
                principalType: ServicePrincipal
        """,  # noqa: E501
        rules=(
            rule(
                REGISTRY,
                _judge_pull,
                _MODE,
                others={CLUSTER: (_KUBELET,), **ACCESS_READS},
            ),
        ),
        limits=(
            "Group memberships of the kubelet identity and image pull secrets inside the "
            "cluster are not read."
        ),
        mappings=Mappings(cis=("5.1.3",), policies=("12db3749-7e03-4b9f-b443-d37d3fb9f8d9",)),
    ),
)
