"""CLU-08: certificates, keys and secrets that are replaced in time; images that are thrown away.

Facts: guidelines.md §1.2; AKS "Certificate rotation", "Azure Key Vault provider for Secrets Store
CSI Driver" (the poll interval is a Go duration, 2m by default); Key Vault "Configure cryptographic
key auto-rotation" (durations are ISO 8601).
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.key_rotation import (
    ACTIONS,
    DAY,
    EXPIRY_TIME,
    LONGEST_LIFE,
    ROTATION_READS,
    rotates,
    rotation_age,
)
from provisioner.controls.predicates import Wanted, between, equals, show
from provisioner.controls.resource_types import CLUSTER, KEY, REGISTRY
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.durations import parse_go_duration, parse_iso_duration
from provisioner.model.values import Unknown

_ITEM = "Maintenance of certificate and key rotation, cleanup of docker registry"
_PROVIDER = "properties.addonProfiles.azureKeyvaultSecretsProvider"
_CLEANER = "properties.securityProfile.imageCleaner"
_POLLING = f"{_PROVIDER}.config.rotationPollInterval"
_LONGEST_POLL = DAY


def _judge_rotation(key: Subject) -> Iterator[Observation]:
    """The vault itself rotates a key, before the versions of it expire."""
    age = rotation_age(key)
    if not rotates(key):
        yield key.fails(ACTIONS, "nothing rotates it: no action of its lifetime is rotate")
    elif age is None:
        yield key.fails(ACTIONS, "nothing rotates it: the trigger names no time of its life")
    elif age > LONGEST_LIFE:
        yield key.fails(ACTIONS, f"it is rotated after {age // DAY} days, {_MOST_LIFE}")
    else:
        yield key.passes(ACTIONS, f"the vault rotates it after {age // DAY} days")


_MOST_LIFE = "expected two years at most"


def _judge_expiry(key: Subject) -> Iterator[Observation]:
    """Each version of a key ends, in a time that somebody will see."""
    stated = key.value(EXPIRY_TIME)
    life = parse_iso_duration(stated)
    if isinstance(stated, Unknown):
        yield key.unknown(EXPIRY_TIME, f"rotationPolicy.attributes.expiryTime is {stated}")
    elif life is None:
        said = f"rotationPolicy.attributes.expiryTime is {show(stated)}"
        yield key.fails(EXPIRY_TIME, f"{said}, expected a duration such as P1Y")
    elif life > LONGEST_LIFE:
        yield key.fails(EXPIRY_TIME, f"a version of it expires after {show(stated)}, {_MOST_LIFE}")
    else:
        yield key.passes(EXPIRY_TIME, f"a version of it expires after {show(stated)}")


_POLLS = Wanted(
    lambda found: (
        (seconds := parse_go_duration(found)) is not None and 0 < seconds <= _LONGEST_POLL
    ),
    "a duration of a day at most, such as 2m",
)


def _has_provider(cluster: Subject) -> bool:
    return cluster.value(f"{_PROVIDER}.enabled") is True


def _polls(cluster: Subject) -> bool:
    """Tell whether an interval is set: the service has one of two minutes otherwise."""
    return _has_provider(cluster) and cluster.states(_POLLING)


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
        limits=("When the authority ends is the cluster's to say."),
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
            rule(KEY, _judge_rotation, *ROTATION_READS),
            rule(KEY, _judge_expiry, EXPIRY_TIME),
        ),
        limits=(
            "Secrets and certificates of a vault are of its data plane, and are not read. A "
            "key that a policy of Azure's rotates by hand is not seen."
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
            expect(
                CLUSTER,
                _POLLING,
                _POLLS,
                when=_polls,
                reading=(f"{_PROVIDER}.enabled",),
            ),
        ),
        limits=("Pods that read a secret once, at their start, keep the old one."),
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
        limits=("Tagged images stay: which of them are old is not known."),
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
        limits=("Images that run are never removed."),
        mappings=Mappings(policies=("af3c26b2-6fad-493e-9236-9c68928516ab",)),
    ),
)
