"""WRK-06 and WRK-12: Kubernetes secrets in etcd, and the key that they are encrypted with.

Facts: guidelines.md §0.8, §0.9, §1.3 and §2.5.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.kinds import CLUSTER, IDENTITY, KEY, ROLE_ASSIGNMENT, VAULT
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import Wanted, equals, show
from provisioner.model.values import Unknown

_SECURITY = "properties.securityProfile"
_ENCRYPTION = f"{_SECURITY}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption"
_KMS = f"{_SECURITY}.azureKeyVaultKms"
_ON = f"{_KMS}.enabled"
_KEY_ID = f"{_KMS}.keyId"
_VAULT_ID = f"{_KMS}.keyVaultResourceId"
_IDENTITIES = "identity.userAssignedIdentities"
_PURGE = "properties.enablePurgeProtection"
_ENABLED = "properties.attributes.enabled"
_EXPIRY = "properties.attributes.exp"
_ACTIONS = "properties.rotationPolicy.lifetimeActions"
_PRINCIPAL = "properties.principalId"
_ROLE = "properties.roleDefinitionId"
_CRYPTO_USER = find_built_in_role("Key Vault Crypto User")


def _is_versionless(value: object) -> bool:
    return isinstance(value, str) and len(_key_path(value)) == 2


_VERSIONLESS = Wanted(_is_versionless, "a key without a version, so that AKS follows its rotation")


def _key_path(key: str) -> list[str]:
    """Return the parts of a key's address: `keys`, its name, and its version if it says one."""
    return [part for part in key.partition("//")[2].split("/")[1:] if part]


def _judge_encryption(cluster: Subject) -> Iterator[Observation]:
    """Etcd is encrypted by the new generation of KMS, or by the one before it."""
    encrypts = cluster.value(_ENCRYPTION) == "Enabled"
    has_key = cluster.value(_ON) is True
    if encrypts or not has_key:
        yield look(cluster, _ENCRYPTION, equals("Enabled"))
    else:
        yield cluster.passes(_ON, f"{_ON} is true: KMS of the generation before")
    if has_key:
        yield from _judge_key(cluster, encrypts)


def _judge_key(cluster: Subject, encrypts: bool) -> Iterator[Observation]:
    """A key of one's own can be used, is there to stay, and is rotated before it expires."""
    if encrypts:
        yield look(cluster, _KEY_ID, _VERSIONLESS)
    vault = cluster.at(cluster.value(_VAULT_ID))
    if vault is None:
        named = show(cluster.value(_VAULT_ID))
        yield cluster.unknown(_VAULT_ID, f"{_VAULT_ID} is {named}, which is not seen here")
        return
    if vault.value(_PURGE) is not True:
        yield cluster.fails(_VAULT_ID, f"{vault.label} has no purge protection")
    elif not any(_may_use(cluster, grant, vault) for grant in cluster.all(ROLE_ASSIGNMENT)):
        yield cluster.fails(_VAULT_ID, f"it has no role Key Vault Crypto User on {vault.label}")
    else:
        yield cluster.passes(_VAULT_ID, f"it may use the keys of {vault.label}")
    stated = cluster.value(_KEY_ID)
    path = _key_path(stated) if isinstance(stated, str) else []
    for key in vault.children(KEY):
        if len(path) > 1 and key.name.lower() == path[1].lower():
            yield from _judge_life(cluster, key)


def _judge_life(cluster: Subject, key: Subject) -> Iterator[Observation]:
    actions = [entry.get("action") for entry in key.entries(_ACTIONS)]
    rotates = any(
        isinstance(action, Mapping) and str(action.get("type")).lower() == "rotate"
        for action in actions
    )
    if key.value(_ENABLED) is False:
        yield cluster.fails(_KEY_ID, f"{key.label} is disabled")
    elif key.states(_EXPIRY) and not rotates:
        yield cluster.fails(_KEY_ID, f"{key.label} expires and nothing rotates it")
    else:
        yield cluster.passes(_KEY_ID, f"{key.label} is enabled")


def _may_use(cluster: Subject, grant: Subject, vault: Subject) -> bool:
    scope = grant.id.scope
    if scope is None or not (scope.is_within(vault.id) or vault.id.is_within(scope)):
        return False
    if str(grant.value(_ROLE)).rpartition("/")[2].lower() != _CRYPTO_USER:
        return False
    stated = cluster.value(_IDENTITIES)
    names = stated if isinstance(stated, Mapping) else {}
    identities = (cluster.at(name) for name in names if not isinstance(name, Unknown))
    principal = grant.value(_PRINCIPAL)
    return any(
        identity is not None and identity.is_value_of(principal, _PRINCIPAL)
        for identity in identities
    )


_RULES = (
    rule(
        CLUSTER,
        _judge_encryption,
        _ENCRYPTION,
        _ON,
        _KEY_ID,
        _VAULT_ID,
        _IDENTITIES,
        others={
            VAULT: (_PURGE,),
            KEY: (_ENABLED, _EXPIRY, _ACTIONS),
            IDENTITY: (_PRINCIPAL,),
            ROLE_ASSIGNMENT: (_PRINCIPAL, _ROLE),
        },
    ),
)
_REMEDY = """
    cluster:
      type: Microsoft.ContainerService/managedClusters
      properties:
        securityProfile:
          kubernetesResourceObjectEncryptionProfile: {infrastructureEncryption: Enabled}
"""


def _judge_managed(cluster: Subject) -> Iterator[Observation]:
    """Either generation of the managed KMS does what the plugin did."""
    if cluster.value(_ON) is True:
        yield cluster.passes(_ON, f"{_ON} is true")
    else:
        yield look(cluster, _ENCRYPTION, equals("Enabled"))


CONTROLS = (
    Control(
        id="WRK-06",
        title="Kubernetes secrets are encrypted in etcd, by a key that stays and rotates",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Maintaining secrets in HashiCorp Vault, Azure Key Vault, Azure KMS plugin",
        rationale=(
            "What a copy of etcd holds is readable to whoever has it, unless each secret in it is "
            "encrypted. A key that is lost or expires takes all of them with it."
        ),
        remediation=_REMEDY,
        rules=_RULES,
        mappings=Mappings(cis=("5.3.1",), policies=("dbbdc317-9734-4dd8-9074-993b29c69008",)),
    ),
    Control(
        id="WRK-12",
        title="The KMS plugin is the one that AKS runs",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Prose: Azure/kubernetes-kms",
        rationale=(
            "The plugin of its own repository is for clusters that one runs oneself: nobody can "
            "install it in a control plane that AKS manages."
        ),
        remediation=_REMEDY,
        rules=(rule(CLUSTER, _judge_managed, _ENCRYPTION, _ON),),
        mappings=Mappings(cis=("5.3.1",)),
    ),
)
