"""Disk encryption sets: the customer-managed key of managed disks.

`keyUrl` names a version of the key ("required regardless of rotationToLatestKeyVersionEnabled"),
and Azure writes the newest version there when it rotates: a reference to a key's
`keyUriWithVersion` follows that rotation, while a version written out in a blueprint is planned
back. Disks cannot be read without their set, so a delete is a loss of data.

Facts: "Server-side encryption of Azure Disk Storage" and the template reference of
`Microsoft.Compute/diskEncryptionSets`. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType
from provisioner.catalog.stated_models import (
    FLAG,
    IDENTITY_FIELDS,
    OPEN,
    TEXT,
    TEXTS,
    choice,
    identity_models,
    models_of,
)

_model, _object = models_of("compute.encryption")
_KEY = "properties.activeKey"

TYPE = ResourceType(
    name="Microsoft.Compute/diskEncryptionSets",
    api_version=api_versions.DISKS,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9_-]{1,80}",
        "1 to 80 letters, digits, underscores and hyphens",
    ),
    delete=DeleteFlow.LOCATION,
    seconds=10,
    # A disk cannot be read without the set whose key encrypts it.
    loss=Disruption.DATA,
    models=(
        _model(
            "DiskEncryptionSet",
            location=TEXT,
            tags=TEXTS,
            identity=_object("Identity"),
            properties=_object("Properties"),
        ),
        *identity_models(_model, _object),
        _model(
            "Properties",
            activeKey=_object("Key"),
            encryptionType=choice(
                "EncryptionAtRestWithCustomerKey",
                "EncryptionAtRestWithPlatformAndCustomerKeys",
                "ConfidentialVmEncryptedWithCustomerKey",
            ),
            federatedClientId=TEXT,
            rotationToLatestKeyVersionEnabled=FLAG,
            autoKeyRotationError=OPEN,
            lastKeyRotationTimestamp=TEXT,
            previousKeys=OPEN,
            provisioningState=TEXT,
        ),
        _model("Key", keyUrl=TEXT, sourceVault=_object("Reference")),
        _model("Reference", id=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        **IDENTITY_FIELDS,
        f"{_KEY}.keyUrl": Field(security=True),
        # Stated only for a vault of the same subscription.
        f"{_KEY}.sourceVault": Field(default=None),
        f"{_KEY}.sourceVault.id": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.encryptionType": Field(
            default="EncryptionAtRestWithCustomerKey", create_only=True, security=True
        ),
        "properties.rotationToLatestKeyVersionEnabled": Field(default=False, security=True),
        # The multitenant application that reaches a vault of another tenant; "None" removes it.
        "properties.federatedClientId": Field(
            default=None, compare=Compare.CASELESS, security=True
        ),
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "autoKeyRotationError",
                "lastKeyRotationTimestamp",
                "previousKeys",
                "provisioningState",
            )
        },
    },
)
