"""Admission rules that keep tokens of the API server out of pods, however a pod would get one.

Facts: the pages "Configure Service Accounts for Pods", "Projected Volumes" and "Certificates and
Certificate Signing Requests" of the Kubernetes documentation; the audiences of Entra from the page
"Workload identity overview" of AKS and guidelines.md ENV-02.4. `pod_rules` calls it.
"""

from collections.abc import Iterator

from provisioner.manifests.admission_policies import POD, Part, Rule
from provisioner.manifests.cluster_facts import ClusterFacts

TOKEN_VOLUME = "kube-api-access-"
"""The prefix of the names of the volumes that the API server adds for an account's token."""

ENTRA_AUDIENCES = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""The audience of tokens that sign in to Entra, which its webhook adds to every pod with its
label."""

_MESH_AUDIENCE = "istio-ca"
"""The audience of the token with which a sidecar of the Istio add-on gets its certificate."""

CLUSTER_SIGNERS = "kubernetes.io/"
"""The prefix of the signers whose certificates the API server trusts: a projected certificate of
kubernetes.io/kube-apiserver-client-pod signs in to it."""


def token_rules(facts: ClusterFacts, audiences: tuple[str, ...]) -> Iterator[Rule]:
    """Yield the rules of namespaces whose pods need no access to the API server.

    `audiences` are the additional audiences that the environment allows for projected tokens,
    besides those of Entra and of the service mesh.
    """
    account = f"{POD}.spec.serviceAccountName"
    yield Rule(
        f"has({account}) && {account} != 'default'",
        "serviceAccountName has to name an account other than default",
        ("spec", "serviceAccountName"),
    )
    # The API server mounts a token because of the pod's setting or of its service account's.
    mounts = f"{POD}.spec.automountServiceAccountToken"
    yield Rule(
        f"(!has({mounts}) || {mounts} == false) && (!has({POD}.spec.volumes) || "
        f"{POD}.spec.volumes.all(v, !v.name.startsWith('{TOKEN_VOLUME}')))",
        "no token may be mounted: set automountServiceAccountToken to false, of the "
        "account or of the pod",
        ("spec", "automountServiceAccountToken"),
    )
    known = [ENTRA_AUDIENCES.get(facts.cloud, ENTRA_AUDIENCES["AzureCloud"])]
    known += [_MESH_AUDIENCE] if facts.has_istio else []
    known += audiences
    token = "s.serviceAccountToken"
    conditions = " || ".join(f"{token}.audience == '{audience}'" for audience in known)
    yield Rule(
        f"v.name.startsWith('{TOKEN_VOLUME}') || !has(v.projected) || "
        f"!has(v.projected.sources) || v.projected.sources.all(s, !has({token}) || "
        f"(has({token}.audience) && ({conditions})))",
        # A token without an audience is for the API server.
        f"a projected token has to be for {' or '.join(known)}",
        ("projected", "sources"),
        Part.VOLUME,
    )
    yield Rule(
        "!has(v.projected) || !has(v.projected.sources) || v.projected.sources.all(s, "
        "!has(s.podCertificate) || (has(s.podCertificate.signerName) && "
        f"!s.podCertificate.signerName.startsWith('{CLUSTER_SIGNERS}')))",
        "a projected certificate must not be one of the cluster's own signers",
        ("projected", "sources"),
        Part.VOLUME,
    )
