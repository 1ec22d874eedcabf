"""Groups the creates and adoptions of a large plan by module.

A first plan is reviewed by what it creates, or takes over, in which module. Only plain creates, and
adoptions that write nothing but azsec's marks, are grouped; a delete, a replacement and every
disruptive change is listed by itself. Resources that grant access are named within their group.
`plan_text` and `markdown` call it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.reports.type_names import kinds_of
from provisioner.reports.values import plain
from provisioner.reports.wording import is_disruptive

MOST_SHOWN = 20
"""The maximum of creates, and of adoptions, that are listed by themselves."""

_MARKS = "tags.azsec-"

_ROOT = "(blueprint)"


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """The creates or adoptions of one module with the same reason, if any.

    `kinds` has the count of each type, most first: `3 subnets`, `bastionHosts`; `granting` are the
    addresses of those that grant access.
    """

    module: str
    action: Action
    reason: str
    changes: tuple[ResourceChangeDocument, ...]
    kinds: tuple[str, ...]
    granting: tuple[str, ...]


def group_creates(
    changes: Sequence[ResourceChangeDocument], *, lists_all: bool = False
) -> tuple[list[ResourceChangeDocument], list[ModuleGroup]]:
    """Return the changes that are listed by themselves, and the groups of the others.

    Groups are in the order of the first creation of each. There are none where the plan has few
    changes of an action, or with `lists_all`.
    """
    plain_ones = [change for change in changes if _is_plain(change)]
    counted = Counter(change.action for change in plain_ones)
    many = {action for action, count in counted.items() if count > MOST_SHOWN}
    if lists_all or not many:
        return list(changes), []
    names = kinds_of(change.type for change in changes)
    found: dict[tuple[Action, str, str], list[ResourceChangeDocument]] = {}
    grouped = [change for change in plain_ones if change.action in many]
    for change in grouped:
        key = change.action, module_of(change.address), change.reason or ""
        found.setdefault(key, []).append(change)
    groups = [_group(*key, members, names) for key, members in found.items()]
    apart = {change.address for change in grouped}
    return [change for change in changes if change.address not in apart], groups


def module_of(address: str) -> str:
    """Return the module that an address is in: `teams` of `teams[app].managed`."""
    head, dot, _ = plain(address).partition(".")
    return head.partition("[")[0] if dot else _ROOT


def _is_plain(change: ResourceChangeDocument) -> bool:
    if is_disruptive(change):
        return False
    if change.action is Action.ADOPT:
        return all(field.path.startswith(_MARKS) for field in change.fields)
    return change.action is Action.CREATE and not change.reason


def _group(
    action: Action,
    module: str,
    reason: str,
    members: Sequence[ResourceChangeDocument],
    names: Mapping[str, str],
) -> ModuleGroup:
    counted = Counter(names[change.type] for change in members)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ModuleGroup(
        module=module,
        action=action,
        reason=reason,
        changes=tuple(members),
        kinds=tuple(f"{count} {kind}" if count > 1 else kind for kind, count in ordered),
        granting=tuple(change.address for change in members if change.grants_access),
    )
