"""CLU-08: rotation of certificates, keys and secrets, and removal of unused images.

Facts: guidelines.md §1.2; AKS "Certificate rotation", "Azure Key Vault provider for Secrets Store
CSI Driver" (the poll interval is a Go duration, 2m by default); Key Vault "Configure cryptographic
key auto-rotation" (durations are ISO 8601).
"""

from collections.abc import Iterator

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
from provisioner.controls.key_rotation import (
    ACTIONS,
    DAY,
    EXPIRY_TIME,
    LONGEST_LIFE,
    ROTATION_READS,
    rotates,
    rotation_age,
)
from provisioner.controls.predicates import Predicate, between, equals, show
from provisioner.controls.resource_types import CLUSTER, KEY, REGISTRY
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.durations import parse_go_duration, parse_iso_duration
from provisioner.model.values import Unknown

_ITEM = "Maintenance of certificate and key rotation, cleanup of docker registry"
_SECRETS_PROVIDER = "properties.addonProfiles.azureKeyvaultSecretsProvider"
_IMAGE_CLEANER = "properties.securityProfile.imageCleaner"
_POLLING = f"{_SECRETS_PROVIDER}.config.rotationPollInterval"
_LONGEST_POLL_SECONDS = DAY


def _judge_rotation(key: Subject) -> Iterator[Observation]:
    """Judge whether the vault rotates a key before its versions expire."""
    age = rotation_age(key)
    if not rotates(key):
        yield key.fails(ACTIONS, "rotationPolicy has no lifetime action of type rotate")
    # A rotate action takes its time from timeAfterCreate, or from timeBeforeExpiry and the life
    # of a version.
    elif age is None:
        yield key.fails(
            ACTIONS,
            ("rotationPolicy has a rotate action without timeAfterCreate or timeBeforeExpiry"),
        )
    elif age > LONGEST_LIFE:
        yield key.fails(ACTIONS, f"it is rotated after {age // DAY} days, {_EXPECTED_LIFE}")
    else:
        yield key.passes(ACTIONS, f"it is rotated after {age // DAY} days")


_EXPECTED_LIFE = "expected two years at most"


def _judge_expiry(key: Subject) -> Iterator[Observation]:
    """Judge whether each version of a key expires, within LONGEST_LIFE."""
    stated = key.value(EXPIRY_TIME)
    # A version without an end stays usable after it has been replaced, and after it has leaked.
    life = parse_iso_duration(stated)
    if isinstance(stated, Unknown):
        yield key.unknown(EXPIRY_TIME, f"rotationPolicy.attributes.expiryTime is {stated}")
    elif life is None:
        evidence = f"rotationPolicy.attributes.expiryTime is {show(stated)}"
        yield key.fails(EXPIRY_TIME, f"{evidence}, expected a duration such as P1Y")
    elif life > LONGEST_LIFE:
        yield key.fails(EXPIRY_TIME, f"a version expires after {show(stated)}, {_EXPECTED_LIFE}")
    else:
        yield key.passes(EXPIRY_TIME, f"a version expires after {show(stated)}")


_SHORT_POLL = Predicate(
    lambda found: (
        # Add-on `config` values are strings (guidelines.md §3.6), and this one is parsed by Go.
        (seconds := parse_go_duration(found)) is not None and 0 < seconds <= _LONGEST_POLL_SECONDS
    ),
    "a duration of one day at most, such as 2m",
)


def _has_secrets_provider(cluster: Subject) -> bool:
    return cluster.value(f"{_SECRETS_PROVIDER}.enabled") is True


def _states_poll_interval(cluster: Subject) -> bool:
    """Return whether an interval is set: the service has one of two minutes otherwise."""
    return _has_secrets_provider(cluster) and cluster.states(_POLLING)


def _has_image_cleaner(cluster: Subject) -> bool:
    return cluster.value(f"{_IMAGE_CLEANER}.enabled") is True


