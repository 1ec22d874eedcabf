"""Blob containers.

A lease protects a container against deletion alone: a caller without it may still change the
container. `leaseStatus`, `leaseState` and `leaseDuration` tell whether one is held. Encryption
scope and version-level immutability are chosen at creation.

Facts: the REST reference "Blob Containers" (Create, Update, Get, Lease) and "Lease Container" of
Blob Storage. The models are stated here, because no pinned SDK package has them. No traffic was
recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_FLAG = Shape(Kind.BOOLEAN)
_TEXT = Shape(Kind.STRING)
_OPEN = Shape(Kind.ANY)
_ANSWERED = (
    "version",
    "deleted",
    "deletedTime",
    "remainingRetentionDays",
    "lastModifiedTime",
    "leaseStatus",
    "leaseState",
    "leaseDuration",
    "immutabilityPolicy",
    "legalHold",
    "hasLegalHold",
    "hasImmutabilityPolicy",
)


def _properties(*properties: Property) -> Mapping[str, Property]:
    return {prop.name: prop for prop in properties}


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "deleted": False,
            "remainingRetentionDays": 0,
            "leaseStatus": "Unlocked",
            "leaseState": "Available",
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        }
    }


TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts/blobServices/containers",
    api_version=api_versions.STORAGE,
    sdk=None,
    rule=NameRule(
        r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
        "3 to 63 lower-case letters, digits and single hyphens, starting and ending with a letter "
        "or digit",
    ),
    # Azure Monitor creates containers for logs, classic analytics uses $logs, and a static website
    # is in $web ("Diagnostic settings in Azure Monitor", "Storage analytics logging").
    service_names=r"insights-(logs|metrics)-.+|am-.+|\$.+|bootdiagnostics-.+",
    lists=ListRead.PARENT,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="ContainerNotFound", value="InvalidValuesForRequestParameters"),
    computed=_computed_values,
    models=(
        Model(
            "storage.containers.BlobContainer",
            _properties(
                Property("properties", Shape(Kind.OBJECT, "storage.containers.Properties")),
                Property("etag", _TEXT, read_only=True),
            ),
        ),
        Model(
            "storage.containers.Properties",
            _properties(
                Property("publicAccess", Shape(Kind.STRING, enum=("None", "Blob", "Container"))),
                Property("metadata", Shape(Kind.MAP, item=_TEXT)),
                Property("defaultEncryptionScope", _TEXT),
                Property("denyEncryptionScopeOverride", _FLAG),
                Property("immutableStorageWithVersioning", _OPEN),
                Property("enableNfsV3RootSquash", _FLAG),
                Property("enableNfsV3AllSquash", _FLAG),
                *(Property(name, _OPEN, read_only=True) for name in _ANSWERED),
            ),
        ),
    ),
    adds="holds data in it",
    adds_by=("properties.publicAccess",),
    fields={
        "properties": Field(default={}),
        "properties.publicAccess": Field(default="None", security=True),
        # Who holds the lease writes these (docs/lock.md): they change while an apply runs, and are
        # part of no plan.
        **{
            f"properties.metadata.{name}": Field(read_only=True)
            for name in ("azsecHolder", "azsecSince", "azsecExpires")
        },
        "properties.metadata": Field(default={}),
        "properties.defaultEncryptionScope": Field(
            default="$account-encryption-key", create_only=True, security=True
        ),
        "properties.denyEncryptionScopeOverride": Field(
            default=False, create_only=True, security=True
        ),
        "properties.immutableStorageWithVersioning": Field(
            default=None, create_only=True, security=True
        ),
        "properties.enableNfsV3RootSquash": Field(default=None, security=True),
        "properties.enableNfsV3AllSquash": Field(default=None, security=True),
    },
)
