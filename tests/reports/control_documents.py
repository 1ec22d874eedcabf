"""The documents of controls that the reports are tested with."""

from provisioner.documents.census import UnknownControlsDocument
from provisioner.documents.controls import (
    AttestationDocument,
    CheckDocument,
    ComplianceDocument,
    ControlDocument,
    ControlsDocument,
    FindingDocument,
    MappingsDocument,
    RequirementDocument,
    ResultDocument,
    SecurityDeltaDocument,
    TurnDocument,
    UnansweredDocument,
    WaiverDocument,
)
from tests.reports.documents import AKS, CENSUS, ENVIRONMENT, UNREADABLE, resource_id

_CLUSTER = "Microsoft.ContainerService/managedClusters"
_VAULT = "Microsoft.KeyVault/vaults"


def control(name: str, title: str, **said) -> ControlDocument:
    return ControlDocument(
        **{
            "id": name,
            "title": title,
            "severity": "high",
            "emoji": "🔥",
            "chapter": name.partition("-")[0],
            "chapter_title": "Securing a cluster" if name[0] == "C" else "Securing workloads",
            "layer": "network",
            "item": "Master endpoint security",
            "rationale": "Whoever reaches it can try to sign in.",
            "remediation": "",
            "modes": ("A",),
            "mappings": MappingsDocument(),
            **said,
        }
    )


RUN_COMMAND = control(
    "CLU-01.4",
    "Run command (az aks command invoke) is disabled (disableRunCommand)",
    remediation=(
        f"cluster:\n  type: {_CLUSTER}\n  properties:\n"
        "    apiServerAccessProfile: {disableRunCommand: true}"
    ),
    reads=(f"{_CLUSTER} properties.apiServerAccessProfile.disableRunCommand",),
    limits="Who reaches the cluster by another way.",
    mappings=MappingsDocument(policies=("89f2d532-c53c-4f8f-9afa-4927b1114a0d",)),
)
LOCAL_ACCOUNTS = control(
    "CLU-01.5",
    "Local accounts are disabled (disableLocalAccounts)",
    severity="critical",
    emoji="💥",
    layer="identity",
    mappings=MappingsDocument(checkov=("CKV_AZURE_141",), psrule=("Azure.AKS.LocalAccounts",)),
)
BENCHMARK = control(
    "CLU-07",
    "The nodes pass the CIS benchmark",
    layer="audit",
    modes=("A", "K"),
    evidence="the report of kube-bench",
    mappings=MappingsDocument(cis=("3.1.1", "3.2.10")),
)
CLOSED_VAULT = control("WRK-05.1", "The vault is closed", layer="data", unmapped="It is ours.")
HASHICORP = control(
    "WRK-05.6",
    "HashiCorp Vault trusts this cluster alone",
    layer="data",
    modes=("M", "K"),
    evidence="who operates the vault says how it signs in",
)
EGRESS = control(
    "PRF-07",
    "Key vaults, registries and storage accounts are reachable through private endpoints only",
    chapter_title="Network proofs",
    unmapped="It is ours.",
)
GROUP = control("CLU-01", "The API server is closed", severity="critical", emoji="💥", modes=())


def finding(verdict: str, address: str | None, path: str, evidence: str, place: str | None):
    kind, name = (_VAULT, "kv-contoso") if address == "vault.vault" else (_CLUSTER, "aks-contoso")
    return FindingDocument(
        verdict=verdict,
        address=address,
        id=resource_id(AKS, f"{kind}/{name}"),
        type=kind,
        path=path,
        evidence=evidence,
        place=place,
    )


RUN_COMMAND_FAILS = finding(
    "fail",
    "aks.cluster",
    "properties.apiServerAccessProfile.disableRunCommand",
    "apiServerAccessProfile.disableRunCommand is false, expected true",
    "blueprints/modules/cluster.yaml:192:9",
)

WAIVER = WaiverDocument(
    control="WRK-05.1",
    scope="vault",
    reason="the old build agents push from outside until they have moved",
    owner="platform@contoso.example",
    expires="2027-03-31",
    place="environments/prod.yaml:40:5",
)

