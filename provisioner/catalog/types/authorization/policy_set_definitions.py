"""Custom initiatives (policy set definitions).

A reference without `policyDefinitionReferenceId` gets a number from Azure; references are paired by
that id. Undeclared initiatives are not read: without an assignment they have no effect, and
assignments are read.

Facts: "Azure Policy initiative definition structure". What was recorded of policy definitions holds
here too.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.policies import METADATA
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

_POLICIES = "properties.policyDefinitions"

TYPE = ResourceType(
    name="Microsoft.Authorization/policySetDefinitions",
    api_version=api_versions.POLICY,
    sdk=SdkModel("azure.mgmt.resource.policy", "PolicySetDefinition"),
    rule=NameRule(
        r"[^<>%&:\\?/]{0,63}[^<>%&:\\?/. ]",
        r"1 to 64 characters other than <>%&:\?/, not ending with a period or space",
    ),
    scope=Scope.EXTENSION,
    # Policy Set Definitions "List": one of three filters.
    list_options=ListOptions(
        equals={"policyType": "properties.policyType", "category": "properties.metadata.category"},
        conditions=(ListCondition.AT_EXACT_SCOPE,),
        alone=("policyType", "category", "atExactScope"),
    ),
    # Of undeclared ones only the assignments matter, and those are listed.
    lists=ListRead.SINGLE,
    taggable=False,
    judges=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="PolicySetDefinitionNotFound"),
    harmless="it does nothing until it is assigned, and the assignment is an addition",
    fields={
        "properties.policyType": Field(default="Custom", compare=Compare.CASELESS),
        "properties.displayName": Field(default=None),
        "properties.description": Field(default=None),
        "properties.parameters": Field(default={}, security=True),
        "properties.parameters[].allowedValues": Field(default=None, compare=Compare.SET),
        "properties.parameters[].defaultValue": Field(default=None, closed=True, security=True),
        # Azure assigns a reference id where none is stated.
        _POLICIES: Field(keys=("policyDefinitionReferenceId",), security=True),
        f"{_POLICIES}[].policyDefinitionId": Field(compare=Compare.RESOURCE_ID, security=True),
        f"{_POLICIES}[].parameters": Field(default={}, security=True),
        # Closed: Azure fills in nothing.
        f"{_POLICIES}[].parameters[].value": Field(closed=True, security=True),
        f"{_POLICIES}[].groupNames": Field(default=(), compare=Compare.SET),
        # Azure fills in the version in force where none is requested.
        f"{_POLICIES}[].definitionVersion": Field(compare=Compare.VERSION),
        "properties.policyDefinitionGroups": Field(default=None, keys=("name",)),
        "properties.version": Field(compare=Compare.VERSION),
        "properties.versions": Field(compare=Compare.IGNORED),
        **METADATA,
    },
)
