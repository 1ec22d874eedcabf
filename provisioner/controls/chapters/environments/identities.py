"""ENV-02: what clusters, nodes and workloads sign in as, and how little that may do.

Facts: guidelines.md §1.4 and §2.5; the documentation "Workload identity federation" and "Use a
managed identity in AKS".
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from provisioner.access.grants import Grant
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.effective_access import (
    ACCESS_READS,
    CLUSTER_PRINCIPALS,
    access_of,
    beside,
    grant_of,
    rules_over,
)
from provisioner.controls.kinds import (
    CLUSTER,
    FEDERATED_CREDENTIAL,
    IDENTITY,
    ROLE_ASSIGNMENT,
)
from provisioner.controls.role_grants import (
    PRINCIPAL,
    PRINCIPAL_OF_IDENTITY,
    PRINCIPAL_TYPE,
    ROLE,
    is_wide,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import differs, equals, show
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, lookup

ITEM = "Azure service principals and MSI"
_TYPE = "identity.type"
_GIVEN = "identity.userAssignedIdentities"
_CLIENT = "properties.servicePrincipalProfile.clientId"
_KUBELET = "properties.identityProfile.kubeletidentity"
_KUBELET_ID = f"{_KUBELET}.resourceId"
_NODE_GROUP = "properties.nodeResourceGroup"
_ISSUER_URL = "properties.oidcIssuerProfile.issuerURL"
_ISSUER = "properties.issuer"
_SUBJECT = "properties.subject"
_AUDIENCES = "properties.audiences"

_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+")
_AUDIENCE = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
_MOST_CREDENTIALS = 20
_ASSIGN = (f"{IDENTITY}/assign/action", f"{IDENTITY}/-/assign/action")
"""What it takes to give nodes an identity. Azure asks for the first; Managed Identity Operator, the
built-in role for it, grants `userAssignedIdentities/*/assign/action`, and that is enough."""

_DEFAULT_ACCOUNT = ":default"
"""The service account of every pod that names none (Kubernetes, "Service accounts")."""


def _identities_of(cluster: Subject) -> tuple[ResourceId, ...]:
    """Return the ids of the user-assigned identities of a cluster."""
    given = cluster.value(_GIVEN)
    ids = (parse_resource_id(name) for name in given) if isinstance(given, Mapping) else ()
    return tuple(found for found in ids if found is not None)


def _judge_own_identity(cluster: Subject) -> Iterator[Observation]:
    """A cluster has one identity, and nothing else signs in as that."""
    own = _identities_of(cluster)
    if len(own) != 1:
        yield cluster.fails(_GIVEN, f"it has {len(own)} user-assigned identities, expected one")
        return
    sharing = _sharers(cluster, own[0])
    if sharing:
        yield cluster.fails(_GIVEN, f"{own[0].name} is the identity of {sharing[0]}, too")
    else:
        yield cluster.passes(_GIVEN, f"{own[0].name} is its identity alone")


def _sharers(cluster: Subject, identity: ResourceId) -> tuple[str, ...]:
    """Return what else signs in as an identity of a cluster: other clusters, their nodes, and pods
    by a federated credential."""
    others = [other for other in cluster.all(CLUSTER) if other.id != cluster.id]
    clusters = (other.label for other in others if identity in _identities_of(other))
    nodes = (
        f"the nodes of {other.label}"
        for other in others
        if parse_resource_id(other.value(_KUBELET_ID)) == identity
    )
    pods = (
        f"the pods that {credential.label} names"
        for credential in cluster.children(FEDERATED_CREDENTIAL, identity)
    )
    return (*clusters, *nodes, *pods)


def _judge_kubelet(cluster: Subject) -> Iterator[Observation]:
    """The nodes have an identity of their own, which is neither AKS's to make nor the cluster's."""
    kubelet = parse_resource_id(cluster.value(_KUBELET_ID))
    nodes = cluster.value(_NODE_GROUP)
    if kubelet is None:
        yield cluster.fails(_KUBELET_ID, "no identity is given to the nodes: AKS makes one")
    elif str(kubelet.resource_group).lower() == str(nodes).lower():
        yield cluster.fails(_KUBELET_ID, f"{kubelet.name} is one that AKS made")
    elif kubelet in _identities_of(cluster):
        yield cluster.fails(_KUBELET_ID, f"{kubelet.name} is the identity of the cluster, too")
    elif sharing := _sharers(cluster, kubelet):
        yield cluster.fails(_KUBELET_ID, f"{kubelet.name} is the identity of {sharing[0]}, too")
    else:
        yield cluster.passes(_KUBELET_ID, f"the nodes sign in as {kubelet.name}")
        yield from _judge_operator(cluster, kubelet)
    for name in ("clientId", "objectId"):
        path = f"{_KUBELET}.{name}"
        if cluster.states(path):
            yield cluster.passes(path, f"{path} is {show(cluster.value(path))}")
        else:
            yield cluster.fails(path, f"{path} is not set, expected that of the identity")


def _judge_operator(cluster: Subject, kubelet: ResourceId) -> Iterator[Observation]:
    """The cluster may give the nodes their identity: Azure Resource Manager grants nothing on the
    way (guidelines.md §0.11)."""
    target = cluster.at(kubelet.text)
    given = [cluster.at(own.text) for own in _identities_of(cluster)]
    principals = [found for found in given if found is not None]
    if target is None or not principals:
        # Identities of others, of which this state shows neither roles nor principals.
        return
    access = access_of(cluster)
    able = [g for action in _ASSIGN for g in access.who_can(action, kubelet) if g.allows(action)]
    mine = [grant for grant in (*able, *access.unknown_at(kubelet)) if _is_to(grant, principals)]
    if not mine:
        yield cluster.fails("", f"its identity may not give {kubelet.name} to nodes: {_ASSIGN[0]}")
    elif not mine[0].is_known:
        said = f"{mine[0].role.name}, which its identity has on {kubelet.name}, is no known role"
        yield cluster.unknown("", said)
    else:
        said = f"{mine[0].assignment.label} lets its identity give {kubelet.name} to nodes"
        yield cluster.passes("", f"{said}: {mine[0].role.name}")


def _is_to(grant: Grant, identities: Sequence[Subject]) -> bool:
    principal = lookup(grant.assignment.body, PRINCIPAL.split("."))
    return any(own.is_value_of(principal, PRINCIPAL_OF_IDENTITY) for own in identities)


def _judge_issuer(credential: Subject) -> Iterator[Observation]:
    """Tokens of a cluster of the environment are taken, and no others."""
    issuer = credential.value(_ISSUER)
    clusters = credential.all(CLUSTER)
    issuing = next((c for c in clusters if c.is_value_of(issuer, _ISSUER_URL)), None)
    if issuing is not None and not issuing.is_own:
        said = f"it takes tokens of {issuing.label}, a cluster of others"
        yield credential.unknown(_ISSUER, f"{said}: who runs pods there cannot be told from here")
    elif issuing is not None:
        yield credential.passes(_ISSUER, f"it takes tokens of {issuing.label}")
    elif isinstance(issuer, Unknown):
        yield credential.fails(_ISSUER, f"{_ISSUER} is {issuer}, expected that of a cluster")
    elif any(not cluster.states(_ISSUER_URL) for cluster in clusters):
        why = "it is not known yet what the issuer of the clusters will be"
        yield credential.unknown(_ISSUER, f"{_ISSUER} is {show(issuer)}, and {why}")
    else:
        yield credential.fails(_ISSUER, f"{_ISSUER} is {show(issuer)}, that of no cluster here")


def _judge_token(credential: Subject) -> Iterator[Observation]:
    """One service account's tokens are taken, and only those made for Entra ID."""
    subject = credential.value(_SUBJECT)
    named = isinstance(subject, str) and _SERVICE_ACCOUNT.fullmatch(subject)
    if named and str(subject).endswith(_DEFAULT_ACCOUNT):
        said = f"{_SUBJECT} is {subject}, the account of every pod there that names none"
        yield credential.fails(_SUBJECT, said)
    elif named:
        yield credential.passes(_SUBJECT, f"{_SUBJECT} is {subject}")
    else:
        wanted = "system:serviceaccount:NAMESPACE:NAME"
        yield credential.fails(_SUBJECT, f"{_SUBJECT} is {show(subject)}, expected {wanted}")
    audience = _AUDIENCE.get(credential.cloud, _AUDIENCE["AzureCloud"])
    audiences = credential.texts(_AUDIENCES)
    said = f"{_AUDIENCES} is {show(audiences)}"
    if [name.lower() for name in audiences] == [audience.lower()]:
        yield credential.passes(_AUDIENCES, said)
    else:
        yield credential.fails(_AUDIENCES, f"{said}, expected [{audience}]")


