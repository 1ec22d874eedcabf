"""Prometheus rule groups of an Azure Monitor workspace.

Facts: "Azure Monitor managed service for Prometheus rule groups" (the defaults of its tables), the
template reference of `Microsoft.AlertsManagement/prometheusRuleGroups`, and what Azure Service
Operator's tests recorded. The models are stated here: no pinned SDK package has them.

The rules are an ordered list, since a later rule may query the series that an earlier one records.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType, WriteFlow
from provisioner.catalog.stated_models import FLAG, NUMBER, TEXT, TEXTS, list_of, models_of

_model, _object = models_of("prometheus")
_RULES = "properties.rules"

TYPE = ResourceType(
    name="Microsoft.AlertsManagement/prometheusRuleGroups",
    api_version=api_versions.PROMETHEUS_RULES,
    sdk=None,
    rule=NameRule(
        r"[^:@/#{}%&+*<>?]{0,259}[^:@/#{}%&+*<>?. ]",
        "1 to 260 characters other than :@/#{}%&+*<>?, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    models=(
        _model("RuleGroup", location=TEXT, tags=TEXTS, properties=_object("RuleGroupProperties")),
        _model(
            "RuleGroupProperties",
            description=TEXT,
            enabled=FLAG,
            clusterName=TEXT,
            scopes=list_of(TEXT),
            interval=TEXT,
            rules=list_of(_object("Rule")),
        ),
        _model(
            "Rule",
            record=TEXT,
            alert=TEXT,
            enabled=FLAG,
            expression=TEXT,
            labels=TEXTS,
            severity=NUMBER,
            **{"for": TEXT},
            annotations=TEXTS,
            actions=list_of(_object("Action")),
            resolveConfiguration=_object("Resolution"),
        ),
        _model("Action", actionGroupId=TEXT, actionProperties=TEXTS),
        _model("Resolution", autoResolved=FLAG, timeToResolve=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        "properties.enabled": Field(default=True, security=True),
        "properties.description": Field(default=None),
        "properties.clusterName": Field(default=None, compare=Compare.CASELESS),
        # The workspace, and the cluster to whose metrics the rules are limited.
        "properties.scopes": Field(compare=Compare.SET, security=True),
        "properties.scopes[]": Field(compare=Compare.RESOURCE_ID),
        "properties.interval": Field(default="PT1M", compare=Compare.DURATION),
        # Compared in order: a later rule may query what an earlier one records.
        _RULES: Field(security=True),
        f"{_RULES}[].enabled": Field(default=True, security=True),
        f"{_RULES}[].expression": Field(security=True),
        f"{_RULES}[].severity": Field(default=3),
        f"{_RULES}[].for": Field(compare=Compare.DURATION, security=True),
        f"{_RULES}[].labels": Field(default={}),
        f"{_RULES}[].annotations": Field(default={}),
        f"{_RULES}[].annotations[]": Field(compare=Compare.VERBATIM),
        f"{_RULES}[].actions": Field(default=(), keys=("actionGroupId",), security=True),
        f"{_RULES}[].actions[].actionGroupId": Field(compare=Compare.RESOURCE_ID),
        # Defaults of the tables in "Azure Monitor managed service for Prometheus rule groups".
        f"{_RULES}[].resolveConfiguration": Field(
            default={"autoResolved": True, "timeToResolve": "PT5M"}
        ),
        f"{_RULES}[].resolveConfiguration.autoResolved": Field(default=True),
        f"{_RULES}[].resolveConfiguration.timeToResolve": Field(
            default="PT5M", compare=Compare.DURATION
        ),
    },
)
