"""WRK-06 and WRK-12: KMS encryption of Kubernetes Secrets in etcd, and its key.

Facts: guidelines.md §0.8, §0.9, §1.3 and §2.5.
"""

from collections.abc import Iterator, Mapping

from provisioner.access.grants import Grant
from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.effective_access import ACCESS_READS, access_of, is_of
from provisioner.controls.key_rotation import (
    DAY,
    EXPIRY_TIME,
    LONGEST_LIFE,
    ROTATION_READS,
    rotation_age,
)
from provisioner.controls.predicates import Predicate, equals, show
from provisioner.controls.resource_types import CLUSTER, KEY, VAULT
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown, lookup

_SECURITY = "properties.securityProfile"
_ENCRYPTION = f"{_SECURITY}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption"
_KMS = f"{_SECURITY}.azureKeyVaultKms"
_KMS_ENABLED = f"{_KMS}.enabled"
_KEY_ID = f"{_KMS}.keyId"
_VAULT_ID = f"{_KMS}.keyVaultResourceId"
_IDENTITIES = "identity.userAssignedIdentities"
_PURGE = "properties.enablePurgeProtection"
_ENABLED = "properties.attributes.enabled"
_EXPIRY = "properties.attributes.exp"
_OPERATIONS = "properties.keyOps"
_PRINCIPAL = "properties.principalId"
_USES_RBAC = "properties.enableRbacAuthorization"
_POLICIES = "properties.accessPolicies"
_KEY_OPERATIONS = {"encrypt", "decrypt"}
_KEY_ACTIONS = tuple(f"{KEY}/{operation}/action" for operation in sorted(_KEY_OPERATIONS))
"""What KMS does with a key (AKS page use-kms-etcd-encryption, "Create a key vault and key")."""


def _is_versionless(value: object) -> bool:
    return isinstance(value, str) and len(_key_path(value)) == 2


_VERSIONLESS = Predicate(
    _is_versionless, ("a key identifier without a version, so that AKS follows key rotation")
)


def _key_path(key: str) -> list[str]:
    """Return the parts of a key's address: `keys`, its name, and its version if it says one."""
    return [part for part in key.partition("//")[2].split("/")[1:] if part]


def _judge_encryption(cluster: Subject) -> Iterator[Observation]:
    """Judge whether etcd is encrypted by KMS, of the new generation or the one before it."""
    encrypts = cluster.value(_ENCRYPTION) == "Enabled"
    has_key = cluster.value(_KMS_ENABLED) is True
    # Two generations of KMS: the new one encrypts with a platform-managed key and takes a
    # customer-managed one in addition; the legacy one is azureKeyVaultKms alone (guidelines.md
    # §0.8). Azure's built-in policy reads the latter only (§0.9).
    if encrypts or not has_key:
        yield look(cluster, _ENCRYPTION, equals("Enabled"))
    else:
        yield cluster.passes(
            _KMS_ENABLED, f"{_KMS_ENABLED} is true: KMS with the legacy azureKeyVaultKms profile"
        )
    if has_key:
        yield from _judge_key(cluster, encrypts)


def _judge_key(cluster: Subject, encrypts: bool) -> Iterator[Observation]:
    """Judge whether a customer-managed key is usable, permanent and rotated before it expires."""
    if encrypts:
        # The new generation follows rotation within six hours by a key id without a version; the
        # legacy one needs a version.
        yield look(cluster, _KEY_ID, _VERSIONLESS)
    vault = cluster.at(cluster.value(_VAULT_ID))
    if vault is None:
        named = show(cluster.value(_VAULT_ID))
        yield cluster.unknown(_VAULT_ID, f"{_VAULT_ID} is {named}, which is not in the environment")
        return
    stated = cluster.value(_KEY_ID)
    if not isinstance(stated, str):
        return  # Either generation needs one: the rule above says so, or Azure refuses the cluster.
    host = stated.partition("//")[2].partition("/")[0]
    name = (*_key_path(stated), "", "")[1]
    # The body states the vault twice, as host and as resource id: permissions are judged on the
    # second, and AKS uses the first.
    if host.partition(".")[0].lower() != vault.name.lower():
        yield cluster.fails(_KEY_ID, f"keyId is in {host}, but keyVaultResourceId is {vault.label}")
        return
    # Without the key no Secret of the cluster can be read again (guidelines.md §2.8).
    if vault.value(_PURGE) is not True:
        yield cluster.fails(_VAULT_ID, f"purge protection of {vault.label} is not enabled")
    else:
        yield _judge_permissions(cluster, vault, name)
    keys = [key for key in vault.children(KEY) if key.name.lower() == name.lower()]
    for key in keys:
        yield from _judge_key_lifetime(cluster, key)
    if not keys:
        yield cluster.unknown(
            _KEY_ID, (f"the rotation policy of {name} in {vault.label} is not visible")
        )


def _judge_permissions(cluster: Subject, vault: Subject, key: str) -> Observation:
    """Judge whether an identity of the cluster may encrypt and decrypt with the key.

    It may by its roles, or by a policy of a vault that has those instead.
    """
    identities = _identities_of(cluster)
    # A vault has either role assignments or access policies; the other list is ignored.
    if vault.value(_USES_RBAC) is False:
        if any(_has_access_policy(vault, identity) for identity in identities):
            return cluster.passes(
                _VAULT_ID, (f"an access policy of {vault.label} grants it the use of keys")
            )
        return cluster.fails(
            _VAULT_ID, (f"no access policy of {vault.label} grants it the use of keys")
        )
    key_id = ResourceId(KEY, (*vault.id.names, key), vault.id.scope)
    access = access_of(cluster)
    grants = [g for g in access.reaching(key_id) if any(is_of(g, one) for one in identities)]
    # Several roles may grant encrypt and decrypt together, and a deny assignment takes one away.
    usable = {
        a
        for g in grants
        for a in access.what_can(g, key_id, _KEY_ACTIONS, data=True)
        if _allows_on_data(g, a)
    }
    missing = [action.rpartition("keys/")[2] for action in _KEY_ACTIONS if action not in usable]
    if not missing:
        return cluster.passes(_VAULT_ID, f"it has a role to use the keys of {vault.label}")
    if any(not grant.is_known for grant in grants):
        return cluster.unknown(_VAULT_ID, f"its permissions on {vault.label} are unknown")
    evidence = f"it has no role on {vault.label} that grants {' and '.join(missing)}"
    return cluster.fails(_VAULT_ID, f"{evidence}, expected Key Vault Crypto User")


