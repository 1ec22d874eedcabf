"""CFG: what configuration of workloads and resources has to look like.

Facts: guidelines.md §1.5.
"""

import base64
import binascii
from collections.abc import Iterator

from provisioner.catalog.built_in_policies import SAFEGUARDS_INITIATIVE
from provisioner.controls.aks.admission import (
    POLICY_READS,
    SAFEGUARD_READS,
    Demand,
    ask_any,
    is_watched,
)
from provisioner.controls.aks.namespace_rules import (
    HAS_LIMITS,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import one_of
from provisioner.controls.resource_types import (
    CLUSTER,
    FIREWALL,
    FIREWALL_POLICY,
    NETWORK,
    REGISTRY,
    RESOURCE_GROUP,
    VAULT,
    WORKSPACE,
)
from provisioner.controls.rule import Rule, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown, is_empty

_ITEM = "Configuration best practices"
_CERTIFICATES = "properties.securityProfile.customCATrustCertificates"
_INSPECTION = "properties.transportSecurity.certificateAuthority"
_MOST_CERTIFICATES = 10
_TAGS = ("tags.environment", "tags.env")
_TAGGED = (RESOURCE_GROUP, CLUSTER, NETWORK, FIREWALL, VAULT, REGISTRY, WORKSPACE)
_WARNS = Demand(SAFEGUARDS_INITIATIVE, {"effect": one_of("Audit", "Deny")})


def _judge_practice(cluster: Subject) -> Iterator[Observation]:
    """The safeguards look at probes, budgets and spread: they warn at least."""
    if is_watched(cluster):
        yield cluster.passes("", "its deployment safeguards look at them")
    else:
        yield ask_any(cluster, (_WARNS,))


def _judge_tags(resource: Subject) -> Iterator[Observation]:
    """A resource says by a tag what environment it belongs to."""
    path = next((path for path in _TAGS if resource.states(path)), None)
    if path is None:
        yield resource.fails("tags", f"it has no tag {' or '.join(t[5:] for t in _TAGS)}")
    else:
        yield resource.passes("tags", f"{path} is {resource.value(path)}")


def _tag_rules() -> tuple[Rule, ...]:
    return tuple(rule(kind, _judge_tags, *_TAGS) for kind in _TAGGED)


def _judge_trust(cluster: Subject) -> Iterator[Observation]:
    """Nodes behind a firewall that reads TLS trust its authority; and few others."""
    stated = cluster.value(_CERTIFICATES)
    if isinstance(stated, Unknown):
        yield cluster.unknown(_CERTIFICATES, f"{_CERTIFICATES} is {stated}")
        return
    trusted = stated if isinstance(stated, (list, tuple)) else ()
    reading = [p for p in cluster.all(FIREWALL_POLICY) if not is_empty(p.value(_INSPECTION))]
    if len(trusted) > _MOST_CERTIFICATES:
        words = f"{len(trusted)} certificates are trusted, at most {_MOST_CERTIFICATES} may be"
        yield cluster.fails(_CERTIFICATES, words)
    elif any(not _is_certificate(entry) for entry in trusted):
        yield cluster.fails(_CERTIFICATES, "an entry is no certificate (PEM, in base64)")
    elif trusted:
        yield cluster.passes(_CERTIFICATES, f"{len(trusted)} authorities are trusted")
    elif reading:
        words = f"no authority is trusted, and {reading[0].label} signs what it has read"
        yield cluster.fails(_CERTIFICATES, words)


def _is_certificate(entry: object) -> bool:
    if isinstance(entry, Unknown):
        return True
    try:
        text = base64.b64decode(str(entry), validate=True)
    except binascii.Error:
        return False
    return text.lstrip().startswith(b"-----BEGIN CERTIFICATE-----")


CONTROLS = (
    Control(
        id="CFG-01",
        title="Containers say what they need, and have a limit",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A container without a limit takes what the others on its node need.",
        remediation=(
            "Set requests and limits of CPU and memory in each container, or defaults by the "
            "LimitRange of `azsec manifests` (CLU-05.3). The policies of the mappings refuse the "
            "rest."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(HAS_LIMITS,),
        evidence=(
            "an empty list of containers without resources.requests and resources.limits: `kubectl "
            "get pods -A -o json`"
        ),
        mappings=Mappings(
            policies=(
                "e345eecc-fa47-480f-9e88-67dcc122b164",
                "03a4ecdb-0684-4039-be91-2762979e1bc8",
            )
        ),
    ),
    Control(
        id="CFG-02",
        title="Containers do not write to their own image",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="What an intruder downloads needs a place to lie and to be run from.",
        remediation=(
            "Set readOnlyRootFilesystem: true, and mount an emptyDir where the program writes. "
            "Audit by the policy of the mappings first, then deny."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of containers without readOnlyRootFilesystem: `kubectl get pods -A -o "
            "json`"
        ),
        mappings=Mappings(policies=("df49d893-a74c-421d-bc95-c663042e5b80",)),
    ),
    Control(
        id="CFG-03",
        title="Workloads have probes, disruption budgets and spread over nodes",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A node that is patched takes a workload down that stands on it alone.",
        remediation="""
            guards:
              type: Microsoft.ContainerService/deploymentSafeguards
              name: default
              scope: ${cluster.id}
              properties: {level: Warn}
        """,
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(rule(CLUSTER, _judge_practice, others={**SAFEGUARD_READS, **POLICY_READS}),),
        evidence=(
            "an empty list of deployments without probes, a budget or spread over nodes: `kubectl "
            "get deployments,poddisruptionbudgets -A -o json`"
        ),
        limits=("Single workloads are the cluster's to show."),
        mappings=Mappings(policies=(SAFEGUARDS_INITIATIVE.guid,)),
    ),
    Control(
        id="CFG-04",
        title="Nothing runs in the default namespace",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="It has neither a quota nor a policy, and whoever forgets a name lands in it.",
        remediation=(
            "Deploy to the team's namespace. The policy of the mappings refuses pods, services and "
            "accounts in the default one."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty namespace but for the service kubernetes: `kubectl get all -n default`"
        ),
        mappings=Mappings(cis=("4.6.3",), policies=("9f061a12-e40d-4183-a00e-171812443373",)),
    ),
    Control(
        id="CFG-05",
        title="Secrets come as files, and not in the environment",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="A process hands its environment to its children, and to whoever prints it.",
        remediation=(
            "Mount secrets as a volume of the Secrets Store CSI driver (WRK-11), and take "
            "secretKeyRef out of `env`."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of containers with secretKeyRef or secretRef in their environment: "
            "`kubectl get pods -A -o json`"
        ),
        mappings=Mappings(cis=("4.5.1",)),
    ),
    Control(
        id="CFG-06",
        title="Pods leave the kernel's settings alone",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A setting of the kernel is shared by all pods of a node, and an unmasked /proc shows "
            "what is not a container's business."
        ),
        remediation=(
            "Label namespaces pod-security.kubernetes.io/enforce: baseline or restricted: both "
            "refuse unsafe sysctls, procMount and options of SELinux."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of pods with unsafe sysctls, procMount or seLinuxOptions: `kubectl get "
            "pods -A -o json`"
        ),
        mappings=Mappings(
            policies=(
                "56d0a13f-712f-466b-8416-56fb354fb823",
                "f85eb0dd-92ee-40e9-8a76-db25a507d6d3",
                "e1e6c427-07d9-46ab-9689-bfa85431e636",
            )
        ),
    ),
    Control(
        id="CFG-07",
        title="Resources say by a tag what environment they belong to",
        severity=Severity.LOW,
        layer=Layer.AUDIT,
        item=_ITEM,
        rationale="Whoever finds a resource has to know whose it is, before changing it.",
        remediation="""
            cluster: {tags: {environment: prod}}
            vault: {tags: {environment: prod}}
        """,
        rules=_tag_rules(),
        limits=("Whether a value is true is not known."),
        unmapped="Which tags a company uses is its own affair.",
    ),
    Control(
        id="CFG-08",
        title="Nodes trust the authority of a proxy that reads TLS, and few others",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Behind such a proxy images cannot be pulled unless nodes trust it, and people then "
            "switch the check of certificates off."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                securityProfile:
                  # The authority's certificate as PEM, in base64.
                  customCATrustCertificates: [LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI=]
        """,
        rules=(
            rule(CLUSTER, _judge_trust, _CERTIFICATES, others={FIREWALL_POLICY: (_INSPECTION,)}),
        ),
        limits=("Whose authority a certificate is of is not read: one of a stranger passes."),
        unmapped="No framework has a check of it.",
    ),
)
