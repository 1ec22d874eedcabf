"""File shares of a storage account.

The protocol (SMB or NFS) is fixed. Quota, provisioned throughput and tier follow from the kind of
the account where a body is silent: presets. Shares are listed only where declared, because each
persistent volume may be one.

Facts: the REST reference "File Shares - Create", "SMB file shares in Azure Files" and "NFS file
shares in Azure Files". No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.stated_models import (
    FLAG,
    NUMBER,
    OPEN,
    TEXT,
    TEXTS,
    choice,
    list_of,
    models_of,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("storage.share")
_ANSWERED = (
    "lastModifiedTime",
    "includedBurstIops",
    "maxBurstCreditsForIops",
    "nextAllowedQuotaDowngradeTime",
    "nextAllowedProvisionedIopsDowngradeTime",
    "nextAllowedProvisionedBandwidthDowngradeTime",
    "version",
    "deleted",
    "deletedTime",
    "remainingRetentionDays",
    "accessTierChangeTime",
    "accessTierStatus",
    "shareUsageBytes",
    "leaseStatus",
    "leaseState",
    "leaseDuration",
    "snapshotTime",
)


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"leaseStatus": "unlocked", "leaseState": "available"}}


TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts/fileServices/shares",
    api_version=api_versions.STORAGE,
    sdk=None,
    rule=NameRule(
        r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
        "3 to 63 lower-case letters, digits and single hyphens, starting and ending with a letter "
        "or digit",
    ),
    lists=ListRead.PARENT,
    # Each persistent volume of a cluster may be a share: there are many.
    listed_if_declared=True,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="ShareNotFound"),
    computed=_computed_values,
    harmless="it holds data of who made it, and opens nothing",
    models=(
        _model("Share", properties=_object("Properties"), etag=TEXT),
        _model(
            "Properties",
            metadata=TEXTS,
            shareQuota=NUMBER,
            provisionedIops=NUMBER,
            provisionedBandwidthMibps=NUMBER,
            enabledProtocols=choice("SMB", "NFS"),
            rootSquash=choice("NoRootSquash", "RootSquash", "AllSquash"),
            accessTier=choice("TransactionOptimized", "Hot", "Cool", "Premium"),
            signedIdentifiers=list_of(_object("Identifier")),
            fileSharePaidBursting=_object("Bursting"),
            **dict.fromkeys(_ANSWERED, OPEN),
        ),
        _model("Identifier", id=TEXT, accessPolicy=_object("Policy")),
        _model("Policy", startTime=TEXT, expiryTime=TEXT, permission=TEXT),
        _model(
            "Bursting",
            paidBurstingEnabled=FLAG,
            paidBurstingMaxIops=NUMBER,
            paidBurstingMaxBandwidthMibps=NUMBER,
        ),
    ),
    fields={
        "etag": Field(read_only=True),
        "properties": Field(default={}),
        "properties.metadata": Field(default={}),
        # Azure fills in these by the kind of the account.
        "properties.shareQuota": Field(owner=Owner.PRESET),
        "properties.provisionedIops": Field(owner=Owner.PRESET),
        "properties.provisionedBandwidthMibps": Field(owner=Owner.PRESET),
        "properties.accessTier": Field(owner=Owner.PRESET, compare=Compare.CASELESS),
        "properties.enabledProtocols": Field(default="SMB", create_only=True, security=True),
        "properties.rootSquash": Field(default=None, security=True),
        "properties.signedIdentifiers": Field(default=(), keys=("id",), security=True),
        "properties.signedIdentifiers[].accessPolicy.startTime": Field(compare=Compare.TIMESTAMP),
        "properties.signedIdentifiers[].accessPolicy.expiryTime": Field(
            compare=Compare.TIMESTAMP, security=True
        ),
        "properties.fileSharePaidBursting": Field(default=None),
        **{f"properties.{name}": Field(read_only=True) for name in _ANSWERED},
    },
)