def _allows_on_data(grant: Grant, action: str) -> bool:
    return grant.allows(action, data=True)


def _identities_of(cluster: Subject) -> list[Subject]:
    """Return the user-assigned identities of a cluster.

    KMS works with no other ones (AKS page use-kms-etcd-encryption).
    """
    stated = cluster.value(_IDENTITIES)
    names = stated if isinstance(stated, Mapping) else {}
    found = (cluster.at(name) for name in names if not isinstance(name, Unknown))
    return [identity for identity in found if identity is not None]


def _has_access_policy(vault: Subject, identity: Subject) -> bool:
    return any(
        identity.is_value_of(policy.get("objectId"), _PRINCIPAL)
        and (_key_operations_in(policy) >= _KEY_OPERATIONS or "all" in _key_operations_in(policy))
        for policy in vault.entries(_POLICIES)
    )


def _key_operations_in(policy: Mapping[str, object]) -> set[str]:
    named = lookup(policy, ("permissions", "keys"))
    return {str(name).lower() for name in named} if isinstance(named, (list, tuple)) else set()


def _judge_key_lifetime(cluster: Subject, key: Subject) -> Iterator[Observation]:
    """Judge whether a key exists and meets the requirements of KMS.

    One whose versions end is rotated before.
    """
    age = rotation_age(key)
    # keyOps that is not set allows every operation of the key type.
    key_ops = {name.lower() for name in key.texts(_OPERATIONS)}
    expires = key.states(_EXPIRY) or key.states(EXPIRY_TIME)
    if key.value(_ENABLED) is False:
        yield cluster.fails(_KEY_ID, f"{key.label} is disabled")
    elif key_ops and not key_ops >= _KEY_OPERATIONS:
        yield cluster.fails(_KEY_ID, f"keyOps of {key.label} are only {', '.join(sorted(key_ops))}")
    elif expires and age is None:
        yield cluster.fails(_KEY_ID, f"{key.label} expires without rotation")
    elif age is not None and age > LONGEST_LIFE:
        yield cluster.fails(_KEY_ID, f"{key.label} is rotated after {age // DAY} days")
    else:
        yield cluster.passes(_KEY_ID, f"{key.label} is enabled")


_RULES = (
    rule(
        CLUSTER,
        _judge_encryption,
        _ENCRYPTION,
        _KMS_ENABLED,
        _KEY_ID,
        _VAULT_ID,
        _IDENTITIES,
        others={
            VAULT: (_PURGE, _USES_RBAC, _POLICIES),
            KEY: (_ENABLED, _EXPIRY, _OPERATIONS, *ROTATION_READS),
            **ACCESS_READS,
        },
    ),
)
_REMEDIATION = """
    cluster:
      type: Microsoft.ContainerService/managedClusters
      properties:
        securityProfile:
          kubernetesResourceObjectEncryptionProfile: {infrastructureEncryption: Enabled}
"""


def _judge_managed(cluster: Subject) -> Iterator[Observation]:
    """Judge whether KMS of either generation, managed by AKS, is enabled."""
    if cluster.value(_KMS_ENABLED) is True:
        yield cluster.passes(_KMS_ENABLED, f"{_KMS_ENABLED} is true")
    else:
        yield look(cluster, _ENCRYPTION, equals("Enabled"))


CONTROLS = (
    Control(
        id="WRK-06",
        title="Kubernetes Secrets are encrypted at rest in etcd (KMS)",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Maintaining secrets in HashiCorp Vault, Azure Key Vault, Azure KMS plugin",
        rationale=(
            "Without KMS encryption, a copy of etcd exposes all Secrets. A lost or expired "
            "customer-managed key makes all Secrets unreadable."
        ),
        synonyms=terms(
            "etcd encryption; etcd; secrets encryption; encryption at rest; KMS; CMK; BYOK; "
            "customer-managed key; azureKeyVaultKms; infrastructureEncryption"
        ),
        remediation=_REMEDIATION,
        rules=_RULES,
        limits=(
            "Whether Secrets written before encryption was enabled have been rewritten, "
            "and whether the control plane reaches the vault, is not visible. Keys outside "
            "the environment are not evaluated."
        ),
        mappings=Mappings(cis=("5.3.1",), policies=("dbbdc317-9734-4dd8-9074-993b29c69008",)),
    ),
    Control(
        id="WRK-12",
        title="KMS encryption uses the AKS-managed KMS provider",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Prose: Azure/kubernetes-kms",
        rationale=(
            "The self-managed KMS plugin (Azure/kubernetes-kms) needs access to the "
            "control plane, which AKS does not provide."
        ),
        synonyms=terms("KMS plugin; Azure/kubernetes-kms; encryption provider; etcd; KMS v2"),
        remediation=_REMEDIATION,
        rules=(rule(CLUSTER, _judge_managed, _ENCRYPTION, _KMS_ENABLED),),
        limits="Permissions, protection and rotation of the key are checked by WRK-06.",
        mappings=Mappings(cis=("5.3.1",)),
    ),
)
