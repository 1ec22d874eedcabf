"""Storage accounts.

The meaning of silence changed with api versions: TLS 1.2 and no public blob access since
2023-01-01, HTTPS only since 2019-04-01. Shared key access is on where nothing is stated, and the
answer stays silent too. Azure answers a new account with 202, no body and a Location (recorded).

Facts: the REST reference of the version, "Azure Storage firewall and virtual networks", and the
accounts in the recorded traffic of other types. The models are stated here, because no pinned SDK
package has them.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.access_models import ends_with
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Since
from provisioner.catalog.public_endpoints import PublicEndpoint
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_TEXT = Shape(Kind.STRING)
_FLAG = Shape(Kind.BOOLEAN)
_NUMBER = Shape(Kind.INTEGER)
_OPEN = Shape(Kind.ANY)


def _model(name: str, *properties: Property) -> Model:
    return Model(f"storage.{name}", {prop.name: prop for prop in properties})


def _object(name: str) -> Shape:
    return Shape(Kind.OBJECT, f"storage.{name}")


def _list(name: str) -> Shape:
    return Shape(Kind.LIST, item=_object(name))


def _one_of(*values: str) -> Shape:
    return Shape(Kind.STRING, enum=values)


def _answers(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, _OPEN, read_only=True) for name in names)


_MODELS = (
    _model(
        "StorageAccount",
        Property("location", _TEXT, required=True),
        Property("tags", Shape(Kind.MAP, item=_TEXT)),
        Property("sku", _object("Sku"), required=True),
        Property(
            "kind",
            _one_of("Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"),
            required=True,
        ),
        Property("identity", _object("Identity")),
        Property("extendedLocation", _OPEN),
        Property("properties", _object("Properties")),
    ),
    _model("Sku", Property("name", _TEXT, required=True), *_answers("tier")),
    _model(
        "Identity",
        Property(
            "type",
            _one_of("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"),
            required=True,
        ),
        Property("userAssignedIdentities", Shape(Kind.MAP, item=_object("UserAssignedIdentity"))),
        Property("principalId", _TEXT, read_only=True),
        Property("tenantId", _TEXT, read_only=True),
    ),
    _model(
        "UserAssignedIdentity",
        Property("principalId", _TEXT, read_only=True),
        Property("clientId", _TEXT, read_only=True),
    ),
    _model(
        "Properties",
        Property("accessTier", _one_of("Hot", "Cool", "Cold", "Premium")),
        Property("minimumTlsVersion", _one_of("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3")),
        Property("supportsHttpsTrafficOnly", _FLAG),
        Property("allowBlobPublicAccess", _FLAG),
        Property("allowSharedKeyAccess", _FLAG),
        Property("allowCrossTenantReplication", _FLAG),
        Property("allowedCopyScope", _one_of("PrivateLink", "AAD")),
        Property("defaultToOAuthAuthentication", _FLAG),
        Property("publicNetworkAccess", _one_of("Enabled", "Disabled", "SecuredByPerimeter")),
        Property("networkAcls", _object("NetworkRuleSet")),
        Property("encryption", _object("Encryption")),
        Property("immutableStorageWithVersioning", _object("ImmutableAccount")),
        Property("isLocalUserEnabled", _FLAG),
        Property("isSftpEnabled", _FLAG),
        Property("isHnsEnabled", _FLAG),
        Property("isNfsV3Enabled", _FLAG),
        Property("largeFileSharesState", _one_of("Enabled", "Disabled")),
        Property("dnsEndpointType", _one_of("Standard", "AzureDnsZone")),
        Property("keyPolicy", _object("KeyPolicy")),
        Property("sasPolicy", _object("SasPolicy")),
        Property("routingPreference", _object("RoutingPreference")),
        Property("customDomain", _OPEN),
        Property("azureFilesIdentityBasedAuthentication", _object("FilesIdentity")),
        *_answers(
            "provisioningState",
            "creationTime",
            "keyCreationTime",
            "primaryEndpoints",
            "secondaryEndpoints",
            "primaryLocation",
            "secondaryLocation",
            "statusOfPrimary",
            "statusOfSecondary",
            "lastGeoFailoverTime",
            "geoReplicationStats",
            "failoverInProgress",
            "blobRestoreStatus",
            "privateEndpointConnections",
            "storageAccountSkuConversionStatus",
            "isSkuConversionBlocked",
            "accountMigrationInProgress",
        ),
    ),
    _model(
        "RoutingPreference",
        Property("routingChoice", _one_of("MicrosoftRouting", "InternetRouting")),
        Property("publishMicrosoftEndpoints", _FLAG),
        Property("publishInternetEndpoints", _FLAG),
    ),
    _model(
        "FilesIdentity",
        Property(
            "directoryServiceOptions", _one_of("None", "AADDS", "AD", "AADKERB"), required=True
        ),
        Property("activeDirectoryProperties", _OPEN),
        Property(
            "defaultSharePermission",
            _one_of(
                "None",
                "StorageFileDataSmbShareReader",
                "StorageFileDataSmbShareContributor",
                "StorageFileDataSmbShareElevatedContributor",
            ),
        ),
    ),
    _model(
        "NetworkRuleSet",
        # A set of names in one text: `Logging, Metrics, AzureServices`, or None.
        Property("bypass", _TEXT),
        Property("defaultAction", _one_of("Allow", "Deny"), required=True),
        Property("ipRules", _list("IpRule")),
        Property("ipv6Rules", _list("IpRule")),
        Property("virtualNetworkRules", _list("VirtualNetworkRule")),
        Property("resourceAccessRules", _list("ResourceAccessRule")),
    ),
    _model(
        "IpRule",
        Property("value", _TEXT, required=True),
        Property("action", _one_of("Allow")),
    ),
    _model(
        "VirtualNetworkRule",
        Property("id", _TEXT, required=True),
        Property("action", _one_of("Allow")),
        *_answers("state"),
    ),
    _model(
        "ResourceAccessRule",
        Property("tenantId", _TEXT),
        Property("resourceId", _TEXT, required=True),
    ),
    _model(
        "Encryption",
        Property("keySource", _one_of("Microsoft.Storage", "Microsoft.Keyvault")),
        Property("requireInfrastructureEncryption", _FLAG),
        Property("services", Shape(Kind.MAP, item=_object("EncryptedService"))),
        Property("keyvaultproperties", _object("KeyVaultProperties")),
        Property("identity", _object("EncryptionIdentity")),
    ),
    _model(
        "EncryptedService",
        Property("enabled", _FLAG),
        Property("keyType", _one_of("Account", "Service")),
        *_answers("lastEnabledTime"),
    ),
    _model(
        "KeyVaultProperties",
        Property("keyname", _TEXT),
        Property("keyversion", _TEXT),
        Property("keyvaulturi", _TEXT),
        *_answers("currentVersionedKeyIdentifier", "lastKeyRotationTimestamp"),
    ),
    _model(
        "EncryptionIdentity",
        Property("userAssignedIdentity", _TEXT),
        Property("federatedIdentityClientId", _TEXT),
    ),
    _model(
        "ImmutableAccount",
        Property("enabled", _FLAG),
        Property("immutabilityPolicy", _OPEN),
    ),
    _model("KeyPolicy", Property("keyExpirationPeriodInDays", _NUMBER, required=True)),
    _model(
        "SasPolicy",
        Property("sasExpirationPeriod", _TEXT, required=True),
        Property("expirationAction", _one_of("Log", "Block"), required=True),
    ),
)

_ACLS = "properties.networkAcls"
_NARROWS = PublicEndpoint(
    switch="properties.publicNetworkAccess",
    default=f"{_ACLS}.defaultAction",
    entries=(f"{_ACLS}.ipRules", f"{_ACLS}.ipv6Rules", f"{_ACLS}.virtualNetworkRules"),
).narrowing()
_FILES = "properties.azureFilesIdentityBasedAuthentication"
_CREATED = "2001-01-01T00:00:00.0000000Z"


def _computed_values(
    resource: ResourceId, body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    sku = str(lookup(body, ("sku", "name")))
    hosts = {
        kind: f"https://{resource.name}.{kind}.core.windows.net/"
        for kind in ("blob", "dfs", "file", "queue", "table")
    }
    return {
        "sku": {"tier": sku.partition("_")[0]},
        "properties": {
            "provisioningState": "Succeeded",
            "creationTime": _CREATED,
            "keyCreationTime": {"key1": _CREATED, "key2": _CREATED},
            "primaryEndpoints": hosts,
            "primaryLocation": body.get("location"),
            "statusOfPrimary": "available",
            "privateEndpointConnections": [],
        },
    }


def _kind_change(_before: Body, after: Body) -> str | None:
    """Return why an account's kind cannot change, or None for a change to StorageV2.

    An older account is upgraded to StorageV2 in place (storage-account-upgrade).
    """
    if after.get("kind") == "StorageV2":
        return None
    return "An account's kind changes to StorageV2 alone."


def _access_tier(body: Body) -> Json:
    """Return the access tier where none is stated: Premium of premium block blobs, else Hot.

    Source: REST reference, AccessTier.
    """
    kind = lookup(body, ("kind",))
    return "Premium" if isinstance(kind, str) and kind.lower() == "blockblobstorage" else "Hot"


TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts",
    api_version=api_versions.STORAGE,
    sdk=None,
    models=_MODELS,
    rule=NameRule(r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits", unique_in_azure=True),
    addresses=("blob", "dfs", "file", "queue", "table"),
    write=WriteFlow.LOCATION,
    delete=DeleteFlow.SYNC,
    seconds=20,
    loss=Disruption.DATA,
    codes=RefusalCodes(
        name="AccountNameInvalid",
        taken="StorageAccountAlreadyTaken",
        value="InvalidValuesForRequestParameters",
    ),
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "extendedLocation": Field(default=None, create_only=True),
        "kind": Field(create_only=_kind_change),
        "sku.name": Field(compare=Compare.CASELESS),
        "properties.accessTier": Field(default=_access_tier),
        # The defaults changed with api versions (REST reference by version).
        "properties.minimumTlsVersion": Field(
            default=Since("2023-01-01", "TLS1_2", before="TLS1_0"), security=True
        ),
        "properties.supportsHttpsTrafficOnly": Field(
            default=Since("2019-04-01", True, before=False), security=True
        ),
        "properties.allowBlobPublicAccess": Field(
            default=Since("2023-01-01", False, before=True),
            security=True,
            ends=ends_with(
                "properties.allowBlobPublicAccess",
                False,
                "the access without a sign-in to public containers ends",
            ),
        ),
        # Silence allows both, and the answer stays silent too (recorded).
        "properties.allowSharedKeyAccess": Field(
            default=True,
            answered=Answered.STATED,
            security=True,
            ends=ends_with(
                "properties.allowSharedKeyAccess",
                False,
                "the access by account keys, and by shared access signatures made with them, ends",
            ),
        ),
        "properties.publicNetworkAccess": Field(
            default="Enabled",
            answered=Answered.STATED,
            compare=Compare.CASELESS,
            security=True,
            ends=_NARROWS,
        ),
        "properties.allowCrossTenantReplication": Field(default=False, security=True),
        "properties.allowedCopyScope": Field(default=None, security=True),
        "properties.defaultToOAuthAuthentication": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.isLocalUserEnabled": Field(
            default=True, answered=Answered.STATED, security=True
        ),
        "properties.isSftpEnabled": Field(default=False, answered=Answered.STATED, security=True),
        "properties.isHnsEnabled": Field(default=False, answered=Answered.STATED, create_only=True),
        "properties.isNfsV3Enabled": Field(
            default=False, answered=Answered.STATED, create_only=True, security=True
        ),
        "properties.dnsEndpointType": Field(
            default="Standard", answered=Answered.STATED, create_only=True
        ),
        "properties.immutableStorageWithVersioning": Field(
            default=None, create_only=True, security=True
        ),
        "properties.keyPolicy": Field(default=None, security=True),
        "properties.keyPolicy.keyExpirationPeriodInDays": Field(security=True),
        "properties.sasPolicy": Field(default=None, security=True),
        # The action where only a period is stated (SDK).
        "properties.sasPolicy.expirationAction": Field(
            default="Log", answered=Answered.STATED, security=True
        ),
        "properties.routingPreference": Field(default=None),
        # Microsoft's network by default ("Network routing preference for Azure Storage").
        "properties.routingPreference.routingChoice": Field(default="MicrosoftRouting"),
        "properties.customDomain": Field(default=None),
        _FILES: Field(default=None, security=True),
        # None: access takes a role of one's own (REST reference, DefaultSharePermission).
        f"{_FILES}.defaultSharePermission": Field(
            default="None", answered=Answered.STATED, security=True
        ),
        _ACLS: Field(default={"defaultAction": "Allow"}, security=True, ends=_NARROWS),
        f"{_ACLS}.bypass": Field(default="AzureServices", compare=Compare.FLAGS, security=True),
        f"{_ACLS}.defaultAction": Field(default="Allow", security=True, ends=_NARROWS),
        f"{_ACLS}.ipRules": Field(default=(), keys=("value",), security=True, ends=_NARROWS),
        f"{_ACLS}.ipRules[].value": Field(compare=Compare.CIDR),
        f"{_ACLS}.ipRules[].action": Field(default="Allow"),
        f"{_ACLS}.ipv6Rules": Field(
            default=(), answered=Answered.STATED, keys=("value",), security=True, ends=_NARROWS
        ),
        f"{_ACLS}.ipv6Rules[].action": Field(default="Allow"),
        f"{_ACLS}.virtualNetworkRules": Field(
            default=(), keys=("id",), security=True, ends=_NARROWS
        ),
        f"{_ACLS}.virtualNetworkRules[].id": Field(compare=Compare.RESOURCE_ID),
        f"{_ACLS}.virtualNetworkRules[].action": Field(default="Allow"),
        f"{_ACLS}.resourceAccessRules": Field(
            default=(), answered=Answered.STATED, keys=("resourceId",), security=True
        ),
        f"{_ACLS}.resourceAccessRules[].tenantId": Field(compare=Compare.CASELESS),
        "properties.encryption": Field(
            default={
                "keySource": "Microsoft.Storage",
                "services": {
                    kind: {"enabled": True, "keyType": "Account"} for kind in ("blob", "file")
                },
            },
            security=True,
        ),
        "properties.encryption.keySource": Field(
            default="Microsoft.Storage", compare=Compare.CASELESS, security=True
        ),
        # Without a version the account follows the newest one of its key; without a client id its
        # identity is of the same tenant ("Customer-managed keys for Azure Storage encryption").
        "properties.encryption.keyvaultproperties.keyversion": Field(default=None, security=True),
        "properties.encryption.identity.federatedIdentityClientId": Field(
            default=None, security=True
        ),
        "properties.encryption.requireInfrastructureEncryption": Field(
            default=False, answered=Answered.STATED, create_only=True, security=True
        ),
        "properties.encryption.services": Field(
            default={kind: {"enabled": True, "keyType": "Account"} for kind in ("blob", "file")}
        ),
        "properties.encryption.services[].enabled": Field(default=True, security=True),
        "properties.encryption.services[].keyType": Field(default="Account"),
    },
)
