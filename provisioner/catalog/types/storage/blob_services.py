"""The blob service of a storage account (`default`).

Azure creates it with the account and has no DELETE for it, so a PUT always finds it.

Facts: the REST reference "Blob Services - Set Service Properties" for the version. The models are
stated here, because no pinned SDK package has them. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape

_FLAG = Shape(Kind.BOOLEAN)
_NUMBER = Shape(Kind.INTEGER)
_TEXT = Shape(Kind.STRING)
_OPEN = Shape(Kind.ANY)


def _model(name: str, **shapes: Shape) -> Model:
    return Model(
        f"storage.blob.{name}", {prop: Property(prop, shape) for prop, shape in shapes.items()}
    )


def _object(name: str) -> Shape:
    return Shape(Kind.OBJECT, f"storage.blob.{name}")


TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts/blobServices",
    api_version=api_versions.STORAGE,
    sdk=None,
    rule=NameRule(r"default", "default", fixed=("default",)),
    lists=ListRead.PARENT,
    taggable=False,
    deletable=False,
    with_parent=("default",),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=2,
    loss=Disruption.NONE,
    models=(
        _model("BlobService", properties=_object("ServiceProperties")),
        _model(
            "ServiceProperties",
            automaticSnapshotPolicyEnabled=_FLAG,
            changeFeed=_object("ChangeFeed"),
            containerDeleteRetentionPolicy=_object("Retention"),
            cors=_object("CorsRules"),
            defaultServiceVersion=_TEXT,
            deleteRetentionPolicy=_object("Retention"),
            isVersioningEnabled=_FLAG,
            lastAccessTimeTrackingPolicy=_OPEN,
            restorePolicy=_object("RestorePolicy"),
        ),
        _model("ChangeFeed", enabled=_FLAG, retentionInDays=_NUMBER),
        _model("Retention", enabled=_FLAG, days=_NUMBER, allowPermanentDelete=_FLAG),
        _model("CorsRules", corsRules=Shape(Kind.LIST, item=_OPEN)),
        _model(
            "RestorePolicy",
            enabled=_FLAG,
            days=_NUMBER,
            lastEnabledTime=_TEXT,
            minRestoreTime=_TEXT,
        ),
    ),
    harmless="every account has one",
    fields={
        "properties": Field(default={}),
        "properties.automaticSnapshotPolicyEnabled": Field(default=False),
        "properties.changeFeed": Field(default=None, security=True),
        "properties.containerDeleteRetentionPolicy": Field(default=None, security=True),
        "properties.cors": Field(default={"corsRules": []}, security=True),
        "properties.cors.corsRules": Field(default=(), security=True),
        "properties.defaultServiceVersion": Field(default=None),
        "properties.deleteRetentionPolicy": Field(
            default={"enabled": False, "allowPermanentDelete": False}, security=True
        ),
        "properties.deleteRetentionPolicy.allowPermanentDelete": Field(
            default=False, security=True
        ),
        "properties.isVersioningEnabled": Field(default=False, security=True),
        "properties.lastAccessTimeTrackingPolicy": Field(default=None),
        "properties.restorePolicy": Field(default=None, security=True),
        # Read-only, and moving with time (REST reference, RestorePolicyProperties).
        "properties.restorePolicy.lastEnabledTime": Field(read_only=True),
        "properties.restorePolicy.minRestoreTime": Field(read_only=True),
    },
)
