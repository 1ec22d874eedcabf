"""CFG: configuration of workloads and resources: requests, limits, probes, namespaces, tags.

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
    is_watched,
    judge_demands,
)
from provisioner.controls.aks.namespace_rules import (
    HAS_LIMITS,
)
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
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
_TLS_INSPECTION = "properties.transportSecurity.certificateAuthority"
_MOST_CERTIFICATES = 10
_TAGS = ("tags.environment", "tags.env")
_TAGGED = (RESOURCE_GROUP, CLUSTER, NETWORK, FIREWALL, VAULT, REGISTRY, WORKSPACE)
_SAFEGUARDS_DEMAND = Demand(SAFEGUARDS_INITIATIVE, {"effect": one_of("Audit", "Deny")})


def _judge_practice(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the safeguards cover probes, budgets and spread: they warn at least."""
    if is_watched(cluster):
        yield cluster.passes("", "deployment safeguards evaluate them")
    else:
        yield judge_demands(cluster, (_SAFEGUARDS_DEMAND,))


def _judge_tags(resource: Subject) -> Iterator[Observation]:
    """Judge whether a tag of a resource names its environment."""
    path = next((path for path in _TAGS if resource.states(path)), None)
    if path is None:
        yield resource.fails("tags", f"it has no tag {' or '.join(t[5:] for t in _TAGS)}")
    else:
        yield resource.passes("tags", f"{path} is {resource.value(path)}")


def _tag_rules() -> tuple[Rule, ...]:
    return tuple(rule(kind, _judge_tags, *_TAGS) for kind in _TAGGED)


def _judge_trust(cluster: Subject) -> Iterator[Observation]:
    """Judge whether nodes behind TLS inspection trust a CA, and few CAs in all."""
    stated = cluster.value(_CERTIFICATES)
    if isinstance(stated, Unknown):
        yield cluster.unknown(_CERTIFICATES, f"{_CERTIFICATES} is {stated}")
        return
    trusted = stated if isinstance(stated, (list, tuple)) else ()
    # A firewall that inspects TLS signs with its own CA: nodes that do not trust it cannot pull
    # images.
    inspecting = [p for p in cluster.all(FIREWALL_POLICY) if not is_empty(p.value(_TLS_INSPECTION))]
    if len(trusted) > _MOST_CERTIFICATES:
        evidence = (
            f"{_CERTIFICATES} has {len(trusted)} entries, expected {_MOST_CERTIFICATES} at most"
        )
        yield cluster.fails(_CERTIFICATES, evidence)
    elif any(not _is_certificate(entry) for entry in trusted):
        yield cluster.fails(_CERTIFICATES, "an entry is not a base64-encoded PEM certificate")
    elif trusted:
        yield cluster.passes(_CERTIFICATES, f"{_CERTIFICATES} has {len(trusted)} entries")
    elif inspecting:
        evidence = f"{_CERTIFICATES} is not set, and {inspecting[0].label} performs TLS inspection"
        yield cluster.fails(_CERTIFICATES, evidence)


def _is_certificate(entry: object) -> bool:
    if isinstance(entry, Unknown):
        return True
    try:
        # Without `validate` Python skips characters outside of the alphabet, and nearly every
        # text decodes.
        text = base64.b64decode(str(entry), validate=True)
    except binascii.Error:
        return False
    return text.lstrip().startswith(b"-----BEGIN CERTIFICATE-----")


