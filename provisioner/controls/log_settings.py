"""Where the logs of a resource go: its diagnostic settings.

Facts: guidelines.md MON-01 and MON-05; the documentation "Diagnostic settings in Azure Monitor".
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from provisioner.controls.kinds import DIAGNOSTIC_SETTING
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup

LOGS = "properties.logs"
WORKSPACE_ID = "properties.workspaceId"
TABLES = "properties.logAnalyticsDestinationType"

SETTING_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {DIAGNOSTIC_SETTING: (LOGS, WORKSPACE_ID, TABLES)}
)
"""What a rule reads that asks where logs go."""

_EVERYTHING = "alllogs"


def find_settings(subject: Subject, place: ResourceId) -> tuple[Subject, ...]:
    """Return the diagnostic settings of a place that send logs to a workspace."""
    settings = subject.children(DIAGNOSTIC_SETTING, place)
    return tuple(setting for setting in settings if setting.states(WORKSPACE_ID))


def judge_logs(
    subject: Subject, place: ResourceId, wanted: Sequence[str], said: str = "its logs"
) -> Iterator[Observation]:
    """Say of a resource whether all wanted categories of a place's logs go to a workspace.

    Several settings may share the work. The group `allLogs` has all categories.
    """
    settings = find_settings(subject, place)
    if not settings:
        yield subject.fails("", f"no diagnostic setting sends {said} to a workspace")
        return
    sent = {category for setting in settings for category in _categories(setting)}
    missing = [name for name in wanted if not sent & {name.lower(), _EVERYTHING}]
    if missing:
        yield subject.fails("", f"of {said}, these go to no workspace: {', '.join(missing)}")
    else:
        names = ", ".join(setting.label for setting in settings)
        yield subject.passes("", f"{names} sends {', '.join(wanted)} to a workspace")


def _categories(setting: Subject) -> Iterator[str]:
    """Yield the categories and groups of them that a setting sends, in small letters."""
    for entry in setting.entries(LOGS):
        if lookup(entry, ("enabled",)) is True:
            for key in ("category", "categoryGroup"):
                name = lookup(entry, (key,))
                if isinstance(name, str):
                    yield name.lower()