def _judge_count(identity: Subject) -> Iterator[Observation]:
    """Entra ID takes twenty credentials of an identity, and refuses the next."""
    count = len(identity.children(FEDERATED_CREDENTIAL))
    if count > _MOST_CREDENTIALS:
        yield identity.fails(
            "", f"it has {count} credentials, expected {_MOST_CREDENTIALS} at most"
        )
    elif count:
        yield identity.passes("", f"it has {count} of {_MOST_CREDENTIALS} credentials")


def _judge_power(assignment: Subject) -> Iterator[Observation]:
    """No identity of the environment rules over a resource group, or over more, by whatever roles
    together.

    Whose an assignment is, its principal says: what it states as the type of it does not.
    """
    grant, principal = grant_of(assignment), assignment.value(PRINCIPAL)
    mine = [
        found
        for kind, paths in _SIGNS_IN.items()
        for found in assignment.all(kind)
        if any(found.is_value_of(principal, path) for path in paths)
    ]
    if not mine and str(assignment.value(PRINCIPAL_TYPE)).lower() in ("user", "group"):
        return
    if not grant.is_known:
        yield assignment.unknown(ROLE, f"{ROLE} is {show(assignment.value(ROLE))}: no known role")
        return
    if not is_wide(assignment):
        yield assignment.passes(ROLE, f"{grant.role.name} holds for one resource")
        return
    held = beside(access_of(assignment), grant)
    if not rules_over(held):
        yield assignment.passes(ROLE, f"{grant.role.name} is limited to what it names")
        return
    where = assignment.id.scope.name if assignment.id.scope else "the tenant"
    roles = " and ".join(dict.fromkeys((grant.role.name, *(other.role.name for other in held))))
    for identity in mine:
        yield assignment.fails(ROLE, f"{identity.label} is {roles} of all in {where}")


