"""ENV-02.3 and ENV-02.4: workload identity with federated credentials for service accounts.

Facts: guidelines.md §1.4; the documentation "Workload identity federation".
"""

import re
from collections.abc import Iterator

from provisioner.controls.chapters.environments.identities import ITEM
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import differs, equals, show
from provisioner.controls.resource_types import CLUSTER, FEDERATED_CREDENTIAL, IDENTITY
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown

_ISSUER_URL = "properties.oidcIssuerProfile.issuerURL"
_ISSUER = "properties.issuer"
_SUBJECT = "properties.subject"
_AUDIENCES = "properties.audiences"

_SERVICE_ACCOUNT_SUBJECT = re.compile(r"system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+")
_AUDIENCE = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
_MOST_CREDENTIALS = 20
_DEFAULT_ACCOUNT = ":default"
"""The service account of every pod that names none (Kubernetes, "Service accounts")."""


def _judge_issuer(credential: Subject) -> Iterator[Observation]:
    """Judge whether a federated credential trusts a cluster of the environment as its issuer."""
    issuer = credential.value(_ISSUER)
    clusters = credential.all(CLUSTER)
    # Entra ID accepts any token that the issuer signs with this subject: a credential that kept
    # the issuer of a former cluster trusts that one.
    issuer_cluster = next((c for c in clusters if c.is_value_of(issuer, _ISSUER_URL)), None)
    if issuer_cluster is not None and not issuer_cluster.is_own:
        evidence = f"it trusts tokens of {issuer_cluster.label}, a cluster outside the environment"
        yield credential.unknown(_ISSUER, f"{evidence}: its workloads are unknown")
    elif issuer_cluster is not None:
        yield credential.passes(_ISSUER, f"it trusts tokens of {issuer_cluster.label}")
    elif isinstance(issuer, Unknown):
        yield credential.fails(
            _ISSUER, (f"{_ISSUER} is {issuer}, expected the OIDC issuer URL of a cluster")
        )
    # AKS assigns the URL when it creates the cluster: a literal in the blueprint can be compared
    # only then.
    elif any(not cluster.states(_ISSUER_URL) for cluster in clusters):
        why = "the OIDC issuer URL of the clusters is known after apply"
        yield credential.unknown(_ISSUER, f"{_ISSUER} is {show(issuer)}, and {why}")
    else:
        yield credential.fails(
            _ISSUER,
            (
                f"{_ISSUER} is {show(issuer)}, which is not the issuer of a cluster in the "
                "environment"
            ),
        )


def _judge_token(credential: Subject) -> Iterator[Observation]:
    """Judge whether a credential trusts one service account, and only tokens for Entra ID."""
    subject = credential.value(_SUBJECT)
    is_service_account = isinstance(subject, str) and _SERVICE_ACCOUNT_SUBJECT.fullmatch(subject)
    if is_service_account and str(subject).endswith(_DEFAULT_ACCOUNT):
        evidence = (
            f"{_SUBJECT} is {subject}, the default service account of every pod in its namespace"
        )
        yield credential.fails(_SUBJECT, evidence)
    elif is_service_account:
        yield credential.passes(_SUBJECT, f"{_SUBJECT} is {subject}")
    else:
        expected = "system:serviceaccount:NAMESPACE:NAME"
        yield credential.fails(_SUBJECT, f"{_SUBJECT} is {show(subject)}, expected {expected}")
    audience = _AUDIENCE.get(credential.cloud, _AUDIENCE["AzureCloud"])
    audiences = credential.texts(_AUDIENCES)
    evidence = f"{_AUDIENCES} is {show(audiences)}"
    # Exactly one audience: every other one is a token that was made for somebody else.
    if [name.lower() for name in audiences] == [audience.lower()]:
        yield credential.passes(_AUDIENCES, evidence)
    else:
        yield credential.fails(_AUDIENCES, f"{evidence}, expected [{audience}]")


def _judge_count(identity: Subject) -> Iterator[Observation]:
    """Judge whether an identity has at most twenty credentials: Entra ID refuses the next."""
    count = len(identity.children(FEDERATED_CREDENTIAL))
    if count > _MOST_CREDENTIALS:
        yield identity.fails(
            "",
            (
                f"it has {count} federated identity credentials, expected {_MOST_CREDENTIALS} "
                "at most"
            ),
        )
    elif count:
        yield identity.passes(
            "", (f"it has {count} of {_MOST_CREDENTIALS} federated identity credentials")
        )


CONTROLS = (
    Control(
        id="ENV-02.3",
        title=(
            "Workload identity and the OIDC issuer are enabled (securityProfile.workloadIdentity)"
        ),
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Workload identity replaces long-lived secrets in pods with tokens that expire "
            "within an hour."
        ),
        synonyms=terms(
            "workload identity; federated identity; OIDC issuer; oidcIssuerProfile; IRSA; pod "
            "identity; projected token"
        ),
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
            "Whether workloads use it is not visible: secrets in pods are visible only in "
            "the cluster."
        ),
        mappings=Mappings(policies=("2cc2e023-0dac-4046-875b-178f683929d5",), cis=("5.2.1",)),
    ),
    Control(
        id="ENV-02.4",
        title="Federated identity credentials trust one service account of this cluster",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "An attacker who controls the issuer of a federated identity credential can "
            "authenticate as the managed identity. A recreated cluster has a new issuer "
            "URL."
        ),
        synonyms=terms(
            "federated identity credential; FIC; OIDC; subject; audience; issuer; service account"
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
            "`kubectl get serviceaccounts -A` shows the service accounts that the "
            "federated identity credentials name"
        ),
        limits=("Who can use the service account is decided by RBAC in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
)