CONTROLS = (
    Control(
        id="CFG-01",
        title="Containers have CPU and memory requests and limits",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A container without limits can exhaust the CPU and memory of its node.",
        synonyms=terms("resource requests; resource limits; CPU; memory; OOM; noisy neighbour"),
        remediation=(
            "Set resources.requests and resources.limits for CPU and memory in each "
            "container, or set defaults with the LimitRange of `azsec manifests` "
            "(CLU-05.3). The mapped policies deny violations."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(HAS_LIMITS,),
        evidence=(
            "`kubectl get pods -A -o json` shows no container without resources.requests "
            "and resources.limits"
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
        title="Containers have a read-only root file system (readOnlyRootFilesystem)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "With a writable file system, an attacker can store and run tools in the container."
        ),
        synonyms=terms(
            "read-only root filesystem; readOnlyRootFilesystem; immutable container; "
            "securityContext"
        ),
        remediation=(
            "Set readOnlyRootFilesystem: true, and mount an emptyDir where the application "
            "writes. Assign the mapped policy with effect Audit first, then with Deny."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get pods -A -o json` shows no container without readOnlyRootFilesystem: true"
        ),
        mappings=Mappings(policies=("df49d893-a74c-421d-bc95-c663042e5b80",)),
    ),
    Control(
        id="CFG-03",
        title="Workloads have probes, PodDisruptionBudgets and topology spread",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Without spread and a PodDisruptionBudget, a node upgrade interrupts the workload."
        ),
        synonyms=terms(
            "liveness; readiness; PDB; probes; topologySpreadConstraints; anti-affinity; high "
            "availability"
        ),
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
            "`kubectl get deployments,poddisruptionbudgets -A -o json` shows no Deployment "
            "without probes, budget or spread"
        ),
        limits=("Individual workloads are visible only in the cluster."),
        mappings=Mappings(policies=(SAFEGUARDS_INITIATIVE.guid,)),
    ),
    Control(
        id="CFG-04",
        title="The default namespace is not used",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "The default namespace has neither a quota nor policies, and receives every object "
            "without a stated namespace."
        ),
        synonyms=terms("default namespace; namespace"),
        remediation=(
            "Deploy to the team's namespace. The mapped policy denies pods, services and "
            "service accounts in the default namespace."
        ),
        modes=(Mode.CLUSTER,),
        evidence=("`kubectl get all -n default` shows only the service kubernetes"),
        mappings=Mappings(cis=("4.6.3",), policies=("9f061a12-e40d-4183-a00e-171812443373",)),
    ),
    Control(
        id="CFG-05",
        title="Secrets are mounted as files, not set as environment variables",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale=(
            "Environment variables are inherited by child processes and appear in crash dumps "
            "and logs."
        ),
        synonyms=terms("environment variables; env; secretKeyRef; secrets; envFrom"),
        remediation=(
            "Mount secrets as a volume of the Secrets Store CSI driver (WRK-11), and "
            "remove secretKeyRef and secretRef from the container's environment."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get pods -A -o json` shows no container with secretKeyRef or secretRef"
        ),
        mappings=Mappings(cis=("4.5.1",)),
    ),
    Control(
        id="CFG-06",
        title="Unsafe sysctls, procMount and SELinux options are denied",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Kernel settings are shared by all pods of a node. An unmasked /proc exposes "
            "host information to the container."
        ),
        synonyms=terms("sysctl; procMount; SELinux; kernel parameters; unsafe sysctls"),
        remediation=(
            "Label namespaces pod-security.kubernetes.io/enforce: baseline or restricted. "
            "Both deny unsafe sysctls, procMount and custom SELinux options."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get pods -A -o json` shows no pod with unsafe sysctls, procMount or "
            "seLinuxOptions"
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
        title="Resources have an environment tag",
        severity=Severity.LOW,
        layer=Layer.AUDIT,
        item=_ITEM,
        rationale=(
            "Without tags, the owner and environment of a resource are unknown when it has to be "
            "changed or deleted."
        ),
        synonyms=terms("tags; tagging; cost centre; inventory; environment"),
        remediation="""
            cluster: {tags: {environment: prod}}
            vault: {tags: {environment: prod}}
        """,
        rules=_tag_rules(),
        limits=("The correctness of a tag's value is not checked."),
        unmapped="Tag names are specific to each company.",
    ),
    Control(
        id="CFG-08",
        title="Nodes trust the CA of the TLS-inspecting proxy (customCATrustCertificates)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Behind a TLS-inspecting proxy, nodes cannot pull images unless they trust its "
            "CA. Operators then disable certificate validation."
        ),
        synonyms=terms(
            "custom CA; TLS inspection; HTTPS proxy; httpProxyConfig; trusted root; certificate"
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
            rule(
                CLUSTER, _judge_trust, _CERTIFICATES, others={FIREWALL_POLICY: (_TLS_INSPECTION,)}
            ),
        ),
        limits=("The issuer of a certificate is not read: a certificate of a third party passes."),
        unmapped=NO_EQUIVALENT,
    ),
)
