"""ENV-02: managed identities of clusters and nodes, their permissions, and access of pods to them.

Facts: guidelines.md §1.4 and §2.5; the documentation "Use a managed identity in AKS".
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.access.grants import Grant
from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.effective_access import (
    ACCESS_READS,
    CLUSTER_PRINCIPALS,
    PRINCIPAL,
    PRINCIPAL_TYPE,
    ROLE,
    access_of,
    beside,
    grant_of,
    is_wide,
    rules_over,
)
from provisioner.controls.predicates import equals, show
from provisioner.controls.resource_types import (
    CLUSTER,
    FEDERATED_CREDENTIAL,
    IDENTITY,
    ROLE_ASSIGNMENT,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup

ITEM = "Azure service principals and MSI"
_IDENTITY_TYPE = "identity.type"
_ASSIGNED = "identity.userAssignedIdentities"
_CLIENT = "properties.servicePrincipalProfile.clientId"
_KUBELET = "properties.identityProfile.kubeletidentity"
_KUBELET_ID = f"{_KUBELET}.resourceId"
_NODE_GROUP = "properties.nodeResourceGroup"
_ASSIGN = (f"{IDENTITY}/assign/action", f"{IDENTITY}/-/assign/action")
"""What it takes to give nodes an identity. Azure asks for the first; Managed Identity Operator, the
built-in role for it, grants `userAssignedIdentities/*/assign/action`, and that is enough."""


def _identities_of(cluster: Subject) -> tuple[ResourceId, ...]:
    """Return the ids of the user-assigned identities of a cluster."""
    given = cluster.value(_ASSIGNED)
    ids = (parse_resource_id(name) for name in given) if isinstance(given, Mapping) else ()
    return tuple(found for found in ids if found is not None)


def _judge_own_identity(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster has one identity, with which nothing else signs in."""
    own = _identities_of(cluster)
    if len(own) != 1:
        yield cluster.fails(_ASSIGNED, f"it has {len(own)} user-assigned identities, expected one")
        return
    sharing = _other_users_of(cluster, own[0])
    if sharing:
        yield cluster.fails(_ASSIGNED, f"{own[0].name} is also the identity of {sharing[0]}")
    else:
        yield cluster.passes(_ASSIGNED, f"{own[0].name} is a dedicated identity")


def _other_users_of(cluster: Subject, identity: ResourceId) -> tuple[str, ...]:
    """Return what else signs in as an identity of a cluster.

    It is other clusters, their nodes, and pods by a federated credential.
    """
    others = [other for other in cluster.all(CLUSTER) if other.id != cluster.id]
    clusters = (other.label for other in others if identity in _identities_of(other))
    nodes = (
        f"the nodes of {other.label}"
        for other in others
        if parse_resource_id(other.value(_KUBELET_ID)) == identity
    )
    pods = (
        f"the workload of {credential.label}"
        # Pods that exchange their service account token for this identity act as the cluster
        # itself.
        for credential in cluster.children(FEDERATED_CREDENTIAL, identity)
    )
    return (*clusters, *nodes, *pods)


