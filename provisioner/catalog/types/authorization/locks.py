"""Management locks (CanNotDelete, ReadOnly).

A lock applies to its scope and to all below it, extension resources too: the plan orders writes and
deletes by `lock_level`. A lock takes no tags, so an environment owns one through the resource it is
on.

Facts: guidelines.md ENV-01.1, and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.Authorization/locks",
    api_version=api_versions.LOCKS,
    sdk=SdkModel("azure.mgmt.resource.locks", "ManagementLockObject"),
    rule=NameRule(r"[^<>%&:\\?/]{1,90}", r"1 to 90 characters other than <>%&:\?/"),
    scope=Scope.EXTENSION,
    # Management Locks "List By Scope".
    list_options=ListOptions(conditions=(ListCondition.AT_SCOPE,)),
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    # CanNotDelete blocks deletes below its scope, ReadOnly writes too, also of AKS on its node
    # resource group: guidelines.md ENV-01.1 forbids a lock there.
    lock_level="properties.level",
    adds="forbids changes to it",
    adds_by=("properties.level",),
    fields={
        "properties.level": Field(compare=Compare.CASELESS, security=True),
        "properties.notes": Field(default=None),
        "properties.owners": Field(default=(), keys=("applicationId",)),
    },
)