CONTROLS = (
    Control(
        id="CLU-08",
        title="Certificates, keys and images are rotated and cleaned up",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="A leaked credential that is never rotated stays usable.",
        synonyms=terms("rotation; cleanup; certificate expiry; key rotation"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-08.1",
        title="Cluster certificates are rotated",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale=(
            "AKS rotates kubelet client certificates automatically where RBAC is enabled. "
            "The cluster CA is rotated by command; an expired CA makes the cluster "
            "unavailable."
        ),
        synonyms=terms(
            "CA; certificate rotation; certificate authority; az aks rotate-certs; kubelet client "
            "certificate; expiry"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {enableRBAC: true}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(expect(CLUSTER, "properties.enableRBAC", equals(True)),),
        evidence=(
            "the cluster CA expires in more than 90 days: `kubectl config view --raw` "
            "contains it, `openssl x509 -noout -enddate` prints the date; `az aks "
            "rotate-certs` rotates it"
        ),
        limits=("The expiry date of the CA is visible only in the cluster."),
        mappings=Mappings(cis=("3.2.8", "3.2.9")),
    ),
    Control(
        id="CLU-08.2",
        title="Service account signing keys are rotated (rotateServiceAccountSigningKeys)",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="An attacker with the signing key can issue tokens for any workload identity.",
        synonyms=terms("OIDC issuer; signing key; service account key; JWKS; token signing"),
        remediation=(
            "After an incident, and once a year, POST `rotateServiceAccountSigningKeys` on "
            "the cluster (`az aks oidc-issuer rotate-signing-keys`). Run it twice with a "
            "day in between, so that tokens signed with the old key expire."
        ),
        modes=(Mode.LOGS,),
        evidence=(
            "last rotation in the activity log: `AzureActivity | where OperationNameValue "
            'endswith "ROTATESERVICEACCOUNTSIGNINGKEYS/ACTION"`'
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-08.3",
        title="Key Vault keys have a rotation policy and an expiry time (rotationPolicy)",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="Automatic rotation limits how long a leaked key can be used.",
        synonyms=terms(
            "key rotation; CMK; customer-managed key; expiry; rotation policy; Key Vault keys"
        ),
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
            "Secrets and certificates are data plane objects of the vault and are not "
            "read. Rotation outside the key's rotationPolicy is not visible."
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
        title=(
            "Secret rotation is enabled for the Key Vault secrets provider (enableSecretRotation)"
        ),
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="Without rotation, mounted secrets keep their old value until the pod restarts.",
        synonyms=terms(
            "secret rotation; CSI driver; rotationPollInterval; enableSecretRotation; autorotation"
        ),
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
                f"{_SECRETS_PROVIDER}.config.enableSecretRotation",
                equals("true"),
                when=_has_secrets_provider,
                reading=(f"{_SECRETS_PROVIDER}.enabled",),
            ),
            expect(
                CLUSTER,
                _POLLING,
                _SHORT_POLL,
                when=_states_poll_interval,
                reading=(f"{_SECRETS_PROVIDER}.enabled",),
            ),
        ),
        limits=("Pods that read a secret only at start-up keep the old value."),
        mappings=Mappings(checkov=("CKV_AZURE_172",), psrule=("Azure.AKS.SecretStoreRotation",)),
    ),
    Control(
        id="CLU-08.5",
        title="The registry removes untagged manifests (retentionPolicy)",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale="Old images contain known vulnerabilities and can still be pulled by digest.",
        synonyms=terms("ACR retention; untagged images; purge; registry cleanup; acr purge"),
        remediation="""
            registry:
              type: Microsoft.ContainerRegistry/registries
              properties:
                policies:
                  retentionPolicy: {status: enabled, days: 30}
        """,
        rules=(expect(REGISTRY, "properties.policies.retentionPolicy.status", equals("enabled")),),
        limits=("Tagged images are kept; their age is unknown."),
        mappings=Mappings(checkov=("CKV_AZURE_167",), psrule=("Azure.ACR.Retention",)),
    ),
    Control(
        id="CLU-08.6",
        title="Image Cleaner is enabled (securityProfile.imageCleaner)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A vulnerable image cached on a node can be started without a pull from the registry."
        ),
        synonyms=terms("Image Cleaner; Eraser; unused images; stale images"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                securityProfile:
                  imageCleaner: {enabled: true, intervalHours: 168}
        """,
        rules=(
            expect(CLUSTER, f"{_IMAGE_CLEANER}.enabled", equals(True)),
            expect(
                CLUSTER,
                f"{_IMAGE_CLEANER}.intervalHours",
                between(24, 2160),
                when=_has_image_cleaner,
                reading=(f"{_IMAGE_CLEANER}.enabled",),
            ),
        ),
        limits=("Images of running containers are not removed."),
        mappings=Mappings(policies=("af3c26b2-6fad-493e-9236-9c68928516ab",)),
    ),
)