def _judge_kubelet(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the kubelet identity is the nodes' own, and not created by AKS.

    It is not the cluster's identity, and nothing else signs in with it.
    """
    kubelet = parse_resource_id(cluster.value(_KUBELET_ID))
    nodes = cluster.value(_NODE_GROUP)
    if kubelet is None:
        yield cluster.fails(
            _KUBELET_ID,
            ("identityProfile.kubeletidentity is not set: AKS creates a kubelet identity"),
        )
    # AKS creates a kubelet identity of its own in the node resource group, and answers it in
    # identityProfile as if it had been set.
    elif str(kubelet.resource_group).lower() == str(nodes).lower():
        yield cluster.fails(_KUBELET_ID, f"kubelet identity {kubelet.name} is created by AKS")
    elif kubelet in _identities_of(cluster):
        yield cluster.fails(
            _KUBELET_ID, (f"kubelet identity {kubelet.name} is also the cluster identity")
        )
    elif sharing := _other_users_of(cluster, kubelet):
        yield cluster.fails(
            _KUBELET_ID, (f"kubelet identity {kubelet.name} is also the identity of {sharing[0]}")
        )
    else:
        yield cluster.passes(_KUBELET_ID, f"the kubelet identity is {kubelet.name}")
        yield from _judge_operator(cluster, kubelet)
    # The body identifies the identity by all three ids (guidelines.md ENV-02.2).
    for name in ("clientId", "objectId"):
        path = f"{_KUBELET}.{name}"
        if cluster.states(path):
            yield cluster.passes(path, f"{path} is {show(cluster.value(path))}")
        else:
            yield cluster.fails(
                path, (f"{path} is not set, expected the value of the managed identity")
            )


def _judge_operator(cluster: Subject, kubelet: ResourceId) -> Iterator[Observation]:
    """Judge whether the cluster may assign the kubelet identity to its nodes.

    Azure Resource Manager grants nothing on the way (guidelines.md §0.11).
    """
    target = cluster.at(kubelet.text)
    given = [cluster.at(own.text) for own in _identities_of(cluster)]
    principals = [found for found in given if found is not None]
    if target is None or not principals:
        # Identities of others, of which this state shows neither roles nor principals.
        return
    access = access_of(cluster)
    # Azure CLI creates this role assignment unasked; a PUT by ARM is refused with
    # CustomKubeletIdentityMissingPermissionError (guidelines.md §0.11 and §3.2).
    allowing = [
        g for action in _ASSIGN for g in access.who_can(action, kubelet) if g.allows(action)
    ]
    mine = [
        grant
        for grant in (*allowing, *access.unknown_at(kubelet))
        if _is_assigned_to(grant, principals)
    ]
    if not mine:
        yield cluster.fails(
            "", (f"its identity cannot assign {kubelet.name} to nodes: {_ASSIGN[0]} is missing")
        )
    elif not mine[0].is_known:
        evidence = f"role {mine[0].role.name} of its identity on {kubelet.name} is unknown"
        yield cluster.unknown("", evidence)
    else:
        evidence = (
            f"{mine[0].assignment.label} allows its identity to assign {kubelet.name} to nodes"
        )
        yield cluster.passes("", f"{evidence}: {mine[0].role.name}")


def _is_assigned_to(grant: Grant, identities: Sequence[Subject]) -> bool:
    principal = lookup(grant.assignment.body, PRINCIPAL.split("."))
    return any(own.is_value_of(principal, PRINCIPAL) for own in identities)


def _judge_wide_roles(assignment: Subject) -> Iterator[Observation]:
    """Judge whether no identity of the environment controls a resource group or more.

    It is by whatever roles together. The principal of an assignment decides whose it is: what it
    states as the type of it does not.
    """
    grant, principal = grant_of(assignment), assignment.value(PRINCIPAL)
    mine = [
        found
        for kind, paths in _PRINCIPAL_PATHS.items()
        for found in assignment.all(kind)
        if any(found.is_value_of(principal, path) for path in paths)
    ]
    # principalType is a claim of the author: a role assignment that states User for the object id
    # of an identity still is the identity's.
    if not mine and str(assignment.value(PRINCIPAL_TYPE)).lower() in ("user", "group"):
        return
    if not grant.is_known:
        yield assignment.unknown(ROLE, f"{ROLE} is {show(assignment.value(ROLE))}, an unknown role")
        return
    if not is_wide(assignment.id.scope):
        yield assignment.passes(ROLE, f"{grant.role.name} is assigned on one resource")
        return
    # Two roles that are harmless alone (one to read, one to assign roles) may be Owner together.
    grants = beside(access_of(assignment), grant)
    if not rules_over(grants):
        yield assignment.passes(ROLE, f"{grant.role.name} is restricted to named actions")
        return
    where = assignment.id.scope.name if assignment.id.scope else "the tenant"
    roles = " and ".join(dict.fromkeys((grant.role.name, *(other.role.name for other in grants))))
    for identity in mine:
        yield assignment.fails(ROLE, f"{identity.label} is {roles} on {where}")


_PRINCIPAL_PATHS = {IDENTITY: (PRINCIPAL,), CLUSTER: CLUSTER_PRINCIPALS}


CONTROLS = (
    Control(
        id="ENV-02",
        title="Clusters, nodes and workloads use dedicated managed identities",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A secret can be copied and has to be rotated; a managed identity has no secret to "
            "leak."
        ),
        synonyms=terms(
            "MSI; managed identity; service principal; workload identity; credentials; secretless"
        ),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="ENV-02.1",
        title="The cluster has a dedicated user-assigned managed identity (identity.type)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A service principal has a secret that expires and leaks. With a shared "
            "identity, one compromised cluster acts as another."
        ),
        synonyms=terms(
            "MSI; user-assigned identity; UAMI; service principal; control plane identity; "
            "servicePrincipalProfile; identity.type"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              identity:
                type: UserAssigned
                userAssignedIdentities: {"${clusterIdentity.id}": {}}
              properties:
                servicePrincipalProfile: {clientId: msi}
        """,
        rules=(
            expect(CLUSTER, _IDENTITY_TYPE, equals("UserAssigned")),
            expect(CLUSTER, _CLIENT, equals("msi")),
            rule(
                CLUSTER,
                _judge_own_identity,
                _ASSIGNED,
                _KUBELET_ID,
                others={FEDERATED_CREDENTIAL: ()},
            ),
        ),
        limits=(
            "Permissions of the identity are checked by ENV-02.5 and `azsec access`. "
            "Clusters outside the environment may share the identity."
        ),
        mappings=Mappings(
            policies=("da6e2401-19da-4532-9141-fb8fbde08431",),
            psrule=("Azure.AKS.ManagedIdentity",),
        ),
    ),
    Control(
        id="ENV-02.2",
        title=(
            "The kubelet identity is a dedicated managed identity (identityProfile.kubeletidentity)"
        ),
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Access to a node includes its kubelet identity, which should only pull "
            "images. An identity created before the cluster can have its role assignments "
            "in place."
        ),
        synonyms=terms(
            "MSI; kubelet identity; identityProfile; agent pool identity; Managed Identity Operator"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                identityProfile:
                  kubeletidentity:
                    resourceId: ${kubeletIdentity.id}
                    clientId: ${kubeletIdentity.properties.clientId}
                    objectId: ${kubeletIdentity.properties.principalId}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_kubelet,
                _KUBELET_ID,
                f"{_KUBELET}.clientId",
                f"{_KUBELET}.objectId",
                _NODE_GROUP,
                _ASSIGNED,
                others={FEDERATED_CREDENTIAL: (), **ACCESS_READS},
            ),
        ),
        limits=(
            "Permissions of the identity are checked by WRK-01.4 and ENV-02.5. Clusters "
            "outside the environment may share the identity."
        ),
        mappings=Mappings(cis=("5.2.1",)),
    ),
    Control(
        id="ENV-02.5",
        title="Managed identities of clusters and workloads have no broad role on a resource group",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A compromised pod acts with its managed identity. Roles on single resources "
            "limit the damage."
        ),
        synonyms=terms(
            "over-privileged identity; Owner; Contributor; least privilege; managed identity; MSI; "
            "role assignment; RBAC"
        ),
        remediation="""
            grant:
              type: Microsoft.Authorization/roleAssignments
              scope: ${subscription}
              properties:
                roleDefinitionId: >-
                  /providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7
        """,
        rules=(
            rule(
                ROLE_ASSIGNMENT,
                _judge_wide_roles,
                others={**ACCESS_READS, CLUSTER: CLUSTER_PRINCIPALS},
            ),
        ),
        limits=(
            "Permissions from group memberships are not visible. A role on one resource "
            "passes, regardless of what the resource contains."
        ),
        mappings=Mappings(psrule=("Azure.RBAC.LimitOwner", "Azure.RBAC.PIM")),
    ),
    Control(
        id="ENV-02.6",
        title="Pods cannot reach the instance metadata service (IMDS, 169.254.169.254)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A pod that reaches IMDS can get a token of the kubelet identity and pull "
            "every image that the node can pull."
        ),
        synonyms=terms(
            "IMDS; metadata service; 169.254.169.254; SSRF; token theft; instance metadata; "
            "NetworkPolicy"
        ),
        remediation=(
            "Apply the NetworkPolicy that `azsec manifests` renders: egress of each "
            "namespace except 169.254.169.254/32. Use workload identity for pods that need "
            "an identity (ENV-02.3)."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "a request from a pod times out: `kubectl run probe -n NAMESPACE --rm -it "
            "--image=IMAGE -- curl -m 5 -H Metadata:true "
            "http://169.254.169.254/metadata/instance?api-version=2021-02-01`"
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
