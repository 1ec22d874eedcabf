"""Custom Azure Policy definitions.

Lists are filtered to `policyType eq 'Custom'`: the built-in ones number thousands and are never
drift. `policyRule` is a closed object, compared as it is written: Azure fills in nothing there.
Azure numbers the `version` itself unless a body requests one.

Facts: guidelines.md WRK-02, and the recorded pairs.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.policies import METADATA
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.Authorization/policyDefinitions",
    api_version=api_versions.POLICY,
    sdk=SdkModel("azure.mgmt.resource.policy", "PolicyDefinition"),
    rule=NameRule(
        r"[^<>%&:\\?/]{0,63}[^<>%&:\\?/. ]",
        r"1 to 64 characters other than <>%&:\?/, not ending with a period or space",
    ),
    scope=Scope.EXTENSION,
    # Policy Definitions "List": one of three filters.
    list_options=ListOptions(
        equals={"policyType": "properties.policyType", "category": "properties.metadata.category"},
        conditions=(ListCondition.AT_EXACT_SCOPE,),
        alone=("policyType", "category", "atExactScope"),
    ),
    # The thousands of built-in policies are never drift.
    list_query={"$filter": "policyType eq 'Custom'"},
    taggable=False,
    judges=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="PolicyDefinitionNotFound"),
    harmless="it does nothing until it is assigned, and the assignment is an addition",
    fields={
        "properties.policyType": Field(default="Custom", compare=Compare.CASELESS),
        # Indexed skips resource types without tags and location.
        "properties.mode": Field(default="Indexed", compare=Compare.CASELESS, security=True),
        "properties.displayName": Field(default=None),
        "properties.description": Field(default=None),
        # Closed: Azure fills in nothing, so a condition that only the live rule has is somebody's
        # change.
        "properties.policyRule": Field(closed=True, security=True),
        "properties.parameters": Field(default={}, security=True),
        "properties.parameters[].allowedValues": Field(default=None, compare=Compare.SET),
        "properties.parameters[].defaultValue": Field(default=None, closed=True, security=True),
        "properties.externalEvaluationEnforcementSettings": Field(default=None, security=True),
        # Azure assigns a version unless one is requested.
        "properties.version": Field(compare=Compare.VERSION),
        "properties.versions": Field(compare=Compare.IGNORED),
        **METADATA,
    },
)
