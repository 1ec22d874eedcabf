"""The file service of a storage account (`default`).

Azure creates it with the account. Share soft delete is on for seven days in new accounts and off in
older ones, so its value is a preset unless stated.

Facts: the REST reference "File Services - Set Service Properties", and "SMB file shares in Azure
Files" (security settings). No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.stated_models import FLAG, NUMBER, OPEN, TEXT, models_of
from provisioner.catalog.storage_services import CORS, cors_models
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_model, _object = models_of("storage.file")
_RETENTION = "properties.shareDeleteRetentionPolicy"
_SMB = "properties.protocolSettings.smb"
_NEGOTIATED = (
    "versions",
    "authenticationMethods",
    "kerberosTicketEncryption",
    "channelEncryption",
)


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return what a new account has: deleted shares are kept for seven days."""
    account = context.lookup(resource.parent.text) if resource.parent is not None else None
    properties: dict[str, Json] = {}
    for name, settings in (
        ("shareDeleteRetentionPolicy", {"enabled": True, "days": 7}),
        ("protocolSettings", {"smb": {}}),
    ):
        if is_empty(lookup(body, ("properties", name))):
            properties[name] = settings
    sku = account.get("sku") if account is not None else None
    return {"properties": properties, **({"sku": sku} if sku is not None else {})}


TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts/fileServices",
    api_version=api_versions.STORAGE,
    sdk=None,
    rule=NameRule(r"default", "default", fixed=("default",)),
    lists=ListRead.PARENT,
    # The list of shares already shows what matters of an account.
    listed_if_declared=True,
    taggable=False,
    deletable=False,
    with_parent=("default",),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=2,
    loss=Disruption.NONE,
    computed=_computed_values,
    models=(
        _model("FileService", properties=_object("Properties"), sku=OPEN),
        _model(
            "Properties",
            cors=_object("CorsRules"),
            shareDeleteRetentionPolicy=_object("Retention"),
            protocolSettings=_object("Protocols"),
        ),
        _model("Retention", enabled=FLAG, days=NUMBER, allowPermanentDelete=FLAG),
        _model("Protocols", smb=_object("Smb"), nfs=_object("Nfs")),
        _model(
            "Smb",
            multichannel=_object("Multichannel"),
            encryptionInTransit=_object("InTransit"),
            **dict.fromkeys(_NEGOTIATED, TEXT),
        ),
        _model("Nfs", encryptionInTransit=_object("InTransit")),
        _model("Multichannel", enabled=FLAG),
        _model("InTransit", required=FLAG),
        *cors_models(_model, _object),
    ),
    harmless="every account has one",
    fields={
        **CORS,
        "sku": Field(read_only=True),
        # On for seven days in new accounts, off in older ones ("Enable soft delete on Azure file
        # shares").
        _RETENTION: Field(owner=Owner.PRESET, security=True),
        f"{_RETENTION}.enabled": Field(owner=Owner.PRESET, security=True),
        f"{_RETENTION}.days": Field(owner=Owner.PRESET, security=True),
        f"{_RETENTION}.allowPermanentDelete": Field(default=False, security=True),
        "properties.protocolSettings": Field(default={}, security=True),
        _SMB: Field(default={}, security=True),
        # All that the service knows where nothing is said.
        **{
            f"{_SMB}.{name}": Field(default=None, compare=Compare.CASELESS, security=True)
            for name in _NEGOTIATED
        },
        f"{_SMB}.multichannel": Field(default=None),
        f"{_SMB}.encryptionInTransit": Field(owner=Owner.PRESET, security=True),
        "properties.protocolSettings.nfs": Field(owner=Owner.PRESET, security=True),
    },
)