_SIGNS_IN = {IDENTITY: (PRINCIPAL_OF_IDENTITY,), CLUSTER: CLUSTER_PRINCIPALS}


CONTROLS = (
    Control(
        id="ENV-02",
        title="Clusters, nodes and workloads sign in without a secret, each as itself",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale="A secret can be copied and outlives whoever made it; a managed identity cannot.",
        modes=(),
        unmapped="Its parts are mapped.",
    ),
    Control(
        id="ENV-02.1",
        title="The cluster has a managed identity of its own",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A service principal has a password that expires and leaks. An identity that two "
            "clusters share lets one act in the place of the other."
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
            expect(CLUSTER, _TYPE, equals("UserAssigned")),
            expect(CLUSTER, _CLIENT, equals("msi")),
            rule(
                CLUSTER,
                _judge_own_identity,
                _GIVEN,
                _KUBELET_ID,
                others={FEDERATED_CREDENTIAL: ()},
            ),
        ),
        limits=(
            "What the identity may do is for ENV-02.5 and `azsec access`. Clusters that the "
            "environment does not know may share it."
        ),
        mappings=Mappings(
            policies=("da6e2401-19da-4532-9141-fb8fbde08431",),
            psrule=("Azure.AKS.ManagedIdentity",),
        ),
    ),
    Control(
        id="ENV-02.2",
        title="The nodes have an identity of their own",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Whoever is on a node can sign in as its identity. It pulls images and nothing else, "
            "and it is there before the cluster, so that its roles are too."
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
                _GIVEN,
                others={FEDERATED_CREDENTIAL: (), **ACCESS_READS},
            ),
        ),
        limits=(
            "What the identity may do is for WRK-01.4 and ENV-02.5. Clusters that the environment "
            "does not know may share it."
        ),
        mappings=Mappings(cis=("5.2.1",)),
    ),
    Control(
        id="ENV-02.3",
        title="Workloads sign in with the tokens of their service accounts",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale="A token that lives an hour takes the place of a secret that pods carry around.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                oidcIssuerProfile: {enabled: true}
                securityProfile: {workloadIdentity: {enabled: true}}
        """,
        rules=(
            expect(CLUSTER, "properties.oidcIssuerProfile.enabled", equals(True)),
            expect(CLUSTER, "properties.securityProfile.workloadIdentity.enabled", equals(True)),
            # Pod identity hands out tokens of identities by the labels of pods, beside all of this
            # ("Use Microsoft Entra pod-managed identities in AKS", deprecated in 2022).
            expect(CLUSTER, "properties.podIdentityProfile.enabled", differs(True)),
        ),
        limits=(
            "Whether workloads use it is not seen: secrets that pods carry stand in the cluster."
        ),
        mappings=Mappings(policies=("2cc2e023-0dac-4046-875b-178f683929d5",), cis=("5.2.1",)),
    ),
    Control(
        id="ENV-02.4",
        title="An identity takes the tokens of one service account of this cluster",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Whoever controls the issuer that a credential names can sign in as the identity. A "
            "cluster that is made anew has another issuer."
        ),
        remediation="""
            credential:
              type: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials
              parent: ${workloadIdentity.id}
              properties:
                issuer: ${cluster.properties.oidcIssuerProfile.issuerURL}
                subject: system:serviceaccount:app:app
                audiences: [api://AzureADTokenExchange]
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(FEDERATED_CREDENTIAL, _judge_issuer, _ISSUER, others={CLUSTER: (_ISSUER_URL,)}),
            rule(FEDERATED_CREDENTIAL, _judge_token, _SUBJECT, _AUDIENCES),
            rule(IDENTITY, _judge_count, others={FEDERATED_CREDENTIAL: ()}),
        ),
        evidence=(
            "the service accounts that the credentials name: `kubectl get serviceaccounts -A`"
        ),
        limits=("Who may use the service account that is named is decided in the cluster."),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="ENV-02.5",
        title="No identity of a cluster or workload rules over a resource group",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A pod that is broken into acts as its identity. It then changes what one role on one "
            "resource allows, and not all that stands around it."
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
                _judge_power,
                others={**ACCESS_READS, CLUSTER: CLUSTER_PRINCIPALS},
            ),
        ),
        limits=(
            "Memberships of groups are the directory's: what an identity has as a member is "
            "not seen. A role over one resource passes, however much stands in it."
        ),
        mappings=Mappings(psrule=("Azure.RBAC.LimitOwner", "Azure.RBAC.PIM")),
    ),
    Control(
        id="ENV-02.6",
        title="Pods do not reach the metadata service of their node",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Whoever asks 169.254.169.254 on a node gets a token of the node's identity: every pod "
            "could pull what the node pulls."
        ),
        remediation=(
            "Apply the policy that `azsec manifests` renders: egress of each namespace without "
            "169.254.169.254/32. Pods that need an identity have workload identity (ENV-02.3)."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "a request from a pod that gets no answer: `kubectl run probe -n NAMESPACE --rm -it "
            "--image=IMAGE -- curl -m 5 -H Metadata:true "
            "http://169.254.169.254/metadata/instance?api-version=2021-02-01`"
        ),
        unmapped="No framework has a check of it.",
    ),
)
