"""Diagnostic settings of a resource, and whether the logs that they send arrive.

Facts: guidelines.md MON-01 and MON-05; the documentation "Diagnostic settings in Azure Monitor",
"Transformations in Azure Monitor" and the pages "Supported logs" of each service.

Called by controls of the chapters.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from provisioner.controls.logs.alert_queries import Answer, Match, check_transformation
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import COLLECTION_RULE, DIAGNOSTIC_SETTING, WORKSPACE
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, lookup

LOGS = "properties.logs"
WORKSPACE_ID = "properties.workspaceId"
TABLES = "properties.logAnalyticsDestinationType"
FLOWS = "properties.dataFlows"
_TRANSFORMING = "properties.defaultDataCollectionRuleResourceId"

WORKSPACE_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {WORKSPACE: (_TRANSFORMING,), COLLECTION_RULE: (FLOWS,)}
)
"""What a rule reads that asks whether a workspace keeps what it is sent."""

SETTING_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {DIAGNOSTIC_SETTING: (LOGS, WORKSPACE_ID, TABLES), **WORKSPACE_READS}
)
"""What a rule reads that asks where logs go."""

_EVERYTHING = "alllogs"
_GROUP_OF_AUDITS = "audit"
_AUDIT_CATEGORIES = (
    "auditevent", "kube-audit", "kube-audit-admin", "guard", "containerregistryloginevents",
    "containerregistryrepositoryevents",
)  # fmt: skip
"""Categories taken to be in the group `audit`: those of who did what. No page or recording that
lists the group was found; the service may change it ("Diagnostic settings in Azure Monitor")."""

_TABLE_BY_CATEGORY = {
    "kube-audit": "AKSAudit",
    "kube-audit-admin": "AKSAuditAdmin",
    "auditevent": "AZKVAuditLogs",
    "administrative": "AzureActivity",
    "policy": "AzureActivity",
    "security": "AzureActivity",
    **dict.fromkeys(
        (
            "guard", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
            "cluster-autoscaler", "cloud-controller-manager", "csi-azuredisk-controller",
            "csi-azurefile-controller", "csi-snapshot-controller",
        ),
        "AKSControlPlane",
    ),
}  # fmt: skip
"""The tables of categories; all others have tables by their own names. What has none goes to
AzureDiagnostics, which takes no transformation."""

_STREAM = "microsoft-table-"
_ORDER = (Match.NO, Match.UNCLEAR, Match.YES)


def find_settings(subject: Subject, scope: ResourceId) -> tuple[Subject, ...]:
    """Return the diagnostic settings of a place that send logs to a workspace."""
    settings = subject.children(DIAGNOSTIC_SETTING, scope)
    return tuple(setting for setting in settings if setting.states(WORKSPACE_ID))


def judge_logs(
    subject: Subject, scope: ResourceId, categories: Sequence[str], described: str = "its logs"
) -> Iterator[Observation]:
    """Judge whether all of some categories of a scope's logs arrive in a workspace.

    Several settings may share the work. The group `allLogs` has all categories.
    """
    settings = find_settings(subject, scope)
    if not settings:
        yield subject.fails(
            "",
            (
                f"no diagnostic setting in the environment sends {described} to a Log Analytics "
                "workspace"
            ),
        )
        return
    found = {
        name: best(_check_category(setting, name) for setting in settings) for name in categories
    }
    missing = [name for name, answer in found.items() if answer == _NOT_SENT]
    if missing:
        yield subject.fails(
            "",
            (f"of {described}, these categories are not sent to a workspace: {', '.join(missing)}"),
        )
    for match, make in ((Match.NO, subject.fails), (Match.UNCLEAR, subject.unknown)):
        reasons = dict.fromkeys(a.why for a in found.values() if a.match is match and a.why)
        for why in reasons:
            names = ", ".join(name for name, answer in found.items() if answer.why == why)
            yield make("", f"of {described}, {names}: {why}")
    if all(answer.match is Match.YES for answer in found.values()):
        names = ", ".join(setting.label for setting in settings)
        yield subject.passes("", f"{names} sends {', '.join(categories)} to a workspace")


_NOT_SENT = Answer(Match.NO)


def best(answers: Iterator[Answer]) -> Answer:
    """Return the answer that supports best that logs are kept.

    One that states why goes before one that does not.
    """
    return max(answers, key=lambda a: (_ORDER.index(a.match), bool(a.why)), default=_NOT_SENT)


def worst(answers: Iterator[Answer]) -> Answer:
    """Return the answer that says least for it that logs are kept, YES for none."""
    found = min(answers, key=lambda answer: _ORDER.index(answer.match), default=None)
    return found or Answer(Match.YES)


def _check_category(setting: Subject, category: str) -> Answer:
    """Return whether a setting sends a category, and its workspace keeps it."""
    sent = sends(setting, category.lower())
    if sent == _NOT_SENT:
        return sent
    table = _TABLE_BY_CATEGORY.get(category.lower(), category)
    return worst(iter((sent, arrives(setting, setting.value(WORKSPACE_ID), table))))


def sends(setting: Subject, category: str) -> Answer:
    """Return whether a diagnostic setting sends a category (in small letters)."""
    groups = set()
    for entry in setting.entries(LOGS):
        is_enabled = lookup(entry, ("enabled",)) is True
        # An entry of the category itself decides; Azure answers all categories, with those that
        # are off.
        if _folded_text(entry, "category") == category:
            return Answer(Match.YES if is_enabled else Match.NO)
        groups |= {_folded_text(entry, "categoryGroup")} if is_enabled else set()
    # The groups are Azure's, and gain categories as services add them; a list of categories stays
    # as it was written.
    if _EVERYTHING in groups:
        return Answer(Match.YES)
    if _GROUP_OF_AUDITS in groups and category in _AUDIT_CATEGORIES:
        return Answer(Match.YES)
    return _NOT_SENT


_IS_OUTSIDE = "is in a subscription outside the environment"


def why_outside(asker: Subject, scope: ResourceId) -> str:
    """Return why a destination of logs may be a stranger's.

    It is "" for one in the environment's subscriptions, or looked up by it. As with `at`, a type
    that the rule does not declare is a KeyError.
    """
    if asker.is_among_own(scope) or asker.at(scope.text) is not None:
        return ""
    return f"{scope.text} {_IS_OUTSIDE}"


def arrives(asker: Subject, named: object, *tables: str) -> Answer:
    """Return whether a workspace, by id, is the environment's and keeps what some tables receive.

    One that the environment looks up counts as its own.
    """
    if isinstance(named, Unknown):
        return Answer(Match.UNCLEAR, f"its workspace {show(named)} is not in the environment")
    scope = parse_resource_id(named)
    if scope is None or scope.type.lower() != WORKSPACE.lower():
        return Answer(Match.NO, f"its destination {show(named)} is not a workspace")
    workspace = asker.at(scope.text)
    if workspace is None:
        # In an own subscription the workspace may exist and not be looked up; elsewhere it may be
        # anybody's.
        if asker.is_among_own(scope):
            return Answer(Match.UNCLEAR, f"the workspace {scope.text} is not in the environment")
        return Answer(Match.UNCLEAR, f"{scope.text} {_IS_OUTSIDE}")
    return _check_workspace(workspace, {f"{_STREAM}{table.lower()}" for table in tables})


def _check_workspace(workspace: Subject, streams: set[str]) -> Answer:
    """Return whether a workspace keeps what comes to it in some streams."""
    # A workspace can transform what arrives by its default data collection rule, and drop rows
    # there unseen by whoever sent them.
    if not workspace.states(_TRANSFORMING):
        return Answer(Match.YES)
    rule = workspace.at(workspace.value(_TRANSFORMING))
    if rule is None:
        why = f"the transformation rule of {workspace.label} is not in the environment"
        return Answer(Match.UNCLEAR, why)
    return worst(transforms(rule, streams))


def transforms(rule: Subject, streams: set[str]) -> Iterator[Answer]:
    """Yield what each flow of a data collection rule leaves of some streams (in small letters)."""
    for flow in rule.entries(FLOWS):
        listed = lookup(flow, ("streams",))
        named = listed if isinstance(listed, (list, tuple)) else ()
        if not streams & {str(stream).lower() for stream in named}:
            continue
        query = lookup(flow, ("transformKql",))
        effect = check_transformation(query) if isinstance(query, str) else Answer(Match.YES)
        # A flow without destinations is valid, and its rows go nowhere.
        if lookup(flow, ("destinations",)) == []:
            effect = Answer(Match.NO, "it has no destination")
        why = f"{rule.label} has {', '.join(map(str, named))}: {effect.why}" if effect.why else ""
        yield Answer(effect.match, why)


def _folded_text(entry: object, key: str) -> str:
    found = lookup(entry, (key,))
    return found.lower() if isinstance(found, str) else ""
