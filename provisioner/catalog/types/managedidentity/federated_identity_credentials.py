"""Federated identity credentials of a user-assigned identity.

Azure refuses concurrent writes below one identity, so they are serialised on it. Issuer and subject
decide which external token signs in as the identity.

Facts: guidelines.md ENV-02.4, §2.7 and §3.5.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    api_version=api_versions.MANAGED_IDENTITY,
    sdk=SdkModel("azure.mgmt.msi", "FederatedIdentityCredential"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}",
        "3 to 120 letters, digits, hyphens and underscores, starting with a letter or digit",
    ),
    lists=ListRead.PARENT,
    taggable=False,
    serialise_on="",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    codes=RefusalCodes(
        orphan="ParentResourceNotFound",
        # 409 when two credentials of an identity are written at once (guidelines.md §3.5).
        busy="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    ),
    adds="lets tokens of another issuer sign in as it",
    grants_access=True,
    adds_by=("properties.issuer", "properties.subject"),
    fields={
        "properties.issuer": Field(security=True),
        "properties.subject": Field(security=True),
        "properties.audiences": Field(compare=Compare.SET, security=True),
    },
)
