"""Azure Policy exemptions: a scope that an assignment does not apply to, until `expiresOn`.

An empty `policyDefinitionReferenceIds` exempts from every policy of the initiative. `expiresOn` is
compared as an instant, since Azure may answer it in another notation.

Facts: "Azure Policy exemption structure". The pinned SDK package has no operations or models for
exemptions, so the models are stated here, as Azure documents them; no traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape

_TEXT = Shape(Kind.STRING)
_TEXTS = Shape(Kind.LIST, item=_TEXT)
_SELECTORS = "properties.resourceSelectors"


def _choice(*values: str) -> Shape:
    return Shape(Kind.STRING, enum=values)


def _model(name: str, /, *required: str, **shapes: Shape) -> Model:
    properties = {
        prop: Property(prop, shape, required=prop in required) for prop, shape in shapes.items()
    }
    return Model(f"exemptions.{name}", properties)


def _list_of(name: str) -> Shape:
    return Shape(Kind.LIST, item=Shape(Kind.OBJECT, f"exemptions.{name}"))


TYPE = ResourceType(
    name="Microsoft.Authorization/policyExemptions",
    api_version=api_versions.POLICY_EXEMPTIONS,
    sdk=None,
    rule=NameRule(
        r"[^<>%&:\\?/]{0,63}[^<>%&:\\?/. ]",
        r"1 to 64 characters other than <>%&:\?/, not ending with a period or space",
    ),
    scope=Scope.EXTENSION,
    # Policy Exemptions "List": one of four filters.
    list_options=ListOptions(
        equals={"policyAssignmentId": "properties.policyAssignmentId"},
        conditions=(
            ListCondition.AT_SCOPE,
            ListCondition.AT_EXACT_SCOPE,
            ListCondition.EXCLUDE_EXPIRED,
        ),
        alone=("policyAssignmentId", "atScope", "atExactScope", "excludeExpired"),
    ),
    taggable=False,
    judges=True,
    # An exemption weakens what an assignment enforces, whoever wrote it.
    exempts=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="PolicyExemptionNotFound"),
    missing_reference="PolicyAssignmentNotFound",
    adds="exempts it from a policy",
    adds_by=("properties.policyAssignmentId", "properties.policyDefinitionReferenceIds"),
    models=(
        _model(
            "PolicyExemption",
            "properties",
            properties=Shape(Kind.OBJECT, "exemptions.PolicyExemptionProperties"),
            systemData=Shape(Kind.ANY),
        ),
        _model(
            "PolicyExemptionProperties",
            "policyAssignmentId",
            "exemptionCategory",
            policyAssignmentId=_TEXT,
            policyDefinitionReferenceIds=_TEXTS,
            exemptionCategory=_choice("Waiver", "Mitigated"),
            expiresOn=_TEXT,
            displayName=_TEXT,
            description=_TEXT,
            metadata=Shape(Kind.ANY),
            resourceSelectors=_list_of("ResourceSelector"),
            assignmentScopeValidation=_choice("Default", "DoNotValidate"),
        ),
        _model("ResourceSelector", name=_TEXT, selectors=_list_of("Selector")),
        _model(
            "Selector",
            # The kinds of `selectors` in the page on the structure of assignments.
            **{"in": _TEXTS},
            kind=_choice(
                "resourceLocation",
                "resourceType",
                "resourceWithoutLocation",
                "policyDefinitionReferenceId",
                "userPrincipalId",
                "groupPrincipalId",
            ),
            notIn=_TEXTS,
        ),
    ),
    fields={
        "systemData": Field(read_only=True),
        "properties.policyAssignmentId": Field(compare=Compare.RESOURCE_ID, security=True),
        # Empty means all policies of the initiative.
        "properties.policyDefinitionReferenceIds": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.policyDefinitionReferenceIds[]": Field(compare=Compare.CASELESS),
        "properties.exemptionCategory": Field(compare=Compare.CASELESS, security=True),
        "properties.expiresOn": Field(default=None, compare=Compare.TIMESTAMP, security=True),
        "properties.displayName": Field(default=None),
        "properties.description": Field(default=None),
        "properties.metadata": Field(default={}),
        _SELECTORS: Field(default=(), keys=("name",), security=True),
        f"{_SELECTORS}[].selectors": Field(default=(), keys=("kind",), security=True),
        **{
            f"{_SELECTORS}[].selectors[].{name}": Field(
                default=(), compare=Compare.SET, security=True
            )
            for name in ("in", "notIn")
        },
        "properties.assignmentScopeValidation": Field(
            default="Default", compare=Compare.CASELESS, security=True
        ),
    },
)