CHECK = CheckDocument(
    environment=ENVIRONMENT,
    state="desired",
    gate="high",
    census=CENSUS,
    summary={
        "total": 6, "pass": 1, "fail": 2, "partial": 1, "waived": 1, "unknown": 1,
        "not applicable": 0,
    },
    results=(
        ResultDocument(control=GROUP, verdict="fail", why="by its parts CLU-01.4", gate="controls"),
        ResultDocument(
            control=RUN_COMMAND, verdict="fail", gate="controls", findings=(RUN_COMMAND_FAILS,)
        ),
        ResultDocument(
            control=LOCAL_ACCOUNTS,
            verdict="pass",
            findings=(
                finding(
                    "pass", "aks.cluster", "properties.disableLocalAccounts",
                    "disableLocalAccounts is true", None,
                ),
            ),
        ),
        ResultDocument(
            control=BENCHMARK,
            verdict="partial",
            outstanding="the report of kube-bench",
            findings=(finding("pass", "aks.cluster", "", "the CIS initiative is assigned", None),),
        ),
        ResultDocument(
            control=CLOSED_VAULT,
            verdict="waived",
            findings=(
                finding(
                    "waived", "vault.vault", "properties.publicNetworkAccess",
                    "publicNetworkAccess is Enabled (default), expected Disabled",
                    "blueprints/modules/vault.yaml:31:7",
                ).model_copy(update={"waiver": WAIVER}),
            ),
        ),
        ResultDocument(
            control=EGRESS,
            verdict="fail",
            gate="proofs",
            findings=(
                finding(
                    "fail", "vault.vault", "", "vault.vault is reachable on its public address.",
                    "blueprints/modules/vault.yaml:12:3",
                ),
            ),
        ),
        ResultDocument(
            control=HASHICORP,
            verdict="unknown",
            why="evidence required: `vault read auth/jwt/config`",
            outstanding="who operates the vault says how it signs in",
        ),
    ),
    waivers=(
        WAIVER,
    ),
)  # fmt: skip

ATTESTED = CHECK.model_copy(
    update={
        "summary": {**dict.fromkeys(CHECK.summary, 0), "total": 1, "pass": 1},
        "results": (
            CHECK.results[-1].model_copy(
                update={
                    "verdict": "pass",
                    "attestation": AttestationDocument(
                        control="WRK-05.6",
                        by="auditor@contoso.example",
                        on="2026-11-02",
                        expires="2027-03-31",
                    ),
                }
            ),
        ),
        "waivers": (),
    }
)
UNREAD = CHECK.model_copy(
    update={
        "census": UNREADABLE.model_copy(
            update={
                "unknown": (
                    UnknownControlsDocument(
                        reason="could not be read", controls=("CLU-01.5", "WRK-05.6")
                    ),
                )
            }
        ),
        "state": "actual",
        "summary": {**CHECK.summary, "pass": 0, "unknown": 2},
        "results": tuple(
            result.model_copy(update={"verdict": "unknown", "why": "it could not be read"})
            if result.control.id == "CLU-01.5"
            else result
            for result in CHECK.results
        ),
    }
)

COMPLIANCE = ComplianceDocument(
    environment=ENVIRONMENT,
    state="actual",
    read_at="2026-11-30T08:40Z",
    framework="cis-aks-1.8",
    census=CENSUS,
    refused=("CLU-01.1",),
    title="CIS Azure Kubernetes Service Benchmark 1.8",
    summary={
        "total": 6,
        "pass": 1,
        "fail": 1,
        "partial": 1,
        "waived": 1,
        "unknown": 0,
        "not applicable": 1,
        "manual": 1,
    },
    requirements=(
        RequirementDocument(
            id="2.1.1", title="Audit logs", verdict="not applicable", controls=("MON-01",)
        ),
        RequirementDocument(
            id="3.2.10",
            title="The kubelet rotates",
            verdict="manual",
            controls=("CLU-02.7", "CLU-07"),
            unanswered=(
                UnansweredDocument(control="CLU-02.7", reason="need the cluster"),
                UnansweredDocument(control="CLU-07", reason="the report of kube-bench"),
            ),
        ),
        RequirementDocument(
            id="4.4.2",
            verdict="partial",
            controls=("CLU-05.4", "WRK-03.2"),
            seen=("CLU-05.4",),
            unanswered=(UnansweredDocument(control="WRK-03.2", reason="need the cluster"),),
        ),
        RequirementDocument(
            id="4.5.2", verdict="waived", controls=("WRK-05",), waived=("WRK-05",), seen=("WRK-05",)
        ),
        RequirementDocument(
            id="5.4.2", verdict="fail", controls=("CLU-01", "CLU-01.1"), failing=("CLU-01.1",)
        ),
        RequirementDocument(id="5.5.1", verdict="pass", controls=("CLU-03.2",)),
    ),
)

CONTROLS = ControlsDocument(
    controls=(GROUP, RUN_COMMAND, BENCHMARK, CLOSED_VAULT, HASHICORP), total=5
)
ONE_CONTROL = ControlsDocument(controls=(RUN_COMMAND,), total=5)

SECURITY = SecurityDeltaDocument(
    gate="high",
    failing=(
        TurnDocument(
            control="CLU-01.4",
            title=RUN_COMMAND.title,
            severity="high",
            emoji="🔥",
            address="aks.cluster",
            path="properties.apiServerAccessProfile.disableRunCommand",
            evidence="apiServerAccessProfile.disableRunCommand is false, expected true",
            remediation=RUN_COMMAND.remediation,
            gate="controls",
        ),
    ),
    passing=(
        TurnDocument(
            control="WRK-05.3",
            title="What is deleted can be had back",
            severity="high",
            emoji="🔥",
            address="vault.vault",
            path="properties.enablePurgeProtection",
            evidence="enablePurgeProtection is true",
            remediation="",
        ),
    ),
)
