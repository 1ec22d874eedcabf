"""CLU-08: certificates, keys and secrets that are replaced in time; images that are thrown away.

Facts: guidelines.md §1.2; AKS "Certificate rotation".
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.kinds import CLUSTER, KEY, REGISTRY
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import between, equals, is_set
from provisioner.model.values import lookup

_ITEM = "Maintenance of certificate and key rotation, cleanup of docker registry"
_PROVIDER = "properties.addonProfiles.azureKeyvaultSecretsProvider"
_ACTIONS = "properties.rotationPolicy.lifetimeActions"
_CLEANER = "properties.securityProfile.imageCleaner"


def _judge_rotation(key: Subject) -> Iterator[Observation]:
    """The vault itself rotates a key."""
    kinds = [str(lookup(entry, ("action", "type"))).lower() for entry in key.entries(_ACTIONS)]
    if "rotate" in kinds:
        yield key.passes(_ACTIONS, "the vault rotates it by itself")
    else:
        yield key.fails(_ACTIONS, "nothing rotates it: no action of its lifetime is rotate")


def _has_provider(cluster: Subject) -> bool:
    return cluster.value(f"{_PROVIDER}.enabled") is True


def _cleans(cluster: Subject) -> bool:
    return cluster.value(f"{_CLEANER}.enabled") is True


CONTROLS = (
    Control(
        id="CLU-08",
        title="Certificates, keys and images are replaced before they go bad",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="What never changes is stolen once and used for ever.",
        modes=(),
        unmapped="It is answered by its parts, which have their own.",
    ),
    Control(
        id="CLU-08.1",
        title="The certificates of the cluster rotate",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale=(
            "Kubelets get new certificates by themselves where RBAC is on. The authority behind "
            "them is replaced by a command, and a cluster whose authority expires is down."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {enableRBAC: true}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(expect(CLUSTER, "properties.enableRBAC", equals(True)),),
        evidence=(
            "the day on which the cluster's authority ends, more than 90 days away: `kubectl "
            "config view --raw` holds it, `openssl x509 -noout -enddate` reads it; `az aks "
            "rotate-certs` replaces it"
        ),
        mappings=Mappings(cis=("3.2.8", "3.2.9")),
    ),
    Control(
        id="CLU-08.2",
        title="The keys that sign service accounts' tokens are replaced when they have to be",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="Whoever has the key signs in to Azure as any workload.",
        remediation=(
            "After an incident, and once a year: POST `rotateServiceAccountSigningKeys` on the "
            "cluster (`az aks oidc-issuer rotate-signing-keys`), twice with a day between, so that "
            "tokens of the old key end."
        ),
        modes=(Mode.LOGS,),
        evidence=(
            "the last rotation in the activity log: `AzureActivity | where OperationNameValue "
            'endswith "ROTATESERVICEACCOUNTSIGNINGKEYS/ACTION"`'
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-08.3",
        title="Vaults rotate their keys, and the keys expire",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="A key that rotates by itself is rotated, and one that leaked ends some day.",
        remediation="""
            key:
              type: Microsoft.KeyVault/vaults/keys
              parent: ${vault.id}
              properties:
                rotationPolicy:
                  attributes: {expiryTime: P1Y}
                  lifetimeActions:
                    - {action: {type: rotate}, trigger: {timeAfterCreate: P90D}}
        """,
        rules=(
            rule(KEY, _judge_rotation, _ACTIONS),
            expect(KEY, "properties.rotationPolicy.attributes.expiryTime", is_set()),
        ),
        mappings=Mappings(
            policies=(
                "d8cf8476-a2ec-4916-896e-992351803c44",
                "152b15f7-8e1f-4c1f-ab71-8c010ba5dbc0",
                "98728c90-32c7-4049-8429-847dc0f4fe37",
            ),
            checkov=("CKV_AZURE_40", "CKV_AZURE_41", "CKV_AZURE_112"),
            psrule=("Azure.KeyVault.AutoRotationPolicy",),
        ),
    ),
    Control(
        id="CLU-08.4",
        title="Secrets that pods mount follow those in the vault",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="A secret that was replaced in the vault is else the old one until a restart.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  azureKeyvaultSecretsProvider: {config: {enableSecretRotation: "true"}}
        """,
        rules=(
            expect(
                CLUSTER,
                f"{_PROVIDER}.config.enableSecretRotation",
                equals("true"),
                when=_has_provider,
                reading=(f"{_PROVIDER}.enabled",),
            ),
        ),
        mappings=Mappings(checkov=("CKV_AZURE_172",), psrule=("Azure.AKS.SecretStoreRotation",)),
    ),
    Control(
        id="CLU-08.5",
        title="The registry throws away what has no tag",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="Old images have old flaws, and can still be pulled by their digest.",
        remediation="""
            registry:
              type: Microsoft.ContainerRegistry/registries
              properties:
                policies:
                  retentionPolicy: {status: enabled, days: 30}
        """,
        rules=(expect(REGISTRY, "properties.policies.retentionPolicy.status", equals("enabled")),),
        mappings=Mappings(checkov=("CKV_AZURE_167",), psrule=("Azure.ACR.Retention",)),
    ),
    Control(
        id="CLU-08.6",
        title="Nodes throw away images that nothing runs",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="An image with flaws that lies on a node is started without being pulled again.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                securityProfile:
                  imageCleaner: {enabled: true, intervalHours: 168}
        """,
        rules=(
            expect(CLUSTER, f"{_CLEANER}.enabled", equals(True)),
            expect(
                CLUSTER,
                f"{_CLEANER}.intervalHours",
                between(24, 2160),
                when=_cleans,
                reading=(f"{_CLEANER}.enabled",),
            ),
        ),
        mappings=Mappings(policies=("af3c26b2-6fad-493e-9236-9c68928516ab",)),
    ),
)
