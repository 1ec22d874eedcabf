"""ENV-02: what clusters, nodes and workloads sign in as, and how little that may do.

Facts: guidelines.md §1.4 and §2.5; the documentation "Workload identity federation" and "Use a
managed identity in AKS".
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.effective_access import ACCESS_READS, grant_of, rules_over
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
    grants_to,
    is_wide,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals, show
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown

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
_OPERATOR = "Managed Identity Operator"


def _identities_of(cluster: Subject) -> tuple[ResourceId, ...]:
    """Return the ids of the user-assigned identities of a cluster."""
    given = cluster.value(_GIVEN)
    ids = (parse_resource_id(name) for name in given) if isinstance(given, Mapping) else ()
    return tuple(found for found in ids if found is not None)


def _judge_own_identity(cluster: Subject) -> Iterator[Observation]:
    """A cluster has one identity, and no other cluster has the same."""
    own = _identities_of(cluster)
    if len(own) != 1:
        yield cluster.fails(_GIVEN, f"it has {len(own)} user-assigned identities, expected one")
        return
    for other in cluster.all(CLUSTER):
        if other.id != cluster.id and own[0] in _identities_of(other):
            yield cluster.fails(_GIVEN, f"{own[0].name} is the identity of {other.label}, too")
            return
    yield cluster.passes(_GIVEN, f"{own[0].name} is its identity alone")


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
    for grant in grants_to(target, _OPERATOR):
        principal = grant.value(PRINCIPAL)
        if any(own.is_value_of(principal, PRINCIPAL_OF_IDENTITY) for own in principals):
            yield cluster.passes("", f"{grant.label} makes it {_OPERATOR} of {kubelet.name}")
            return
    yield cluster.fails("", f"its identity is not {_OPERATOR} of {kubelet.name}")


def _judge_issuer(credential: Subject) -> Iterator[Observation]:
    """Tokens of a cluster of the environment are taken, and no others."""
    issuer = credential.value(_ISSUER)
    clusters = credential.all(CLUSTER)
    issuing = next((c for c in clusters if c.is_value_of(issuer, _ISSUER_URL)), None)
    if issuing is not None:
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
    if isinstance(subject, str) and _SERVICE_ACCOUNT.fullmatch(subject):
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
    """No identity of the environment rules over a resource group, or over more, by whatever role.

    Whose an assignment is, its principal says: what it states as the type of it does not.
    """
    grant, principal = grant_of(assignment), assignment.value(PRINCIPAL)
    identities = assignment.all(IDENTITY)
    mine = [i for i in identities if i.is_value_of(principal, PRINCIPAL_OF_IDENTITY)]
    if not mine and str(assignment.value(PRINCIPAL_TYPE)).lower() in ("user", "group"):
        return
    if not grant.is_known:
        yield assignment.unknown(ROLE, f"{ROLE} is {show(assignment.value(ROLE))}: no known role")
    elif not is_wide(assignment):
        yield assignment.passes(ROLE, f"{grant.role.name} holds for one resource")
    elif not rules_over(grant):
        yield assignment.passes(ROLE, f"{grant.role.name} is limited to what it names")
    for identity in mine if grant.is_known and is_wide(assignment) and rules_over(grant) else ():
        where = assignment.id.scope.name if assignment.id.scope else "the tenant"
        yield assignment.fails(ROLE, f"{identity.label} is {grant.role.name} of all in {where}")


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
            rule(CLUSTER, _judge_own_identity, _GIVEN),
        ),
        limits=("What the identity may do is for ENV-02.5 and `azsec access`."),
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
                others={IDENTITY: (PRINCIPAL_OF_IDENTITY,), ROLE_ASSIGNMENT: (ROLE, PRINCIPAL)},
            ),
        ),
        limits=("What the identity may do is for WRK-01.4 and ENV-02.5."),
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
                others=ACCESS_READS,
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
